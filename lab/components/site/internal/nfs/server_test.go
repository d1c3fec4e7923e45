package nfs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"ocpvirt.dr/lab/components/site/internal/nfsclient"
	"ocpvirt.dr/lab/components/site/internal/tree"
)

// serve shows one export, "app", which holds the volume directory "pv1".
func serve(t *testing.T) (*tree.Tree, string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(dir+"/pv1", 0o755); err != nil {
		t.Fatal(err)
	}
	exported, err := tree.Open(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(listener, "/exports", func(name string) (*tree.Tree, bool) { return exported, name == "app" })
	}()
	t.Cleanup(func() {
		listener.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return exported, listener.Addr().String()
}

func dial(t *testing.T, address string) *nfsclient.Conn {
	t.Helper()
	conn, err := nfsclient.Dial(t.Context(), address, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func setWritable(t *testing.T, exported *tree.Tree, writable bool) {
	t.Helper()
	err := exported.Hold(func(_ *os.Root, set func(bool)) error {
		set(writable)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriteAndReadOverTheProtocol(t *testing.T) {
	exported, address := serve(t)
	conn := dial(t, address)
	volume, err := conn.Mount("/exports/app/pv1")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.Lookup(volume, "disk.img"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("an absent file gave %v", err)
	}
	file, err := conn.Create(volume, "disk.img", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Create(volume, "disk.img", 0o600); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("a second creation gave %v", err)
	}
	content := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	if err := conn.WriteAt(file, content, 0); err != nil {
		t.Fatal(err)
	}
	if err := conn.WriteAt(file, []byte("tail"), int64(len(content))); err != nil {
		t.Fatal(err)
	}
	// The same file through a mount of the export, by another connection.
	other := dial(t, address)
	root, err := other.Mount("/exports/app")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := other.Lookup(root, "pv1"); err == nil {
		t.Fatal("a directory was taken for a disk")
	}
	found, size, err := other.Lookup(volume, "disk.img")
	if err != nil || size != int64(len(content))+4 {
		t.Fatalf("size %d, %v", size, err)
	}
	got := make([]byte, size)
	if err := other.ReadAt(found, got, 0); err != nil || !bytes.Equal(got, append(content, "tail"...)) {
		t.Fatalf("read back: %v", err)
	}
	if err := conn.Truncate(file, 5); err != nil {
		t.Fatal(err)
	}
	if _, size, err = conn.Lookup(volume, "disk.img"); err != nil || size != 5 {
		t.Fatalf("after the truncation: size %d, %v", size, err)
	}
	if dirty := exported.TakeDirty()["pv1/disk.img"]; len(dirty) != 1 || dirty[0].Start != 0 {
		t.Fatalf("changes remembered: %v", dirty)
	}
}

func TestMissingVolumeIsAnError(t *testing.T) {
	_, address := serve(t)
	conn := dial(t, address)
	for _, path := range []string{"/exports/app/pv2", "/exports/other/pv1", "/dr/app/pv1", "/exports", "/exports/app/../../etc"} {
		if _, err := conn.Mount(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("mounting %s gave %v", path, err)
		}
	}
}

func TestSecondaryAnswersEROFS(t *testing.T) {
	exported, address := serve(t)
	conn := dial(t, address)
	volume, err := conn.Mount("/exports/app/pv1")
	if err != nil {
		t.Fatal(err)
	}
	file, err := conn.Create(volume, "disk.img", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if writable, err := conn.Access(file); err != nil || !writable {
		t.Fatalf("access at the primary: %v, %v", writable, err)
	}
	setWritable(t, exported, false)
	if writable, err := conn.Access(file); err != nil || writable {
		t.Errorf("access at the secondary: %v, %v", writable, err)
	}
	if err := conn.WriteAt(file, []byte("x"), 0); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a write gave %v", err)
	}
	if err := conn.Truncate(file, 0); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a truncation gave %v", err)
	}
	if _, err := conn.Create(volume, "new", 0o600); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a creation gave %v", err)
	}
	setWritable(t, exported, true)
	if err := conn.WriteAt(file, []byte("x"), 0); err != nil {
		t.Errorf("a write after the promotion gave %v", err)
	}
}

func TestWritesWaitForASnapshot(t *testing.T) {
	exported, address := serve(t)
	conn := dial(t, address)
	volume, err := conn.Mount("/exports/app/pv1")
	if err != nil {
		t.Fatal(err)
	}
	file, err := conn.Create(volume, "disk.img", 0o600)
	if err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	err = exported.Hold(func(root *os.Root, _ func(bool)) error {
		go func() { written <- conn.WriteAt(file, []byte("late"), 0) }()
		select {
		case err := <-written:
			return fmt.Errorf("a write went through a held gate: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
		info, err := root.Stat("pv1/disk.img")
		if err == nil && info.Size() > 0 {
			err = errors.New("the file changed during the snapshot")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
}

func TestManyConnectionsAtOnce(t *testing.T) {
	_, address := serve(t)
	var all sync.WaitGroup
	for client := range 50 {
		all.Go(func() {
			conn := dial(t, address)
			volume, err := conn.Mount("/exports/app/pv1")
			if err != nil {
				t.Error(err)
				return
			}
			file, err := conn.Create(volume, fmt.Sprintf("disk-%d", client), 0o600)
			if err != nil {
				t.Error(err)
				return
			}
			for n := range 50 {
				if err := conn.WriteAt(file, []byte("record\n"), int64(n)*7); err != nil {
					t.Error(err)
					return
				}
			}
			if _, size, err := conn.Lookup(volume, fmt.Sprintf("disk-%d", client)); err != nil || size != 350 {
				t.Errorf("size %d, %v", size, err)
			}
		})
	}
	all.Wait()
}

func TestCallsToASilentServerEnd(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := nfsclient.Dial(t.Context(), listener.Addr().String(), 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Mount("/exports/app"); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("a silent server gave %v", err)
	}
	if _, err := conn.Mount("/exports/app"); !errors.Is(err, net.ErrClosed) {
		t.Fatalf("the connection was used again: %v", err)
	}
}

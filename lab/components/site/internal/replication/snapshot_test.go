package replication

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"syscall"
	"testing"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

func changeOf(name string, offset int64, length int) tree.Change {
	return tree.Change{Path: name, Start: offset, End: offset + int64(length)}
}

func TestChangesReachTheSecondary(t *testing.T) {
	east, west := pair(t)
	if err := east.write("pv1/disk.img", "two\n", 4); err != nil {
		t.Fatal(err)
	}
	east.mustWrite("pv2/disk.img", strings.Repeat("x", 300_000))
	west.waitContent("pv1/disk.img", "one\ntwo\n")
	west.waitContent("pv2/disk.img", strings.Repeat("x", 300_000))

	e, err := east.manager.find(export)
	if err != nil {
		t.Fatal(err)
	}
	err = e.tree.Mutate(func(root *os.Root) error {
		if err := root.RemoveAll("pv2"); err != nil {
			return err
		}
		return root.Rename("pv1", "pv3")
	})
	if err != nil {
		t.Fatal(err)
	}
	west.waitContent("pv3/disk.img", "one\ntwo\n")
	for _, gone := range []string{"pv1", "pv2"} {
		if _, err := os.Stat(west.file(gone)); !os.IsNotExist(err) {
			t.Errorf("%s is still at the secondary (%v)", gone, err)
		}
	}
	if got := west.status(); got.Role != Secondary || got.Direction != "incoming" || got.LastSync == nil || got.Epoch != 1 {
		t.Errorf("status of the secondary: %+v", got)
	}
}

func TestSecondaryIsReadOnly(t *testing.T) {
	_, west := pair(t)
	if err := west.write("pv1/disk.img", "x", 0); err != syscall.EROFS {
		t.Fatalf("a write to the secondary gave %v", err)
	}
	if reason := west.call("POST", "/"+export+"/volumes/pv9", nil, nil); reason != Invalid {
		t.Fatalf("a volume at the secondary gave %q", reason)
	}
}

func TestOnlyChangedBytesAreSent(t *testing.T) {
	source, err := tree.Open(t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, data []byte, offset int64) {
		t.Helper()
		err := source.Mutate(func(root *os.Root) error {
			file, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
			if err != nil {
				return err
			}
			defer file.Close()
			_, err = file.WriteAt(data, offset)
			return err
		}, changeOf(name, offset, len(data)))
		if err != nil {
			t.Fatal(err)
		}
	}
	big := make([]byte, 12<<20)
	rand.New(rand.NewSource(1)).Read(big)
	write("big", big, 0)
	write("sparse", []byte("end"), 256<<20)

	var first, second bytes.Buffer
	shot, err := capture(source, &first, header{Snapshot: "a"}, manifest{}, false)
	if err != nil {
		t.Fatal(err)
	}
	if first.Len() < len(big) || first.Len() > len(big)+4<<20 {
		t.Errorf("the first snapshot of %d bytes and a hole of 256 MiB is a journal of %d", len(big), first.Len())
	}
	write("big", []byte("tail"), int64(len(big)))
	write("big", []byte("middle"), 1<<20)
	write("big", make([]byte, 64<<10), 2<<20)
	if _, err := capture(source, &second, header{Base: "a", Snapshot: "b"}, shot.contents, false); err != nil {
		t.Fatal(err)
	}
	if second.Len() > 2000 {
		t.Errorf("ten changed bytes and 64 KiB of zeros are a journal of %d", second.Len())
	}

	target, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// A crash in the middle of applying means that all of it is applied again.
	for _, journal := range [][]byte{first.Bytes(), first.Bytes(), second.Bytes(), second.Bytes()} {
		if _, err := apply(target, bytes.NewReader(journal)); err != nil {
			t.Fatal(err)
		}
	}
	assertSame(t, source.Root(), target)
	info, err := target.Stat("sparse")
	if err != nil {
		t.Fatal(err)
	}
	if used := info.Sys().(*syscall.Stat_t).Blocks * 512; used > 1<<20 {
		t.Errorf("the hole takes %d bytes at the secondary", used)
	}
}

func assertSame(t *testing.T, a, b *os.Root) {
	t.Helper()
	var all [2]digests
	for i, root := range []*os.Root{a, b} {
		contents, err := scan(root)
		if err != nil {
			t.Fatal(err)
		}
		if all[i], err = hashFiles(root, contents, nil); err != nil {
			t.Fatal(err)
		}
	}
	if names := all[0].differing(all[1]); len(names) > 0 {
		t.Errorf("these differ: %v", names)
	}
}

func TestDamagedJournalsAreRefused(t *testing.T) {
	source, err := tree.Open(t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(source.Root().Name()+"/disk", []byte("some content"), 0o600); err != nil {
		t.Fatal(err)
	}
	var journal bytes.Buffer
	if _, err := capture(source, &journal, header{Snapshot: "a"}, manifest{}, false); err != nil {
		t.Fatal(err)
	}
	whole := journal.Bytes()
	for cut := range len(whole) - 1 {
		target, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := apply(target, bytes.NewReader(whole[:cut])); err == nil {
			t.Fatalf("a journal cut at %d of %d was taken as whole", cut, len(whole))
		}
	}
	damaged := bytes.Replace(whole, []byte("some content"), []byte("SOME CONTENT"), 1)
	if _, err := apply(source.Root(), bytes.NewReader(damaged)); err == nil {
		t.Fatal("a damaged journal was accepted")
	}
}

func TestSnapshotIsOneMomentOfTheWholeExport(t *testing.T) {
	source, err := tree.Open(t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	target, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	append8 := func(name string, n int) error {
		return source.Mutate(func(root *os.Root) error {
			file, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
			if err != nil {
				return err
			}
			defer file.Close()
			_, err = file.WriteAt(fmt.Appendf(nil, "%07d\n", n), int64(n)*8)
			return err
		}, changeOf(name, int64(n)*8, 8))
	}
	stop, ended := make(chan struct{}), make(chan error)
	go func() {
		for n := 0; ; n++ {
			// The second file never is ahead of the first.
			for _, name := range []string{"first", "second"} {
				if err := append8(name, n); err != nil {
					ended <- err
					return
				}
			}
			select {
			case <-stop:
				ended <- nil
				return
			default:
			}
		}
	}()
	base := manifest{}
	for range 50 {
		var journal bytes.Buffer
		shot, err := capture(source, &journal, header{}, base, false)
		if err != nil {
			t.Fatal(err)
		}
		base = shot.contents
		if _, err := apply(target, &journal); err != nil {
			t.Fatal(err)
		}
		first, second := size(t, target, "first"), size(t, target, "second")
		if behind := first - second; behind != 0 && behind != 8 {
			t.Fatalf("the snapshot has %d bytes of the first file and %d of the second", first, second)
		}
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func size(t *testing.T, root *os.Root, name string) int64 {
	t.Helper()
	info, err := root.Stat(name)
	if os.IsNotExist(err) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

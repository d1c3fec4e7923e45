package fence

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const patience = 20 * time.Second

func open(t *testing.T, file string) *List {
	t.Helper()
	list, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func prefixes(texts ...string) []netip.Prefix {
	var networks []netip.Prefix
	for _, text := range texts {
		networks = append(networks, netip.MustParsePrefix(text))
	}
	return networks
}

func TestTheListIsKeptAndSorted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fence.json")
	list := open(t, file)
	if err := list.Fence(prefixes("10.0.1.0/24", "10.0.0.1/32", "10.0.1.0/24")); err != nil {
		t.Fatal(err)
	}
	if err := list.Unfence(prefixes("10.9.9.9/32")); err != nil {
		t.Fatal(err)
	}
	if got, want := open(t, file).Networks(), prefixes("10.0.0.1/32", "10.0.1.0/24"); !slices.Equal(got, want) {
		t.Errorf("after a restart %v are fenced, want %v", got, want)
	}
}

func TestAListThatCannotBeReadIsNotEmpty(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fence.json")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("a damaged list was opened")
	}
}

// echo answers what it is told, behind the list's guard.
func echo(t *testing.T, list *List) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	guarded := list.Guard(listener)
	go func() {
		for {
			conn, err := guarded.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, from, address string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience}
	conn, err := dialer.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func answers(conn net.Conn) error {
	if _, err := conn.Write([]byte("x")); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 1))
	return err
}

func TestGuard(t *testing.T) {
	for _, c := range []struct {
		name    string
		fenced  []string
		from    string
		refused bool
	}{
		{"nothing fenced", nil, "127.0.0.2", false},
		{"its address", []string{"127.0.0.2/32"}, "127.0.0.2", true},
		{"its network", []string{"10.0.0.0/8", "127.0.0.0/30"}, "127.0.0.2", true},
		{"a neighbour", []string{"127.0.0.3/32"}, "127.0.0.2", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := open(t, filepath.Join(t.TempDir(), "fence.json"))
			address := echo(t, list)
			before := dial(t, c.from, address)
			if err := answers(before); err != nil {
				t.Fatalf("nothing was fenced yet: %v", err)
			}
			if err := list.Fence(prefixes(c.fenced...)); err != nil {
				t.Fatal(err)
			}
			for which, conn := range map[string]net.Conn{"old": before, "new": dial(t, c.from, address)} {
				err := answers(conn)
				if refused := err != nil; refused != c.refused {
					t.Errorf("the %s connection: %v", which, err)
				}
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("the %s connection hung", which)
				}
			}
			if err := list.Unfence(prefixes(c.fenced...)); err != nil {
				t.Fatal(err)
			}
			if err := answers(dial(t, c.from, address)); err != nil {
				t.Errorf("after it was lifted: %v", err)
			}
		})
	}
}

func TestHandler(t *testing.T) {
	list := open(t, filepath.Join(t.TempDir(), "fence.json"))
	for _, c := range []struct {
		method, body string
		status       int
		want         []string
	}{
		{"GET", "", 200, []string{}},
		{"POST", `{"cidrs": ["10.1.2.3/24", "10.0.0.1/32"]}`, 200, []string{"10.0.0.1/32", "10.1.2.0/24"}},
		{"POST", `{"cidrs": ["10.0.0.1"]}`, 400, nil},
		{"DELETE", `{"cidrs": ["10.1.2.0/24"]}`, 200, []string{"10.0.0.1/32"}},
		{"GET", "", 200, []string{"10.0.0.1/32"}},
	} {
		w := httptest.NewRecorder()
		list.Handler().ServeHTTP(w, httptest.NewRequest(c.method, "/v1/fence", bytes.NewBufferString(c.body)))
		if w.Code != c.status {
			t.Errorf("%s %s: status %d, want %d: %s", c.method, c.body, w.Code, c.status, w.Body)
		}
		if c.status != http.StatusOK {
			continue
		}
		var got Document
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.CIDRs, c.want) {
			t.Errorf("%s %s: %v, want %v", c.method, c.body, got.CIDRs, c.want)
		}
	}
}

package replication

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const export = "app"

// storage is one site's storage in this process, seen through its control API.
type storage struct {
	t       *testing.T
	root    string
	manager *Manager
	peer    *httptest.Server
	control *httptest.Server
	address string
}

func newStorage(t *testing.T) *storage {
	s := &storage{t: t, root: t.TempDir(), address: "127.0.0.1:0"}
	s.boot()
	t.Cleanup(s.kill)
	return s
}

// boot continues on the old root and peer address.
func (s *storage) boot() {
	s.t.Helper()
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = listener.Addr().String()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	if s.manager, err = Open(s.root, "/exports", NewPeerClient(net.IPv4(127, 0, 0, 1)), log); err != nil {
		s.t.Fatal(err)
	}
	s.peer = &httptest.Server{Listener: listener, Config: &http.Server{Handler: s.manager.PeerHandler()}}
	s.peer.Start()
	s.control = httptest.NewServer(s.manager.ControlHandler())
}

// kill leaves the state as it is: closing a manager writes nothing.
func (s *storage) kill() {
	if s.manager == nil {
		return
	}
	s.peer.CloseClientConnections()
	s.control.CloseClientConnections()
	s.peer.Close()
	s.control.Close()
	if err := s.manager.Close(); err != nil {
		s.t.Error(err)
	}
	s.manager = nil
}

func (s *storage) url() string { return "http://" + s.address }

// call answers with the reason of a refusal, or "" and the decoded body.
func (s *storage) call(method, path string, body, into any) Reason {
	s.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	request, err := http.NewRequest(method, s.control.URL+"/v1/exports"+path, bytes.NewReader(data))
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		var answer struct{ Error Error }
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			s.t.Fatal(err)
		}
		if answer.Error.Message == "" || response.StatusCode != httpStatus(answer.Error.Reason) {
			s.t.Fatalf("%s %s: status %d with %+v", method, path, response.StatusCode, answer.Error)
		}
		return answer.Error.Reason
	}
	if into != nil {
		if err := json.NewDecoder(response.Body).Decode(into); err != nil {
			s.t.Fatal(err)
		}
	}
	return ""
}

func (s *storage) must(method, path string, body, into any) {
	s.t.Helper()
	if reason := s.call(method, path, body, into); reason != "" {
		s.t.Fatalf("%s %s was refused: %s", method, path, reason)
	}
}

func (s *storage) verb(verb string) Reason {
	s.t.Helper()
	return s.call("POST", "/"+export+"/"+verb, struct{}{}, nil)
}

func (s *storage) status() (status Status) {
	s.t.Helper()
	s.must("GET", "/"+export, nil, &status)
	return status
}

func (s *storage) put(role Role, peer *storage) {
	s.t.Helper()
	s.must("PUT", "/"+export, Settings{Role: role, Peer: peer.url(), IntervalSeconds: 0.1}, nil)
}

func (s *storage) file(name string) string { return filepath.Join(s.root, export, name) }

// write changes a file through the export's gate, as NFS does, and tells whether that was allowed.
func (s *storage) write(name, content string, offset int64) error {
	s.t.Helper()
	e, err := s.manager.find(export)
	if err != nil {
		s.t.Fatal(err)
	}
	return e.tree.Mutate(func(root *os.Root) error {
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		file, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = file.WriteAt([]byte(content), offset)
		return err
	}, changeOf(name, offset, len(content)))
}

func (s *storage) mustWrite(name, content string) {
	s.t.Helper()
	if err := s.write(name, content, 0); err != nil {
		s.t.Fatal(err)
	}
}

func (s *storage) content(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(s.file(name))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return string(data)
}

func (s *storage) waitStatus(what string, ok func(Status) bool) Status {
	s.t.Helper()
	var status Status
	eventually(s.t, func() error {
		if status = s.status(); !ok(status) {
			return fmt.Errorf("no %s: %+v", what, status)
		}
		return nil
	})
	return status
}

func (s *storage) waitContent(name, want string) {
	s.t.Helper()
	eventually(s.t, func() error {
		if got := s.content(name); got != want {
			return fmt.Errorf("%s holds %q, not %q", name, got, want)
		}
		return nil
	})
}

func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// pair is a primary in the east and a secondary in the west that has the first snapshot.
func pair(t *testing.T) (east, west *storage) {
	east, west = newStorage(t), newStorage(t)
	east.put(Primary, west)
	west.put(Secondary, east)
	east.mustWrite("pv1/disk.img", "one\n")
	west.waitContent("pv1/disk.img", "one\n")
	west.waitStatus("health", func(s Status) bool { return s.Health == Healthy })
	return east, west
}

package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
)

func TestParseForward(t *testing.T) {
	got, err := ParseForward("7=10.0.0.1:6443")
	if err != nil || got != (Forward{7, "10.0.0.1:6443"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, text := range []string{"", "7", "x=10.0.0.1:1", "-1=10.0.0.1:1", "7=10.0.0.1"} {
		if _, err := ParseForward(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

// start serves an inherited listener that forwards to target, and returns the address to dial.
func start(t *testing.T, target string) string {
	t.Helper()
	outer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inherited, err := outer.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	address := outer.Addr().String()
	if err := outer.Close(); err != nil {
		t.Fatal(err)
	}
	listener, err := Forward{inherited.Fd(), target}.Listener()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, listener, target) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return address
}

func TestBothDirectionsAndTheirEnds(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		conn, err := server.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		// Answers only once the question has ended.
		question, err := io.ReadAll(conn)
		if err == nil {
			_, err = conn.Write(append(question, " heard"...))
		}
		if err != nil {
			t.Error(err)
		}
	}()
	conn, err := net.Dial("tcp", start(t, server.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil || string(answer) != "hello heard" {
		t.Fatalf("%q, %v", answer, err)
	}
}

func TestRefusedTargetBreaksTheConnection(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", start(t, closed.Addr().String()))
	if err == nil {
		defer conn.Close()
		_, err = io.ReadAll(conn)
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("a refused connection ended with %v", err)
	}
}

// Package relay forwards connections of inherited listening sockets. A socket stays in the network namespace where it was
// made, so one process inside a namespace can serve ports of the namespace outside.
package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// dialTimeout is long: a lost site drops packets, and the caller's own deadline must be the one that ends the wait.
const dialTimeout = 60 * time.Second

// Forward is one listening socket and where its connections go.
type Forward struct {
	FD     uintptr
	Target string
}

// ParseForward reads FD=ADDR:PORT.
func ParseForward(text string) (Forward, error) {
	number, target, ok := strings.Cut(text, "=")
	if !ok {
		return Forward{}, fmt.Errorf("%q is not FD=ADDR:PORT", text)
	}
	fd, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return Forward{}, fmt.Errorf("%q: the file descriptor is not a number", text)
	}
	if _, _, err := net.SplitHostPort(target); err != nil {
		return Forward{}, fmt.Errorf("%q: %w", text, err)
	}
	return Forward{FD: uintptr(fd), Target: target}, nil
}

// Listener takes the inherited socket over.
func (f Forward) Listener() (net.Listener, error) {
	inherited := os.NewFile(f.FD, "forward to "+f.Target)
	if inherited == nil {
		return nil, fmt.Errorf("file descriptor %d is not open", f.FD)
	}
	listener, err := net.FileListener(inherited)
	if err != nil {
		return nil, fmt.Errorf("file descriptor %d is not a listening socket: %w", f.FD, err)
	}
	return listener, inherited.Close()
}

// Serve forwards every connection of the listener to target until ctx ends.
func Serve(ctx context.Context, listener net.Listener, target string) error {
	stop := context.AfterFunc(ctx, func() {
		if err := listener.Close(); err != nil {
			slog.Warn("close the listener", "target", target, "error", err)
		}
	})
	defer stop()
	for {
		client, err := listener.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accept for %s: %w", target, err)
		}
		go forward(ctx, client.(*net.TCPConn), target)
	}
}

func forward(ctx context.Context, client *net.TCPConn, target string) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", target)
	if err != nil {
		slog.Debug("target unreachable", "target", target, "error", err)
		reset(client)
		return
	}
	server := conn.(*net.TCPConn)
	var both sync.WaitGroup
	both.Go(func() { pump(server, client) })
	both.Go(func() { pump(client, server) })
	both.Wait()
	if err := errors.Join(client.Close(), server.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
		slog.Debug("close a forwarded connection", "error", err)
	}
}

// pump copies one direction and passes its end on; a broken direction breaks both.
func pump(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		reset(to)
		reset(from)
		return
	}
	if err := to.CloseWrite(); err != nil && !errors.Is(err, net.ErrClosed) {
		slog.Debug("pass the end of a stream on", "error", err)
	}
}

// reset lets the other end see that the connection broke, instead of an ordinary end of stream.
func reset(c *net.TCPConn) {
	if err := errors.Join(c.SetLinger(0), c.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
		slog.Debug("reset a connection", "error", err)
	}
}

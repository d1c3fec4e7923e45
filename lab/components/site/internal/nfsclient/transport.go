// Package nfsclient speaks the few NFSv3 calls a guest needs. Messages and XDR are go-nfs-client's; its connection is not
// used, because it retries for minutes without a deadline and panics when a server goes away between two calls.
package nfsclient

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/willscott/go-nfs-client/nfs"
	"github.com/willscott/go-nfs-client/nfs/rpc"
	"github.com/willscott/go-nfs-client/nfs/xdr"
)

const (
	call     = 0
	reply    = 1
	lastPart = uint32(1) << 31
	maxReply = 64 << 20
)

// Conn carries one call at a time. After an error of the connection itself it is closed: dial again.
type Conn struct {
	mu      sync.Mutex
	tcp     net.Conn
	xid     uint32
	timeout time.Duration
	auth    rpc.Auth
}

// Dial connects; timeout bounds the dial and every later call.
func Dial(ctx context.Context, address string, timeout time.Duration) (*Conn, error) {
	dialer := net.Dialer{Timeout: timeout}
	tcp, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect to the NFS server: %w", err)
	}
	return &Conn{tcp: tcp, timeout: timeout, auth: rpc.NewAuthUnix("guest", 0, 0).Auth()}, nil
}

// Close ends the connection.
func (c *Conn) Close() error { return c.tcp.Close() }

func (c *Conn) header(program, version, procedure uint32) rpc.Header {
	return rpc.Header{Rpcvers: 2, Prog: program, Vers: version, Proc: procedure, Cred: c.auth, Verf: rpc.AuthNull}
}

// call sends one request and returns what follows the RPC header of its reply.
func (c *Conn) call(request any) (*bytes.Reader, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.xid++
	answer, err := c.exchange(request)
	if err != nil {
		return nil, errors.Join(err, c.tcp.Close())
	}
	return answer, nil
}

func (c *Conn) exchange(request any) (*bytes.Reader, error) {
	message := bytes.NewBuffer(make([]byte, 4, 512))
	envelope := struct {
		Xid, Type uint32
		Body      any
	}{c.xid, call, request}
	if err := xdr.Write(message, &envelope); err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	binary.BigEndian.PutUint32(message.Bytes(), uint32(message.Len()-4)|lastPart)
	if err := c.tcp.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return nil, err
	}
	if _, err := c.tcp.Write(message.Bytes()); err != nil {
		return nil, fmt.Errorf("send to the NFS server: %w", err)
	}
	var length [4]byte
	if _, err := io.ReadFull(c.tcp, length[:]); err != nil {
		return nil, fmt.Errorf("read from the NFS server: %w", err)
	}
	size := binary.BigEndian.Uint32(length[:])
	if size&lastPart == 0 || size&^lastPart > maxReply {
		return nil, fmt.Errorf("the NFS server's reply has an impossible length (%#x)", size)
	}
	body := make([]byte, size&^lastPart)
	if _, err := io.ReadFull(c.tcp, body); err != nil {
		return nil, fmt.Errorf("read from the NFS server: %w", err)
	}
	return c.accepted(bytes.NewReader(body))
}

func (c *Conn) accepted(r *bytes.Reader) (*bytes.Reader, error) {
	var head struct{ Xid, Type, Status uint32 }
	if err := xdr.Read(r, &head); err != nil {
		return nil, fmt.Errorf("decode the RPC reply: %w", err)
	}
	if head.Xid != c.xid || head.Type != reply || head.Status != rpc.MsgAccepted {
		return nil, fmt.Errorf("the RPC was not accepted (xid %d of %d, type %d, status %d)",
			head.Xid, c.xid, head.Type, head.Status)
	}
	var verdict struct {
		Verifier rpc.Auth
		Status   uint32
	}
	if err := xdr.Read(r, &verdict); err != nil {
		return nil, fmt.Errorf("decode the RPC reply: %w", err)
	}
	if verdict.Status != rpc.Success {
		return nil, fmt.Errorf("the RPC failed with accept status %d", verdict.Status)
	}
	return r, nil
}

// invoke is a call whose reply begins with an NFS status.
func (c *Conn) invoke(request any) (*bytes.Reader, error) {
	r, err := c.call(request)
	if err != nil {
		return nil, err
	}
	status, err := xdr.ReadUint32(r)
	if err != nil {
		return nil, fmt.Errorf("decode the NFS status: %w", err)
	}
	return r, statusError(status)
}

// statusError gives the numbers that NFSv3 shares with Unix their errno, so that errors.Is works.
func statusError(status uint32) error {
	switch {
	case status == nfs.NFS3Ok:
		return nil
	case status == nfs.NFS3ErrStale:
		return syscall.ESTALE
	case status <= nfs.NFS3ErrROFS:
		return syscall.Errno(status)
	}
	return nfs.NFS3Error(status)
}

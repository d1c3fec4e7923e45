package nfsclient

import (
	"fmt"
	"io"

	"github.com/willscott/go-nfs-client/nfs"
	"github.com/willscott/go-nfs-client/nfs/rpc"
	"github.com/willscott/go-nfs-client/nfs/xdr"
)

// Handle names a file or directory at the server.
type Handle []byte

// maxTransfer keeps one READ or WRITE small enough for its deadline.
const maxTransfer = 1 << 20

// Mount returns the handle of a directory of the server.
func (c *Conn) Mount(dir string) (Handle, error) {
	r, err := c.invoke(struct {
		rpc.Header
		Dir string
	}{c.header(nfs.MountProg, nfs.MountVers, nfs.MountProc3MNT), dir})
	if err != nil {
		return nil, fmt.Errorf("mount %s: %w", dir, err)
	}
	handle, err := xdr.ReadOpaque(r)
	if err != nil {
		return nil, fmt.Errorf("mount %s: %w", dir, err)
	}
	return handle, nil
}

func (c *Conn) nfs(procedure uint32) rpc.Header {
	return c.header(nfs.Nfs3Prog, nfs.Nfs3Vers, procedure)
}

// Lookup returns handle and size of a name in a directory.
func (c *Conn) Lookup(dir Handle, name string) (Handle, int64, error) {
	r, err := c.invoke(struct {
		rpc.Header
		What nfs.Diropargs3
	}{c.nfs(nfs.NFSProc3Lookup), nfs.Diropargs3{FH: dir, Filename: name}})
	if err != nil {
		return nil, 0, fmt.Errorf("look %s up: %w", name, err)
	}
	var found struct {
		FH   []byte
		Attr nfs.PostOpAttr
	}
	if err := xdr.Read(r, &found); err != nil {
		return nil, 0, fmt.Errorf("look %s up: %w", name, err)
	}
	if !found.Attr.IsSet || found.Attr.Attr.Type != nfs.NF3Reg {
		return nil, 0, fmt.Errorf("look %s up: not a regular file", name)
	}
	return found.FH, int64(found.Attr.Attr.Filesize), nil
}

// Create makes a file that must not exist yet.
func (c *Conn) Create(dir Handle, name string, mode uint32) (Handle, error) {
	const guarded = 1
	r, err := c.invoke(struct {
		rpc.Header
		Where nfs.Diropargs3
		How   uint32
		Attr  nfs.Sattr3
	}{
		c.nfs(nfs.NFSProc3Create), nfs.Diropargs3{FH: dir, Filename: name}, guarded,
		nfs.Sattr3{Mode: nfs.SetMode{SetIt: true, Mode: mode}},
	})
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	var created struct{ FH nfs.PostOpFH3 }
	if err := xdr.Read(r, &created); err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	return created.FH.FH, nil
}

// Access tells whether the server would let a file be changed and extended.
func (c *Conn) Access(file Handle) (writable bool, err error) {
	const wanted = nfs.ACCESS3_MODIFY | nfs.ACCESS3_EXTEND
	r, err := c.invoke(struct {
		rpc.Header
		FH     []byte
		Access uint32
	}{c.nfs(nfs.NFSProc3Access), file, wanted})
	if err != nil {
		return false, fmt.Errorf("ask for write access: %w", err)
	}
	var granted struct {
		Attr   nfs.PostOpAttr
		Access uint32
	}
	if err := xdr.Read(r, &granted); err != nil {
		return false, fmt.Errorf("ask for write access: %w", err)
	}
	return granted.Access&wanted == wanted, nil
}

// ReadAt fills p from offset on; an end of file before that is an error.
func (c *Conn) ReadAt(file Handle, p []byte, offset int64) error {
	for len(p) > 0 {
		r, err := c.invoke(struct {
			rpc.Header
			FH     []byte
			Offset uint64
			Count  uint32
		}{c.nfs(nfs.NFSProc3Read), file, uint64(offset), uint32(min(len(p), maxTransfer))})
		if err != nil {
			return fmt.Errorf("read at %d: %w", offset, err)
		}
		var answer struct {
			Attr       nfs.PostOpAttr
			Count, EOF uint32
			Data       []byte
		}
		if err := xdr.Read(r, &answer); err != nil {
			return fmt.Errorf("read at %d: %w", offset, err)
		}
		n := copy(p, answer.Data)
		if n == 0 {
			return fmt.Errorf("read at %d: %w", offset, io.ErrUnexpectedEOF)
		}
		p, offset = p[n:], offset+int64(n)
	}
	return nil
}

// WriteAt writes all of p; the server has it on stable storage when it answers.
func (c *Conn) WriteAt(file Handle, p []byte, offset int64) error {
	const fileSync = 2
	for len(p) > 0 {
		part := p[:min(len(p), maxTransfer)]
		r, err := c.invoke(struct {
			rpc.Header
			FH         []byte
			Offset     uint64
			Count, How uint32
			Data       []byte
		}{c.nfs(nfs.NFSProc3Write), file, uint64(offset), uint32(len(part)), fileSync, part})
		if err != nil {
			return fmt.Errorf("write at %d: %w", offset, err)
		}
		var answer struct {
			Wcc   nfs.WccData
			Count uint32
		}
		if err := xdr.Read(r, &answer); err != nil {
			return fmt.Errorf("write at %d: %w", offset, err)
		}
		if answer.Count == 0 || int(answer.Count) > len(part) {
			return fmt.Errorf("write at %d: %d of %d bytes: %w", offset, answer.Count, len(part), io.ErrShortWrite)
		}
		p, offset = p[answer.Count:], offset+int64(answer.Count)
	}
	return nil
}

// Truncate sets the size of a file.
func (c *Conn) Truncate(file Handle, size int64) error {
	_, err := c.invoke(struct {
		rpc.Header
		FH    []byte
		Attr  nfs.Sattr3
		Guard uint32
	}{c.nfs(nfs.NFSProc3SetAttr), file, nfs.Sattr3{Size: nfs.SetSize{SetIt: true, Size: uint64(size)}}, 0})
	if err != nil {
		return fmt.Errorf("truncate to %d: %w", size, err)
	}
	return nil
}

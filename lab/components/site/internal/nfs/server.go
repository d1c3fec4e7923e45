// Package nfs serves the trees of exports over NFSv3 and the mount protocol on one TCP port, without a portmapper.
package nfs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"

	"github.com/go-git/go-billy/v5"
	gonfs "github.com/willscott/go-nfs"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

// Exports finds the tree of an export by its name; false when there is no such export (any more).
type Exports func(name string) (*tree.Tree, bool)

// Serve answers until the listener is closed.
func Serve(listener net.Listener, prefix string, exports Exports) error {
	gonfs.Log.SetLevel(gonfs.WarnLevel)
	h := &handler{prefix: path.Clean("/" + prefix), exports: exports, handles: newHandles(),
		filesystems: map[string]*filesystem{}}
	server := &gonfs.Server{Handler: h}
	if err := server.Serve(closingListener{listener}); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serve NFS on %s: %w", listener.Addr(), err)
	}
	return nil
}

type handler struct {
	prefix  string
	exports Exports
	handles *handles

	mu          sync.Mutex
	filesystems map[string]*filesystem
}

// filesystem returns the same value for the same tree: go-nfs compares file systems to allow a rename.
func (h *handler) filesystem(export string) (*filesystem, bool) {
	found, ok := h.exports(export)
	if !ok {
		return nil, false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if known := h.filesystems[export]; known == nil || known.tree != found {
		h.filesystems[export] = &filesystem{export: export, tree: found}
	}
	return h.filesystems[export], true
}

// mounted is a file system as seen through a mount of one of its folders.
type mounted struct {
	*filesystem
	base []string
}

func (h *handler) Mount(_ context.Context, _ net.Conn, request gonfs.MountRequest) (
	gonfs.MountStatus, billy.Filesystem, []gonfs.AuthFlavor,
) {
	below, ok := strings.CutPrefix(path.Clean("/"+string(request.Dirpath)), strings.TrimSuffix(h.prefix, "/")+"/")
	if !ok || below == "" {
		return gonfs.MountStatusErrNoEnt, nil, nil
	}
	elements := strings.Split(below, "/")
	found, ok := h.filesystem(elements[0])
	if !ok {
		return gonfs.MountStatusErrNoEnt, nil, nil
	}
	info, err := found.Lstat(path.Join(elements[1:]...))
	switch {
	case os.IsNotExist(err) || errors.Is(err, syscall.ENOTDIR):
		return gonfs.MountStatusErrNoEnt, nil, nil
	case err != nil:
		return gonfs.MountStatusErrIO, nil, nil
	case !info.IsDir():
		return gonfs.MountStatusErrNotDir, nil, nil
	}
	return gonfs.MountStatusOk, mounted{found, elements[1:]}, []gonfs.AuthFlavor{gonfs.AuthFlavorNull, gonfs.AuthFlavorUnix}
}

func (h *handler) Change(f billy.Filesystem) billy.Change {
	change, _ := f.(billy.Change)
	return change
}

func (h *handler) FSStat(context.Context, billy.Filesystem, *gonfs.FSStat) error { return nil }

// ToHandle is also asked for the handle of a refused mount, where there is no file system.
func (h *handler) ToHandle(f billy.Filesystem, elements []string) []byte {
	switch f := f.(type) {
	case mounted:
		return h.handles.of(f.export, append(append([]string{}, f.base...), elements...))
	case *filesystem:
		return h.handles.of(f.export, elements)
	}
	return nil
}

func (h *handler) FromHandle(handle []byte) (billy.Filesystem, []string, error) {
	at, ok := h.handles.find(handle)
	if !ok {
		return nil, nil, errors.New("unknown file handle")
	}
	found, ok := h.filesystem(at.export)
	if !ok {
		return nil, nil, fmt.Errorf("export %s was withdrawn", at.export)
	}
	return found, at.path, nil
}

func (h *handler) InvalidateHandle(billy.Filesystem, []byte) error { return nil }

func (h *handler) HandleLimit() int { return 1 << 20 }

// closingListener closes a connection whose read failed; go-nfs does so at a clean end only.
type closingListener struct{ net.Listener }

func (l closingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return closingConn{conn}, nil
}

type closingConn struct{ net.Conn }

func (c closingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		return n, closeAfter(c.Conn, err)
	}
	return n, nil
}

// closeAfter closes what failed and returns the failure, joined with one of closing.
func closeAfter(c interface{ Close() error }, failure error) error {
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrClosed) {
		return errors.Join(failure, err)
	}
	return failure
}

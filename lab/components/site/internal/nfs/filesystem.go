package nfs

import (
	"io/fs"
	"os"
	"path"
	"sort"
	"syscall"
	"time"

	"github.com/go-git/go-billy/v5"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

// filesystem shows a tree to go-nfs. Its write capability follows the export's role, so a secondary answers EROFS.
type filesystem struct {
	export string
	tree   *tree.Tree
}

var (
	_ billy.Filesystem = (*filesystem)(nil)
	_ billy.Change     = (*filesystem)(nil)
	_ billy.Capable    = (*filesystem)(nil)
)

func (f *filesystem) Capabilities() billy.Capability {
	if f.tree.Writable() {
		return billy.AllCapabilities
	}
	return billy.ReadCapability | billy.SeekCapability
}

func (f *filesystem) Join(elem ...string) string { return path.Join(elem...) }

func local(name string) string { return path.Clean("./" + name) }

// Create keeps what a file holds: NFS truncates by an explicit size attribute only.
func (f *filesystem) Create(name string) (billy.File, error) {
	return f.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
}

func (f *filesystem) Open(name string) (billy.File, error) {
	return f.OpenFile(name, os.O_RDONLY, 0)
}

func (f *filesystem) OpenFile(name string, flag int, perm os.FileMode) (billy.File, error) {
	var opened *os.File
	open := func(root *os.Root) (err error) {
		// O_EXCL without O_CREATE is undefined on Linux, and go-nfs sets it to change a size.
		opened, err = root.OpenFile(local(name), flag&^os.O_EXCL, perm)
		return err
	}
	var err error
	switch {
	case flag&os.O_CREATE != 0:
		err = f.tree.Mutate(open, tree.Change{Path: local(name)})
	case flag&(os.O_WRONLY|os.O_RDWR) != 0 && !f.tree.Writable():
		err = syscall.EROFS
	default:
		err = f.tree.View(open)
	}
	if err != nil {
		return nil, err
	}
	return &file{File: opened, name: name, tree: f.tree}, nil
}

func (f *filesystem) Stat(name string) (os.FileInfo, error) { return f.Lstat(name) }

func (f *filesystem) Lstat(name string) (info os.FileInfo, err error) {
	err = f.tree.View(func(root *os.Root) error {
		info, err = root.Lstat(local(name))
		return err
	})
	return info, err
}

func (f *filesystem) Rename(from, to string) error {
	return f.tree.Mutate(func(root *os.Root) error { return root.Rename(local(from), local(to)) },
		tree.WholeFile(local(from)), tree.WholeFile(local(to)))
}

func (f *filesystem) Remove(name string) error {
	return f.tree.Mutate(func(root *os.Root) error { return root.Remove(local(name)) }, tree.WholeFile(local(name)))
}

func (f *filesystem) MkdirAll(name string, perm os.FileMode) error {
	return f.tree.Mutate(func(root *os.Root) error { return root.MkdirAll(local(name), perm) })
}

func (f *filesystem) ReadDir(name string) (infos []os.FileInfo, err error) {
	err = f.tree.View(func(root *os.Root) error {
		entries, err := fs.ReadDir(root.FS(), local(name))
		if err != nil {
			return err
		}
		for _, entry := range entries {
			info, err := entry.Info()
			if os.IsNotExist(err) {
				continue
			}
			if err != nil {
				return err
			}
			infos = append(infos, info)
		}
		return nil
	})
	sort.Slice(infos, func(i, j int) bool { return infos[i].Name() < infos[j].Name() })
	return infos, err
}

func (f *filesystem) Chmod(name string, mode os.FileMode) error {
	return f.tree.Mutate(func(root *os.Root) error { return root.Chmod(local(name), mode) },
		tree.Change{Path: local(name)})
}

func (f *filesystem) Chtimes(name string, atime, mtime time.Time) error {
	return f.tree.Mutate(func(root *os.Root) error { return root.Chtimes(local(name), atime, mtime) },
		tree.Change{Path: local(name)})
}

// Owners are not replicated, so they cannot be set.
func (f *filesystem) Lchown(string, int, int) error { return billy.ErrNotSupported }
func (f *filesystem) Chown(string, int, int) error  { return billy.ErrNotSupported }

func (f *filesystem) Symlink(string, string) error                { return billy.ErrNotSupported }
func (f *filesystem) Readlink(string) (string, error)             { return "", billy.ErrNotSupported }
func (f *filesystem) TempFile(string, string) (billy.File, error) { return nil, billy.ErrNotSupported }
func (f *filesystem) Chroot(string) (billy.Filesystem, error)     { return nil, billy.ErrNotSupported }
func (f *filesystem) Root() string                                { return "/" }

// file checks role and gate at every write, not only when it is opened.
type file struct {
	*os.File
	name   string
	tree   *tree.Tree
	offset int64
}

func (f *file) Name() string  { return f.name }
func (f *file) Lock() error   { return nil }
func (f *file) Unlock() error { return nil }

func (f *file) Seek(offset int64, whence int) (int64, error) {
	at, err := f.File.Seek(offset, whence)
	f.offset = at
	return at, err
}

func (f *file) Write(p []byte) (written int, err error) {
	err = f.tree.Mutate(func(*os.Root) error {
		written, err = f.WriteAt(p, f.offset)
		return err
	}, tree.Change{Path: local(f.name), Start: f.offset, End: f.offset + int64(len(p))})
	f.offset += int64(written)
	if err != nil {
		// go-nfs leaves a file open whose write failed.
		return written, closeAfter(f.File, err)
	}
	return written, nil
}

func (f *file) ReadAt(p []byte, offset int64) (n int, err error) {
	err = f.tree.View(func(*os.Root) error {
		n, err = f.File.ReadAt(p, offset)
		return err
	})
	return n, err
}

func (f *file) Truncate(size int64) error {
	err := f.tree.Mutate(func(*os.Root) error { return f.File.Truncate(size) },
		tree.Change{Path: local(f.name), Start: size, End: tree.ToEnd})
	if err != nil {
		return closeAfter(f.File, err)
	}
	return nil
}

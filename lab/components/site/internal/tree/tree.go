// Package tree is the directory of one export behind a gate: every change passes through it, so that changes can be
// refused (secondary), held (snapshot) and remembered (which bytes of which file changed since the last snapshot).
package tree

import (
	"fmt"
	"os"
	"path"
	"sync"
	"sync/atomic"
	"syscall"
)

// ToEnd is the end of an extent that reaches to the end of its file, however long the file is.
const ToEnd = int64(1) << 62

// Change names the bytes of a file that a mutation is about to touch.
type Change struct {
	Path       string
	Start, End int64
}

// WholeFile is the change of every byte of a file.
func WholeFile(name string) Change { return Change{Path: name, End: ToEnd} }

// Tree is safe for concurrent use.
type Tree struct {
	root     *os.Root
	gate     sync.RWMutex
	writable atomic.Bool

	dirtyMu sync.Mutex
	dirty   map[string]Extents
}

// Open creates the directory when it is absent.
func Open(dir string, writable bool) (*Tree, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create the export's directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the export's directory: %w", err)
	}
	t := &Tree{root: root, dirty: map[string]Extents{}}
	t.writable.Store(writable)
	return t, nil
}

// Close releases the directory.
func (t *Tree) Close() error { return t.root.Close() }

// Writable tells whether mutations are accepted at this moment.
func (t *Tree) Writable() bool { return t.writable.Load() }

// Mutate runs one change unless the tree is read-only (EROFS). It waits while the gate is held. The change is
// remembered before it happens, so that a crash in between costs a needless transfer and never a missing one.
func (t *Tree) Mutate(op func(*os.Root) error, changes ...Change) error {
	t.gate.RLock()
	defer t.gate.RUnlock()
	if !t.writable.Load() {
		return syscall.EROFS
	}
	t.MarkDirty(changes...)
	return op(t.root)
}

// View runs a read that must not see a half applied snapshot.
func (t *Tree) View(op func(*os.Root) error) error {
	t.gate.RLock()
	defer t.gate.RUnlock()
	return op(t.root)
}

// Hold runs op while every mutation and every view waits. setWritable changes what comes after.
func (t *Tree) Hold(op func(root *os.Root, setWritable func(bool)) error) error {
	t.gate.Lock()
	defer t.gate.Unlock()
	return op(t.root, t.writable.Store)
}

// MarkDirty adds changes to what the next TakeDirty returns.
func (t *Tree) MarkDirty(changes ...Change) {
	t.dirtyMu.Lock()
	defer t.dirtyMu.Unlock()
	for _, c := range changes {
		name := path.Clean(c.Path)
		t.dirty[name] = t.dirty[name].Add(c.Start, c.End)
	}
}

// TakeDirty returns the changes since the last call and forgets them. Exact only while the gate is held.
func (t *Tree) TakeDirty() map[string]Extents {
	t.dirtyMu.Lock()
	defer t.dirtyMu.Unlock()
	taken := t.dirty
	t.dirty = map[string]Extents{}
	return taken
}

// Root is for readers that cope with changes under their hands.
func (t *Tree) Root() *os.Root { return t.root }

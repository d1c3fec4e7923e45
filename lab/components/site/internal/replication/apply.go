package replication

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

// applier replays a journal on an export's directory.
type applier struct {
	root *os.Root
	file *os.File
	name string
}

// apply replays a complete journal. The caller holds the export's gate.
func apply(root *os.Root, journal io.Reader) (h header, err error) {
	a := &applier{root: root}
	defer func() { err = errors.Join(err, a.release()) }()
	return readJournal(journal, a.do)
}

func (a *applier) do(o op, data io.Reader) error {
	if err := a.change(o, data); err != nil {
		return fmt.Errorf("apply %s of %s: %w", o.Kind, o.Path, err)
	}
	return nil
}

func (a *applier) change(o op, data io.Reader) error {
	switch o.Kind {
	case opRemove:
		if err := a.release(); err != nil {
			return err
		}
		if err := a.root.Remove(o.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	case opMkdir:
		if err := a.root.Mkdir(o.Path, o.Mode); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		return a.root.Chmod(o.Path, o.Mode)
	case opData:
		if err := a.open(o.Path); err != nil {
			return err
		}
		return copyAt(a.file, o.Offset, o.Length, data)
	case opZero:
		return a.zero(o)
	case opFile:
		return a.finish(o)
	}
	return fmt.Errorf("unknown change %q", o.Kind)
}

// zero clears what exists and leaves the rest to the final size.
func (a *applier) zero(o op) error {
	if err := a.open(o.Path); err != nil {
		return err
	}
	info, err := a.file.Stat()
	if err != nil {
		return err
	}
	if end := min(o.Offset+o.Length, info.Size()); o.Offset < end {
		return zero(a.file, tree.Extent{Start: o.Offset, End: end})
	}
	return nil
}

func (a *applier) finish(o op) error {
	if err := a.open(o.Path); err != nil {
		return err
	}
	if err := a.file.Truncate(o.Size); err != nil {
		return err
	}
	if err := a.file.Chmod(o.Mode); err != nil {
		return err
	}
	if err := a.release(); err != nil {
		return err
	}
	return a.root.Chtimes(o.Path, time.Time{}, o.MTime)
}

func (a *applier) open(name string) error {
	if a.file != nil && a.name == name {
		return nil
	}
	if err := a.release(); err != nil {
		return err
	}
	file, err := a.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	a.file, a.name = file, name
	return nil
}

func (a *applier) release() error {
	if a.file == nil {
		return nil
	}
	err := a.file.Close()
	a.file = nil
	return err
}

func copyAt(file *os.File, offset, length int64, data io.Reader) error {
	n, err := io.Copy(io.NewOffsetWriter(file, offset), data)
	if err == nil && n != length {
		err = io.ErrUnexpectedEOF
	}
	return err
}

package replication

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

const (
	// heldBytes is how much may be read while writers wait. More is read beforehand, in rounds, as live migration does.
	heldBytes = 4 << 20
	maxRounds = 6
	ioSize    = 128 << 10
)

// captured is a crash-consistent snapshot of the whole export.
type captured struct {
	id       string
	taken    time.Time
	contents manifest
	digests  digests
}

// capture writes the difference between base and a snapshot taken now as a journal. Writers wait during the last round
// only. With wantDigests the snapshot's files are hashed in that round too.
func capture(t *tree.Tree, w io.Writer, h header, base manifest, wantDigests bool) (captured, error) {
	shot := captured{id: h.Snapshot}
	journal, err := newJournalWriter(w, h)
	if err != nil {
		return shot, err
	}
	for round := 1; ; round++ {
		var contents manifest
		var changes []fileChange
		last := false
		err := t.Hold(func(root *os.Root, _ func(bool)) error {
			dirty := t.TakeDirty()
			if contents, err = scan(root); err != nil {
				return err
			}
			var total int64
			changes, total = changedFiles(base, contents, dirty)
			if last = round == maxRounds || total <= heldBytes; !last {
				return nil
			}
			shot.taken = time.Now().UTC()
			if err := writeRound(journal, root, base, contents, changes); err != nil || !wantDigests {
				return err
			}
			shot.digests, err = hashFiles(root, contents, nil)
			return err
		})
		if err != nil {
			return shot, err
		}
		if last {
			shot.contents = contents
			return shot, journal.end(shot.taken)
		}
		if err := writeRound(journal, t.Root(), base, contents, changes); err != nil {
			return shot, err
		}
		base = contents
	}
}

type fileChange struct {
	path    string
	extents tree.Extents
}

// changedFiles decides which bytes of which files to send, and how many that are.
func changedFiles(base, now manifest, dirty map[string]tree.Extents) (changes []fileChange, total int64) {
	for _, name := range now.paths() {
		is := now[name]
		if is.Dir {
			continue
		}
		was, known := base[name]
		extents, written := dirty[name]
		switch {
		case !known || was.Dir, !written && !is.sameContent(was):
			extents = tree.Extents{{Start: 0, End: is.Size}}
		case written, is.Mode != was.Mode:
		default:
			continue
		}
		extents = extents.Clip(is.Size)
		changes = append(changes, fileChange{name, extents})
		total += extents.Bytes()
	}
	return changes, total
}

func writeRound(journal *journalWriter, root *os.Root, base, now manifest, changes []fileChange) error {
	for _, name := range now.removals(base) {
		if err := journal.line(op{Kind: opRemove, Path: name}); err != nil {
			return err
		}
	}
	for _, name := range now.paths() {
		is, was := now[name], base[name]
		if is.Dir && (!was.Dir || was.Mode != is.Mode) {
			if err := journal.line(op{Kind: opMkdir, Path: name, Mode: is.Mode}); err != nil {
				return err
			}
		}
	}
	for _, change := range changes {
		if err := writeFile(journal, root, change); err != nil {
			return err
		}
		is := now[change.path]
		err := journal.line(op{Kind: opFile, Path: change.path, Size: is.Size, Mode: is.Mode, MTime: is.MTime})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeFile tolerates a file that shrinks or goes while it is read outside the gate: the next round sends what it became.
func writeFile(journal *journalWriter, root *os.Root, change fileChange) (err error) {
	if len(change.extents) == 0 {
		return nil
	}
	file, err := root.Open(change.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", change.path, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffer := make([]byte, ioSize)
	for _, extent := range change.extents {
		err := eachRegion(file, extent, func(region tree.Extent) error {
			return copyRegion(journal, file, change.path, region, buffer)
		}, func(region tree.Extent) error { return journal.zero(change.path, region) })
		if err != nil {
			return fmt.Errorf("read %s: %w", change.path, err)
		}
	}
	return nil
}

func copyRegion(journal *journalWriter, file *os.File, name string, region tree.Extent, buffer []byte) error {
	for at := region.Start; at < region.End; {
		n, err := file.ReadAt(buffer[:min(ioSize, region.End-at)], at)
		if n == 0 && errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if bytes.Equal(buffer[:n], zeros[:n]) {
			err = journal.zero(name, tree.Extent{Start: at, End: at + int64(n)})
		} else {
			err = journal.write(name, at, buffer[:n])
		}
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

var zeros [ioSize]byte

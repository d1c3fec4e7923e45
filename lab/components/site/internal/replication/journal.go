package replication

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

// A journal is one snapshot as changes to the one before it: a line of JSON for each change, followed by its data. The
// first line is the header, the last one carries the digest of all before. Replaying it twice does no harm.
type header struct {
	Epoch    Epoch  `json:"epoch"`
	Base     string `json:"base"`
	Snapshot string `json:"snapshot"`
	// Taken is known, and written, at the end only.
	Taken time.Time `json:"-"`
}

type opKind string

const (
	opRemove opKind = "remove"
	opMkdir  opKind = "mkdir"
	opData   opKind = "data"
	opZero   opKind = "zero"
	opFile   opKind = "file"
	opEnd    opKind = "end"
)

type op struct {
	Kind   opKind      `json:"op"`
	Path   string      `json:"path,omitempty"`
	Offset int64       `json:"offset,omitempty"`
	Length int64       `json:"length,omitempty"`
	Size   int64       `json:"size,omitempty"`
	Mode   os.FileMode `json:"mode,omitempty"`
	MTime  time.Time   `json:"mtime,omitzero"`
	Taken  time.Time   `json:"taken,omitzero"`
	Digest string      `json:"digest,omitempty"`
}

type journalWriter struct {
	out    *bufio.Writer
	digest hash.Hash
	data   int64
}

func newJournalWriter(w io.Writer, h header) (*journalWriter, error) {
	digest := sha256.New()
	j := &journalWriter{out: bufio.NewWriterSize(io.MultiWriter(w, digest), 1<<16), digest: digest}
	return j, j.line(h)
}

func (j *journalWriter) line(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the journal: %w", err)
	}
	if _, err := j.out.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

func (j *journalWriter) write(name string, offset int64, data []byte) error {
	if err := j.line(op{Kind: opData, Path: name, Offset: offset, Length: int64(len(data))}); err != nil {
		return err
	}
	j.data += int64(len(data))
	if _, err := j.out.Write(data); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// zero keeps holes, and blocks of zeros, cheap.
func (j *journalWriter) zero(name string, e tree.Extent) error {
	return j.line(op{Kind: opZero, Path: name, Offset: e.Start, Length: e.End - e.Start})
}

func (j *journalWriter) end(taken time.Time) error {
	if err := j.out.Flush(); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	if err := j.line(op{Kind: opEnd, Taken: taken, Digest: hex.EncodeToString(j.digest.Sum(nil))}); err != nil {
		return err
	}
	if err := j.out.Flush(); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// readJournal calls each for every change and fails unless the journal is complete and undamaged. The data must be read
// to its end before each returns.
func readJournal(r io.Reader, each func(op, io.Reader) error) (header, error) {
	var h header
	in := bufio.NewReaderSize(r, 1<<16)
	digest := sha256.New()
	line, err := in.ReadBytes('\n')
	if err != nil {
		return h, fmt.Errorf("read the journal's header: %w", noEOF(err))
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return h, fmt.Errorf("read the journal's header: %w", err)
	}
	for {
		digest.Write(line)
		if line, err = in.ReadBytes('\n'); err != nil {
			return h, fmt.Errorf("read the journal: %w", noEOF(err))
		}
		var o op
		if err := json.Unmarshal(line, &o); err != nil {
			return h, fmt.Errorf("read the journal: %w", err)
		}
		if o.Kind == opEnd {
			if got := hex.EncodeToString(digest.Sum(nil)); got != o.Digest {
				return h, errors.New("the journal is damaged: its digest is wrong")
			}
			h.Taken = o.Taken
			return h, nil
		}
		if !validName(o.Path) || o.Offset < 0 || o.Length < 0 || o.Size < 0 {
			return h, fmt.Errorf("the journal is damaged: %s of %q", o.Kind, o.Path)
		}
		if o.Kind != opData {
			if err := each(o, nil); err != nil {
				return h, err
			}
			continue
		}
		digest.Write(line)
		data := io.TeeReader(io.LimitReader(in, o.Length), digest)
		if err := each(o, data); err != nil {
			return h, err
		}
		line = nil
	}
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

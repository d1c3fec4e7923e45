package records

import (
	"bytes"
	"fmt"
)

// Tail is the end of a disk, read when a guest boots.
type Tail struct {
	// Last is the newest record; nil on a disk without records.
	Last *Record
	// End is the offset at which the next record belongs.
	End int64
	// Torn is the number of bytes behind it that are no record: a write that a crash cut short.
	Torn int64
}

const (
	firstWindow = 4 << 10
	// maxTorn is far more than one torn write can leave. Beyond it the disk holds something else, which is not ours to cut.
	maxTorn = 64 << 10
)

// FindTail looks backwards from the end of a disk of the given size.
func FindTail(size int64, readAt func(p []byte, offset int64) error) (Tail, error) {
	for window := int64(firstWindow); ; window *= 4 {
		window = min(window, size, maxTorn)
		data := make([]byte, window)
		if err := readAt(data, size-window); err != nil {
			return Tail{}, err
		}
		if tail, ok := lastRecord(data, size-window); ok {
			return tail, nil
		}
		switch {
		case window == size && onlyTorn(data):
			return Tail{Torn: size}, nil
		case window == size || window == maxTorn:
			return Tail{}, fmt.Errorf("the disk of %d bytes does not end with records", size)
		}
	}
}

// lastRecord finds the newest whole line; data begins at the given offset of the disk, perhaps inside a line.
func lastRecord(data []byte, offset int64) (Tail, bool) {
	end := bytes.LastIndexByte(data, '\n')
	for end >= 0 {
		begin := bytes.LastIndexByte(data[:end], '\n') + 1
		if record, err := Parse(data[begin:end]); err == nil && (begin > 0 || offset == 0) {
			at := offset + int64(end) + 1
			return Tail{Last: &record, End: at, Torn: offset + int64(len(data)) - at}, true
		}
		end = begin - 1
	}
	return Tail{}, false
}

// onlyTorn tells the first record of a disk, cut short, from content of another kind.
func onlyTorn(data []byte) bool {
	return len(data) == 0 || bytes.HasPrefix(data, []byte("n=")) && !bytes.ContainsRune(data, '\n')
}

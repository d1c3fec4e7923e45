package records

import (
	"bytes"
	"fmt"
	"sort"
)

// SlotSize is what a record takes on a block image, where nothing says how much of it is written: record n lies in slot
// n-1, filled up with zeros, so that no record reaches into the sector of another.
const SlotSize = 512

// summaryChunk is read at once when a whole image is read.
const summaryChunk = 4 << 20

type readAt func(p []byte, offset int64) error

// Slot encodes the record for a block image.
func (r Record) Slot() ([]byte, error) {
	line := r.Line()
	if len(line) > SlotSize {
		return nil, fmt.Errorf("a record of %d bytes does not fit into %d: shorten the names of VM and PVC", len(line), SlotSize)
	}
	return append(line, make([]byte, SlotSize-len(line))...), nil
}

// parseSlot gives nil for a blank slot.
func parseSlot(slot []byte) (*Record, error) {
	text := bytes.TrimRight(slot, "\x00")
	if len(text) == 0 {
		return nil, nil
	}
	line, whole := bytes.CutSuffix(text, []byte("\n"))
	if !whole {
		return nil, fmt.Errorf("the record has no end")
	}
	record, err := Parse(line)
	if err != nil {
		return nil, err
	}
	return &record, nil
}

// FindLastSlot finds the newest record of an image of the given size; nil when it has none. A torn write behind it is
// taken over by the next record.
func FindLastSlot(size int64, read readAt) (*Record, error) {
	slots := size / SlotSize
	slot := make([]byte, SlotSize)
	var failed error
	// Records are written one after the other, so what is blank begins somewhere and does not end.
	blank := sort.Search(int(slots), func(i int) bool {
		if failed == nil {
			failed = read(slot, int64(i)*SlotSize)
		}
		return failed != nil || len(bytes.TrimRight(slot, "\x00")) == 0
	})
	if failed != nil {
		return nil, failed
	}
	for back := 1; back <= 2 && blank-back >= 0; back++ {
		if err := read(slot, int64(blank-back)*SlotSize); err != nil {
			return nil, err
		}
		record, err := parseSlot(slot)
		if err == nil && record != nil && record.N == int64(blank-back)+1 {
			return record, nil
		}
	}
	if blank == 0 || blank == 1 && bytes.HasPrefix(slot, []byte("n=1 ")) {
		return nil, nil
	}
	return nil, fmt.Errorf("the image of %d bytes holds something else than records", size)
}

// SummarizeSlots reads an image from its beginning to its first blank slot.
func SummarizeSlots(size int64, read readAt) (Volume, error) {
	v := Volume{Gaps: []Gap{}, Boots: []Boot{}}
	torn := false
	for offset := int64(0); offset < size; offset += summaryChunk {
		chunk := make([]byte, min(summaryChunk, size-offset))
		if err := read(chunk, offset); err != nil {
			return v, err
		}
		for ; len(chunk) >= SlotSize; chunk = chunk[SlotSize:] {
			record, err := parseSlot(chunk[:SlotSize])
			switch {
			case err == nil && record == nil:
				v.TornTail = torn
				return v, nil
			case torn:
				v.BadChecksums++
			}
			if torn = err != nil; !torn {
				v.add(*record)
			}
		}
	}
	v.TornTail = torn
	return v, nil
}

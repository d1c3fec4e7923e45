package records

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

const imageSize = 64 * SlotSize

// image is a block image with the given slots at its beginning and zeros behind them.
func image(t *testing.T, numbers ...int64) []byte {
	t.Helper()
	disk := make([]byte, imageSize)
	for i, n := range numbers {
		slot, err := record(n).Slot()
		if err != nil {
			t.Fatal(err)
		}
		copy(disk[i*SlotSize:], slot)
	}
	return disk
}

func reader(disk []byte) readAt {
	return func(p []byte, offset int64) error {
		copy(p, disk[offset:])
		return nil
	}
}

func upTo(count int64) []int64 {
	var numbers []int64
	for n := int64(1); n <= count; n++ {
		numbers = append(numbers, n)
	}
	return numbers
}

func TestLastSlotIsFound(t *testing.T) {
	for _, count := range []int64{1, 2, 3, 31, 63, 64} {
		last, err := FindLastSlot(imageSize, reader(image(t, upTo(count)...)))
		if err != nil || last == nil || *last != record(count) {
			t.Errorf("%d records: %+v, %v", count, last, err)
		}
	}
	if last, err := FindLastSlot(imageSize, reader(make([]byte, imageSize))); err != nil || last != nil {
		t.Errorf("a blank image: %+v, %v", last, err)
	}
}

func TestTornSlotIsWrittenAgain(t *testing.T) {
	for _, whole := range []int64{0, 1, 5} {
		next, err := record(whole + 1).Slot()
		if err != nil {
			t.Fatal(err)
		}
		line := bytes.IndexByte(next, '\n')
		for cut := 4; cut <= line; cut++ {
			disk := image(t, upTo(whole)...)
			copy(disk[whole*SlotSize:], next[:cut])
			last, err := FindLastSlot(imageSize, reader(disk))
			if err != nil || whole == 0 && last != nil || whole > 0 && (last == nil || last.N != whole) {
				t.Fatalf("%d records, the next one cut at %d: %+v, %v", whole, cut, last, err)
			}
			v, err := SummarizeSlots(imageSize, reader(disk))
			if err != nil || v.Records != whole || !v.TornTail || v.BadChecksums != 0 {
				t.Fatalf("%d records, the next one cut at %d: %+v, %v", whole, cut, v, err)
			}
		}
	}
}

func TestForeignImageIsNotWrittenOver(t *testing.T) {
	foreign := map[string][]byte{
		"text":           append([]byte("a letter\nto you\n"), make([]byte, imageSize)...),
		"full":           bytes.Repeat([]byte("x"), imageSize),
		"records behind": append(bytes.Repeat([]byte("x"), SlotSize), image(t, 1, 2)...),
	}
	for name, disk := range foreign {
		if last, err := FindLastSlot(imageSize, reader(disk)); err == nil {
			t.Errorf("%s: %+v", name, last)
		}
	}
}

func TestReadErrorIsNotABlankImage(t *testing.T) {
	gone := errors.New("the cluster is gone")
	broken := func([]byte, int64) error { return gone }
	if _, err := FindLastSlot(imageSize, broken); !errors.Is(err, gone) {
		t.Errorf("FindLastSlot: %v", err)
	}
	if _, err := SummarizeSlots(imageSize, broken); !errors.Is(err, gone) {
		t.Errorf("SummarizeSlots: %v", err)
	}
}

func TestSlotsReportDamageAndGaps(t *testing.T) {
	disk := image(t, 1, 2, 3, 4, 7)
	disk[1*SlotSize+4] ^= 1
	v, err := SummarizeSlots(imageSize, reader(disk))
	if err != nil || v.Records != 4 || v.BadChecksums != 1 || v.TornTail || v.LastN != 7 || v.Disk != "db-1-data" {
		t.Fatalf("%+v, %v", v, err)
	}
	if len(v.Gaps) != 2 || v.Gaps[0] != (Gap{1, 3}) || v.Gaps[1] != (Gap{4, 7}) {
		t.Errorf("gaps %v", v.Gaps)
	}
}

func TestRecordThatIsTooLongIsRefused(t *testing.T) {
	long := record(1)
	long.VM = strings.Repeat("x", SlotSize)
	if slot, err := long.Slot(); err == nil {
		t.Errorf("%d bytes", len(slot))
	}
}

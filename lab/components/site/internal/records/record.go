// Package records is what a guest leaves on its disks: numbered lines with a checksum each, so that what was lost or torn
// is read from the disk itself.
package records

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"
)

// Record is one line:
//
//	n=<counter> t=<RFC3339Nano> vm=<namespace>/<name> disk=<pvc> site=<site> boot=<vmi uid> crc=<8 hex digits>
//
// The checksum is CRC-32 (IEEE) of everything before " crc=".
type Record struct {
	N                    int64
	T                    time.Time
	VM, Disk, Site, Boot string
}

const checksumField = " crc="

// Line encodes the record with its end of line.
func (r Record) Line() []byte {
	text := fmt.Sprintf("n=%d t=%s vm=%s disk=%s site=%s boot=%s",
		r.N, r.T.UTC().Format(time.RFC3339Nano), r.VM, r.Disk, r.Site, r.Boot)
	return fmt.Appendf(nil, "%s%s%08x\n", text, checksumField, crc32.ChecksumIEEE([]byte(text)))
}

// Parse reads a line without its end. An error means that the line was torn or damaged.
func Parse(line []byte) (Record, error) {
	var r Record
	at := bytes.LastIndex(line, []byte(checksumField))
	if at < 0 {
		return r, fmt.Errorf("no checksum")
	}
	sum, err := strconv.ParseUint(string(line[at+len(checksumField):]), 16, 32)
	if err != nil || len(line) != at+len(checksumField)+8 {
		return r, fmt.Errorf("the checksum is not eight hex digits")
	}
	if crc32.ChecksumIEEE(line[:at]) != uint32(sum) {
		return r, fmt.Errorf("the checksum is wrong")
	}
	fields := strings.Fields(string(line[:at]))
	values := make([]string, len(fields))
	names := []string{"n", "t", "vm", "disk", "site", "boot"}
	if len(fields) != len(names) {
		return r, fmt.Errorf("%d fields instead of %d", len(fields), len(names))
	}
	for i, field := range fields {
		value, ok := strings.CutPrefix(field, names[i]+"=")
		if !ok {
			return r, fmt.Errorf("field %q where %s was expected", field, names[i])
		}
		values[i] = value
	}
	if r.N, err = strconv.ParseInt(values[0], 10, 64); err != nil {
		return r, fmt.Errorf("counter: %w", err)
	}
	if r.T, err = time.Parse(time.RFC3339Nano, values[1]); err != nil {
		return r, fmt.Errorf("time: %w", err)
	}
	r.VM, r.Disk, r.Site, r.Boot = values[2], values[3], values[4], values[5]
	return r, nil
}

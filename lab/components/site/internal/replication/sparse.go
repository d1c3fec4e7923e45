package replication

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

// What Linux calls them; package syscall has no names for these.
const (
	seekData  = 3
	seekHole  = 4
	punchHole = 0x2
	keepSize  = 0x1
)

// eachRegion calls data and hole for the parts of an extent, in order. A disk image is mostly holes, and reading them
// would take as long as reading data.
func eachRegion(file *os.File, extent tree.Extent, data, hole func(tree.Extent) error) error {
	for at := extent.Start; at < extent.End; {
		begin, err := file.Seek(at, seekData)
		switch {
		case errors.Is(err, syscall.ENXIO):
			begin = extent.End
		case errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.EOPNOTSUPP):
			// The file system does not tell: all of it is data.
			return data(tree.Extent{Start: at, End: extent.End})
		case err != nil:
			return fmt.Errorf("find data: %w", err)
		}
		if begin = min(begin, extent.End); begin > at {
			if err := hole(tree.Extent{Start: at, End: begin}); err != nil {
				return err
			}
		}
		if begin == extent.End {
			return nil
		}
		end, err := file.Seek(begin, seekHole)
		if err != nil {
			return fmt.Errorf("find the end of data: %w", err)
		}
		at = min(end, extent.End)
		if err := data(tree.Extent{Start: begin, End: at}); err != nil {
			return err
		}
	}
	return nil
}

// zero makes an extent of an existing file read as zeros: as a hole where the file system can.
func zero(file *os.File, extent tree.Extent) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var punched error
	err = raw.Control(func(fd uintptr) {
		punched = syscall.Fallocate(int(fd), punchHole|keepSize, extent.Start, extent.End-extent.Start)
	})
	if err != nil || punched == nil {
		return err
	}
	if !errors.Is(punched, syscall.EOPNOTSUPP) {
		return fmt.Errorf("punch a hole: %w", punched)
	}
	_, err = io.Copy(io.NewOffsetWriter(file, extent.Start), io.LimitReader(endlessZeros{}, extent.End-extent.Start))
	return err
}

type endlessZeros struct{}

func (endlessZeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

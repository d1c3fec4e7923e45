package records

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DiskFile is the only file of a volume.
const DiskFile = "disk.img"

// Boot is one uninterrupted run of records of one VMI.
type Boot struct {
	Boot   string    `json:"boot"`
	Site   string    `json:"site"`
	FirstN int64     `json:"first_n"`
	LastN  int64     `json:"last_n"`
	FirstT time.Time `json:"first_t"`
	LastT  time.Time `json:"last_t"`
}

// Gap is where the counter does not go on by one.
type Gap struct {
	After int64 `json:"after"`
	Next  int64 `json:"next"`
}

// Volume says what one disk holds.
type Volume struct {
	Export string `json:"export"`
	Volume string `json:"volume"`
	VM     string `json:"vm"`
	// Disk is the PVC that the VM has the volume by.
	Disk string `json:"disk"`
	// Mirror is "primary" or "non-primary" where the volume is a mirrored image.
	Mirror       string     `json:"mirror,omitempty"`
	Records      int64      `json:"records"`
	FirstN       int64      `json:"first_n"`
	LastN        int64      `json:"last_n"`
	FirstT       *time.Time `json:"first_t"`
	LastT        *time.Time `json:"last_t"`
	Gaps         []Gap      `json:"gaps"`
	BadChecksums int64      `json:"bad_checksums"`
	// TornTail is true when the last line has no end yet: a write under way, or cut short by a crash.
	TornTail bool   `json:"torn_tail"`
	Boots    []Boot `json:"boots"`
}

// Read reports on every disk below a storage root: <root>/<export>/<volume>/disk.img, or <root>/<export>/disk.img where
// an export is a volume of its own.
func Read(root string) ([]Volume, error) {
	volumes := []Volume{}
	exports, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("read the storage root: %w", err)
	}
	for _, export := range exports {
		if !export.IsDir() || strings.HasPrefix(export.Name(), ".") {
			continue
		}
		dirs, err := os.ReadDir(filepath.Join(root, export.Name()))
		if err != nil {
			return nil, fmt.Errorf("read export %s: %w", export.Name(), err)
		}
		names := []string{""}
		for _, dir := range dirs {
			if dir.IsDir() {
				names = append(names, dir.Name())
			}
		}
		for _, name := range names {
			volume, err := readDisk(filepath.Join(root, export.Name(), name, DiskFile))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			volume.Export, volume.Volume = export.Name(), cmp.Or(name, export.Name())
			volumes = append(volumes, volume)
		}
	}
	return volumes, nil
}

func readDisk(name string) (v Volume, err error) {
	file, err := os.Open(name)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if v, err = Summarize(file); err != nil {
		return v, fmt.Errorf("read %s: %w", name, err)
	}
	return v, nil
}

// Summarize reads one disk from its beginning.
func Summarize(disk io.Reader) (Volume, error) {
	v := Volume{Gaps: []Gap{}, Boots: []Boot{}}
	lines := bufio.NewReaderSize(disk, 1<<16)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			v.TornTail = len(line) > 0
			return v, nil
		}
		if err != nil {
			return v, err
		}
		record, err := Parse(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			v.BadChecksums++
			continue
		}
		v.add(record)
	}
}

func (v *Volume) add(r Record) {
	if v.Records == 0 {
		v.VM, v.Disk, v.FirstN, v.FirstT = r.VM, r.Disk, r.N, &r.T
	} else if r.N != v.LastN+1 {
		v.Gaps = append(v.Gaps, Gap{v.LastN, r.N})
	}
	v.Records++
	v.LastN, v.LastT = r.N, &r.T
	last := len(v.Boots) - 1
	if last < 0 || v.Boots[last].Boot != r.Boot || v.Boots[last].Site != r.Site {
		v.Boots = append(v.Boots, Boot{Boot: r.Boot, Site: r.Site, FirstN: r.N, FirstT: r.T})
		last++
	}
	v.Boots[last].LastN, v.Boots[last].LastT = r.N, r.T
}

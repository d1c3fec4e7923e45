package replication

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"syscall"
	"time"
)

// entry is one file or directory of an export.
type entry struct {
	Dir   bool        `json:"dir,omitempty"`
	Mode  os.FileMode `json:"mode"`
	Size  int64       `json:"size,omitempty"`
	MTime time.Time   `json:"mtime"`
	inode uint64
}

// manifest maps paths below the export's root to their entries; the root itself is not in it.
type manifest map[string]entry

func scan(root *os.Root) (manifest, error) {
	found := manifest{}
	err := fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case info.IsDir():
			found[name] = entry{Dir: true, Mode: info.Mode().Perm(), MTime: info.ModTime()}
		case info.Mode().IsRegular():
			e := entry{Mode: info.Mode().Perm(), Size: info.Size(), MTime: info.ModTime()}
			if stat, ok := info.Sys().(*syscall.Stat_t); ok {
				e.inode = stat.Ino
			}
			found[name] = e
		default:
			return fmt.Errorf("%s is a %s: only files and directories can be replicated", name, info.Mode().Type())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("scan the export: %w", err)
	}
	return found, nil
}

// sameContent compares what can be known without reading. A peer's entry has no inode.
func (e entry) sameContent(other entry) bool {
	return e.Dir == other.Dir && e.Size == other.Size && e.MTime.Equal(other.MTime) &&
		(e.inode == other.inode || e.inode == 0 || other.inode == 0)
}

// paths returns parents before children.
func (m manifest) paths() []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// removals returns what m lacks of before, or has as another kind: children before parents, and nothing twice.
func (m manifest) removals(before manifest) []string {
	var gone []string
	for name, was := range before {
		if is, ok := m[name]; !ok || is.Dir != was.Dir {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	slices.Reverse(gone)
	return gone
}

func validName(name string) bool {
	return name != "." && fs.ValidPath(name) && path.Clean(name) == name
}

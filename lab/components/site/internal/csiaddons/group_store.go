package csiaddons

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// groupStore remembers which volumes a group has, in a file.
type groupStore struct {
	file string

	mu      sync.Mutex
	members map[string][]string
}

func openGroups(file string) (*groupStore, error) {
	g := &groupStore{file: file, members: map[string][]string{}}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return g, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &g.members)
	}
	if err != nil {
		return nil, fmt.Errorf("read the volume groups: %w", err)
	}
	return g, nil
}

func (g *groupStore) volumes(id string) ([]string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	members, ok := g.members[id]
	if !ok {
		return nil, status.Errorf(codes.NotFound, "there is no volume group %q", id)
	}
	return slices.Clone(members), nil
}

// put replaces what is known of a group; no volumes at all removes it.
func (g *groupStore) put(id string, volumes []string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	before, known := g.members[id]
	if len(volumes) == 0 {
		delete(g.members, id)
	} else {
		g.members[id] = volumes
	}
	err := g.save()
	if err == nil {
		return nil
	}
	if known {
		g.members[id] = before
	} else {
		delete(g.members, id)
	}
	return status.Errorf(codes.Internal, "save the volume groups: %v", err)
}

// save is called under mu.
func (g *groupStore) save() error {
	data, err := json.MarshalIndent(g.members, "", "  ")
	if err != nil {
		return err
	}
	staged := g.file + ".new"
	if err := os.MkdirAll(filepath.Dir(g.file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(staged, data, 0o600); err != nil {
		return err
	}
	return os.Rename(staged, g.file)
}

// Package replication keeps exports of two storages the same, one direction at a time: roles that survive kill -9,
// crash-consistent snapshots sent as changes, a proof for planned moves, epochs for forced ones.
package replication

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

// StateFolder lies below the storage root, beside the exports; it is no export itself.
const StateFolder = ".replication"

var nameSyntax = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$`)

// Manager holds the exports of one storage.
type Manager struct {
	root, prefix string
	http         *http.Client
	log          *slog.Logger

	mu      sync.RWMutex
	exports map[string]*running
	closed  bool
}

type running struct {
	*Export
	stop func()
}

// Open continues with all exports below root as they were left.
func Open(root, prefix string, client *http.Client, log *slog.Logger) (*Manager, error) {
	m := &Manager{root: root, prefix: path.Clean("/" + prefix), http: client, log: log, exports: map[string]*running{}}
	if err := os.MkdirAll(filepath.Join(root, StateFolder), 0o755); err != nil {
		return nil, fmt.Errorf("create the storage root: %w", err)
	}
	left, err := os.ReadDir(filepath.Join(root, StateFolder))
	if err != nil {
		return nil, fmt.Errorf("read the storage root: %w", err)
	}
	for _, entry := range left {
		// A killed creation leaves a folder without state: the export never existed.
		_, err := os.Stat(filepath.Join(m.stateDir(entry.Name()), stateFile))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		e, err := openExport(entry.Name(), m.dataDir(entry.Name()), m.stateDir(entry.Name()), client, log)
		if err != nil {
			return nil, fmt.Errorf("open export %s: %w", entry.Name(), err)
		}
		m.start(e)
	}
	return m, nil
}

func (m *Manager) dataDir(name string) string { return filepath.Join(m.root, name) }

func (m *Manager) stateDir(name string) string { return filepath.Join(m.root, StateFolder, name) }

func (m *Manager) start(e *Export) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.run(ctx)
	}()
	m.exports[e.name] = &running{e, func() { cancel(); <-ended }}
}

// Close stops replicating and leaves everything as it is.
func (m *Manager) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	var err error
	for _, e := range m.exports {
		e.stop()
		err = errors.Join(err, e.tree.Close())
	}
	m.exports = map[string]*running{}
	return err
}

func (m *Manager) find(name string) (*Export, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if e, ok := m.exports[name]; ok {
		return e.Export, nil
	}
	return nil, refuse(NotFound, "there is no export %q", name)
}

// Tree is what the NFS server serves.
func (m *Manager) Tree(name string) (*tree.Tree, bool) {
	e, err := m.find(name)
	if err != nil {
		return nil, false
	}
	return e.tree, true
}

// Path is where an export, or a folder of it, is mounted from.
func (m *Manager) Path(elements ...string) string {
	return path.Join(append([]string{m.prefix}, elements...)...)
}

// List is sorted by name.
func (m *Manager) List() []Status {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := make([]Status, 0, len(m.exports))
	for name, e := range m.exports {
		all = append(all, e.Status(m.Path(name)))
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Settings are what PUT says about an export.
type Settings struct {
	Role            Role    `json:"role"`
	Peer            string  `json:"peer"`
	IntervalSeconds float64 `json:"interval_seconds"`
}

func (s Settings) validate() error {
	switch {
	case s.Role != Primary && s.Role != Secondary:
		return refuse(Invalid, "role is %q; allowed are %s and %s", s.Role, Primary, Secondary)
	case s.IntervalSeconds < 0.1 || s.IntervalSeconds > 86400:
		return refuse(Invalid, "interval_seconds is %v; allowed is 0.1 to 86400", s.IntervalSeconds)
	case s.Peer != "" && !strings.HasPrefix(s.Peer, "http://"):
		return refuse(Invalid, "peer is %q; it must begin with http://", s.Peer)
	}
	return nil
}

// Put creates an export, or changes the peer and interval of one. It never changes a role.
func (m *Manager) Put(name string, s Settings) error {
	if !nameSyntax.MatchString(name) {
		return refuse(Invalid, "%q is not a name of an export", name)
	}
	if err := s.validate(); err != nil {
		return err
	}
	s.Peer = strings.TrimSuffix(s.Peer, "/")
	interval := time.Duration(s.IntervalSeconds * float64(time.Second))
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return errors.New("the storage is stopping")
	}
	if e, ok := m.exports[name]; ok {
		if now := e.current(); now.Role != s.Role {
			return refuse(Invalid, "export %s is %s; promote, demote or resync it to change that", name, now.Role)
		}
		defer e.nudge()
		return e.update(func(now *state) { now.Peer, now.Interval = s.Peer, interval })
	}
	begin := state{Role: s.Role, Peer: s.Peer, Interval: interval}
	if s.Role == Primary {
		begin.Epoch, begin.Source = newEpoch(1), true
	}
	e, err := createExport(name, m.dataDir(name), m.stateDir(name), begin, m.http, m.log)
	if err != nil {
		return err
	}
	m.start(e)
	return nil
}

// Delete ends the replication of an export and withdraws it; its data stays.
func (m *Manager) Delete(name string) error {
	e, err := m.find(name)
	if err != nil {
		return err
	}
	done, err := e.begin()
	if err != nil {
		return err
	}
	defer done()
	m.mu.Lock()
	defer m.mu.Unlock()
	found, ok := m.exports[name]
	if !ok {
		return refuse(NotFound, "there is no export %q", name)
	}
	found.stop()
	delete(m.exports, name)
	if err := found.withdraw(); err != nil {
		return err
	}
	if err := os.RemoveAll(m.stateDir(name)); err != nil {
		return fmt.Errorf("remove the state of export %s: %w", name, err)
	}
	return nil
}

// Volume is a directory of an export that a PersistentVolume names.
type Volume struct {
	Export string `json:"export"`
	Volume string `json:"volume"`
	Path   string `json:"path"`
}

// CreateVolume does what an external provisioner would do. An existing volume is left alone.
func (m *Manager) CreateVolume(export, volume string) (Volume, error) {
	if !nameSyntax.MatchString(volume) {
		return Volume{}, refuse(Invalid, "%q is not a name of a volume", volume)
	}
	e, err := m.find(export)
	if err != nil {
		return Volume{}, err
	}
	if role := e.current().Role; role != Primary {
		return Volume{}, refuse(Invalid, "export %s is %s here and read-only; ask the primary", export, role)
	}
	if err := e.tree.Mutate(func(root *os.Root) error { return root.MkdirAll(volume, 0o755) }); err != nil {
		return Volume{}, fmt.Errorf("create volume %s: %w", volume, err)
	}
	return Volume{export, volume, m.Path(export, volume)}, nil
}

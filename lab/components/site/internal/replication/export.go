package replication

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

// Export is one replicated directory tree with its role at this site.
type Export struct {
	name string
	dir  string // where the state lies, apart from the data
	tree *tree.Tree
	http *http.Client
	log  *slog.Logger
	wake chan struct{}

	// operation is held by the one verb that is changing this export.
	operation sync.Mutex
	// transfer is held by whoever moves content or relies on content not moving.
	transfer chan struct{}
	// sent is the newest snapshot sent by this process; nil when the peer's content must be asked for. Under transfer.
	sent *captured
	// suspect are files whose contents turned out to differ although everything said they are the same. Under transfer.
	suspect map[string]bool

	mu    sync.Mutex
	state state
	seen  observation
	fault string
}

// observation is what is known about the peer, and when it was learned.
type observation struct {
	peer      peerStatus
	at        time.Time
	reachable bool
	problem   string
}

func newExport(name, data, dir string, client *http.Client, log *slog.Logger) (*Export, error) {
	t, err := tree.Open(data, false)
	if err != nil {
		return nil, err
	}
	return &Export{
		name: name, dir: dir, tree: t, http: client, log: log.With("export", name),
		wake: make(chan struct{}, 1), transfer: make(chan struct{}, 1),
	}, nil
}

// createExport begins a replication that did not exist.
func createExport(name, data, dir string, s state, client *http.Client, log *slog.Logger) (*Export, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("create the state folder: %w", err)
	}
	e, err := newExport(name, data, dir, client, log)
	if err != nil {
		return nil, err
	}
	return e, e.become(func(now *state) { *now = s })
}

// openExport continues with the state that a killed process left. Unreadable state gives role unknown, read-only.
func openExport(name, data, dir string, client *http.Client, log *slog.Logger) (*Export, error) {
	e, err := newExport(name, data, dir, client, log)
	if err != nil {
		return nil, err
	}
	s, err := loadState(dir)
	if err != nil {
		e.state.Role, e.fault = Unknown, err.Error()
		e.log.Error("the export is read-only", "error", err)
		return e, nil
	}
	e.state = s
	if err := e.sweep(); err != nil {
		return nil, err
	}
	if err := e.recoverCommitted(); err != nil {
		e.setFault(err)
		e.log.Error("a received snapshot could not be applied", "error", err)
	}
	return e, e.become(func(*state) {})
}

// update makes a change of state durable before anybody can act on it.
func (e *Export) update(change func(*state)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	next := e.state
	change(&next)
	if err := next.save(e.dir); err != nil {
		return err
	}
	e.state = next
	return nil
}

// become changes the role: no write is under way while it happens, none with the old role comes after.
func (e *Export) become(change func(*state)) error {
	return e.tree.Hold(func(_ *os.Root, setWritable func(bool)) error {
		if err := e.update(change); err != nil {
			return err
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		setWritable(e.state.Role == Primary)
		// What was wrong in the old role is no news in the new one.
		e.seen.problem = ""
		return nil
	})
}

// withdraw makes an export read-only that is about to be forgotten, for requests that found it before.
func (e *Export) withdraw() error {
	return e.tree.Hold(func(_ *os.Root, setWritable func(bool)) error {
		setWritable(false)
		return nil
	})
}

// sweep removes what a killed process was still staging.
func (e *Export) sweep() error {
	for _, pattern := range []string{incomingPattern, filepath.Base(e.outgoingJournal()), stagedPattern} {
		left, err := filepath.Glob(filepath.Join(e.dir, pattern))
		if err != nil {
			return fmt.Errorf("sweep the state folder: %w", err)
		}
		for _, name := range left {
			if err := os.Remove(name); err != nil {
				return fmt.Errorf("sweep the state folder: %w", err)
			}
		}
	}
	return nil
}

func (e *Export) current() state {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state
}

func (e *Export) setFault(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fault = ""
	if err != nil {
		e.fault = err.Error()
	}
}

// begin claims the export for one verb.
func (e *Export) begin() (done func(), err error) {
	if !e.operation.TryLock() {
		return nil, refuse(Busy, "another operation on export %s is running; try again", e.name)
	}
	return e.operation.Unlock, nil
}

func (e *Export) lockTransfer(ctx context.Context) error {
	select {
	case e.transfer <- struct{}{}:
		return nil
	case <-ctx.Done():
		return refuse(Busy, "export %s is still moving a snapshot: %v", e.name, ctx.Err())
	}
}

func (e *Export) unlockTransfer() { <-e.transfer }

func (e *Export) nudge() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *Export) committedJournal() string { return filepath.Join(e.dir, "committed.journal") }

const incomingPattern = "incoming-*.journal"

func (e *Export) outgoingJournal() string { return filepath.Join(e.dir, "outgoing.journal") }

// recoverCommitted applies a snapshot that was received whole, as often as it takes.
func (e *Export) recoverCommitted() (err error) {
	journal, err := os.Open(e.committedJournal())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the received snapshot: %w", err)
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	var h header
	err = e.tree.Hold(func(root *os.Root, _ func(bool)) (err error) {
		h, err = apply(root, journal)
		return err
	})
	if err != nil {
		return fmt.Errorf("apply the received snapshot: %w", err)
	}
	if err := e.update(func(s *state) { s.received(h) }); err != nil {
		return err
	}
	if err := os.Remove(e.committedJournal()); err != nil {
		return fmt.Errorf("remove the applied snapshot: %w", err)
	}
	return nil
}

// received makes this side a clean secondary of the sender.
func (s *state) received(h header) {
	s.Epoch, s.Snapshot, s.LastSync = h.Epoch, h.Snapshot, &h.Taken
	s.Source, s.Synced, s.Resyncing, s.Diverged = false, "", false, ""
}

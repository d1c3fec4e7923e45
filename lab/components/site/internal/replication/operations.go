package replication

import (
	"context"
	"fmt"
	"time"
)

// transferPatience is how long a change of role waits for a snapshot that is being applied.
const transferPatience = 15 * time.Second

// Promote makes this side writable. Without force only when nothing can be lost; with force always, in a new epoch.
func (e *Export) Promote(ctx context.Context, force bool) error {
	done, err := e.begin()
	if err != nil {
		return err
	}
	defer done()
	s := e.current()
	if s.Role == Primary {
		return nil
	}
	if s.Role != Secondary {
		return refuse(Invalid, "the role of export %s is %s: repair its state first", e.name, s.Role)
	}
	epoch := s.Epoch
	switch {
	case force:
		e.mu.Lock()
		epoch = newEpoch(max(s.Epoch.Number, e.seen.peer.Epoch.Number) + 1)
		e.mu.Unlock()
	case s.Peer != "":
		if epoch, err = e.orderly(ctx, s); err != nil {
			return err
		}
	case epoch.Blank():
		epoch = newEpoch(1)
	}
	waiting, cancel := context.WithTimeout(ctx, transferPatience)
	defer cancel()
	if err := e.lockTransfer(waiting); err != nil {
		return err
	}
	defer e.unlockTransfer()
	e.sent = nil
	if err := e.recoverCommitted(); err != nil {
		return err
	}
	if now := e.current(); !force && now.Snapshot != s.Snapshot {
		return refuse(Busy, "a snapshot arrived during the promotion; try again")
	}
	err = e.become(func(s *state) {
		s.Role, s.Epoch, s.RecoveryPoint = Primary, epoch, s.LastSync
		s.Source, s.Synced, s.Resyncing = true, "", false
		if force {
			s.Diverged, s.LastSync = "", nil
		}
	})
	if err != nil {
		return err
	}
	e.log.Info("promoted", "force", force, "epoch", epoch.String())
	e.nudge()
	return nil
}

// orderly asks both sides whether a promotion loses nothing, and returns the epoch to go on in.
func (e *Export) orderly(ctx context.Context, s state) (Epoch, error) {
	switch {
	case s.Diverged != "":
		return Epoch{}, refuse(Diverged, "export %s: %s; resync it first", e.name, s.Diverged)
	case s.Resyncing:
		return Epoch{}, refuse(NotSynced, "export %s: the resync has not completed", e.name)
	}
	there, err := e.peer().grant(ctx, grantRequest{s.Epoch, s.Snapshot})
	if err != nil {
		return Epoch{}, err
	}
	switch {
	case s.Epoch.Blank() && there.Epoch.Blank():
		return newEpoch(1), nil
	case s.Epoch.Blank():
		return Epoch{}, refuse(NotSynced, "export %s has not received a snapshot yet", e.name)
	}
	return s.Epoch, nil
}

// Demote makes this side read-only from the moment it returns.
func (e *Export) Demote() error {
	done, err := e.begin()
	if err != nil {
		return err
	}
	defer done()
	switch s := e.current(); s.Role {
	case Secondary:
		return nil
	case Unknown:
		return refuse(Invalid, "the role of export %s is unknown: repair its state first", e.name)
	}
	if err := e.become(func(s *state) { s.Role, s.Source, s.Synced = Secondary, true, "" }); err != nil {
		return err
	}
	e.log.Info("demoted")
	e.nudge()
	return nil
}

// SyncProof says that both sides held the same at a moment, and how that was established.
type SyncProof struct {
	DigestLocal string    `json:"digest_local"`
	DigestPeer  string    `json:"digest_peer"`
	Files       int       `json:"files"`
	Bytes       int64     `json:"bytes"`
	Compared    string    `json:"compared"`
	At          time.Time `json:"at"`
}

// Sync sends everything and proves it by hashing every file on both sides.
func (e *Export) Sync(ctx context.Context) (SyncProof, error) {
	done, err := e.begin()
	if err != nil {
		return SyncProof{}, err
	}
	defer done()
	if s := e.current(); s.Role != Primary && !s.Source {
		return SyncProof{}, refuse(Invalid, "export %s receives here; its final sync is asked of the peer", e.name)
	}
	if err := e.lockTransfer(ctx); err != nil {
		return SyncProof{}, err
	}
	defer e.unlockTransfer()
	there, err := e.observe(ctx)
	if err != nil {
		return SyncProof{}, err
	}
	var different []string
	for range 2 {
		shot, err := e.replicate(ctx, there, true)
		if err != nil {
			return SyncProof{}, err
		}
		snapshot, theirs, err := e.peer().digests(ctx)
		if err != nil {
			return SyncProof{}, err
		}
		if different = shot.digests.differing(theirs); snapshot == shot.id && len(different) == 0 {
			return e.proven(shot, theirs)
		}
		e.log.Warn("the sides differ after a transfer; comparing block by block", "files", len(different))
		e.sent, e.suspect = nil, map[string]bool{}
		for _, name := range different {
			e.suspect[name] = true
		}
	}
	return SyncProof{}, refuse(NotSynced, "%d files still differ after a full comparison, the first is %q",
		len(different), first(different))
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func (e *Export) proven(shot captured, theirs digests) (SyncProof, error) {
	err := e.update(func(s *state) {
		if s.Role == Secondary {
			s.Synced = shot.id
		}
	})
	if err != nil {
		return SyncProof{}, err
	}
	local, files, size := shot.digests.total()
	remote, _, _ := theirs.total()
	e.log.Info("final sync proven", "files", files, "bytes", size, "digest", local)
	return SyncProof{local, remote, files, size, "sha256 of every file", shot.taken}, nil
}

// Resync gives this side's content up: the peer, which must be primary, overwrites it.
func (e *Export) Resync(ctx context.Context) error {
	done, err := e.begin()
	if err != nil {
		return err
	}
	defer done()
	s := e.current()
	there, err := e.look(ctx)
	if err != nil {
		return err
	}
	if s = e.current(); s.Role == Primary && s.Diverged == "" {
		return refuse(NotSecondary, "export %s is primary and not diverged: its content is the valid one", e.name)
	}
	if there.Role != Primary {
		return refuse(Invalid, "the peer is %s: there is no primary to take the content from", there.Role)
	}
	if err := e.lockTransfer(ctx); err != nil {
		return err
	}
	defer e.unlockTransfer()
	e.sent = nil
	err = e.become(func(s *state) {
		*s = state{Role: Secondary, Peer: s.Peer, Interval: s.Interval, Resyncing: true}
	})
	if err != nil {
		return err
	}
	e.log.Info("resync", "from", s.Peer)
	if err := e.peer().wakeUp(ctx); err != nil {
		return fmt.Errorf("the resync begins at the peer's next interval: %w", err)
	}
	return nil
}

// Pause stops the periodic snapshots at this side, sent or taken; a final sync that this side is asked for still runs.
func (e *Export) Pause(paused bool) error {
	if err := e.update(func(s *state) { s.Paused = paused }); err != nil {
		return err
	}
	e.nudge()
	return nil
}

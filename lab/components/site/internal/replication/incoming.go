package replication

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// accepts refuses what would overwrite somebody's writes.
func (s state) accepts(h header) error {
	switch {
	case s.Role != Secondary:
		return refuse(PeerIsPrimary, "this side is %s in epoch %s and takes no snapshots", s.Role, s.Epoch)
	case !s.Epoch.Blank() && s.Epoch.ID != h.Epoch.ID:
		return refuse(Diverged, "this side is in epoch %s, the snapshot in %s", s.Epoch, h.Epoch)
	case s.Source && s.Synced == "":
		return refuse(NotSynced, "this side was demoted with writes that were never synced")
	case s.Paused:
		return refuse(Busy, "replication is paused at this side")
	case s.Snapshot != h.Base:
		return refuse(baseMismatch, "this side holds snapshot %q, not %q", s.Snapshot, h.Base)
	}
	return nil
}

// receive stages a snapshot beside the export; only when it is there as a whole it is switched to.
func (e *Export) receive(ctx context.Context, body io.Reader) (err error) {
	staged, err := os.CreateTemp(e.dir, incomingPattern)
	if err != nil {
		return fmt.Errorf("stage the snapshot: %w", err)
	}
	defer func() {
		// After the switch the staged name is gone.
		if removal := os.Remove(staged.Name()); !errors.Is(removal, os.ErrNotExist) {
			err = errors.Join(err, removal)
		}
	}()
	h, err := readJournal(io.TeeReader(body, staged), func(o op, data io.Reader) error {
		if data == nil {
			return nil
		}
		n, err := io.Copy(io.Discard, data)
		if err == nil && n != o.Length {
			err = io.ErrUnexpectedEOF
		}
		return err
	})
	if err = errors.Join(err, staged.Close()); err != nil {
		return fmt.Errorf("stage the snapshot: %w", err)
	}
	if err := e.lockTransfer(ctx); err != nil {
		return err
	}
	defer e.unlockTransfer()
	if err := e.commit(staged.Name(), h); err != nil {
		return err
	}
	e.nudge()
	return nil
}

func (e *Export) commit(staged string, h header) error {
	// A snapshot that could not be applied earlier comes first.
	if err := e.recoverCommitted(); err != nil {
		e.setFault(err)
		return err
	}
	if err := e.current().accepts(h); err != nil {
		return err
	}
	if err := publish(staged, e.committedJournal()); err != nil {
		return err
	}
	err := e.recoverCommitted()
	e.setFault(err)
	return err
}

// granted answers a peer that wants to become primary in an orderly way.
func (e *Export) granted(request grantRequest) (peerStatus, error) {
	done, err := e.begin()
	if err != nil {
		return peerStatus{}, err
	}
	defer done()
	s := e.current()
	switch {
	case s.Role == Primary:
		return peerStatus{}, refuse(PeerIsPrimary, "it is primary in epoch %s; demote it first", s.Epoch)
	case s.Role != Secondary:
		return peerStatus{}, refuse(Invalid, "its role is %s, which is not secondary", s.Role)
	case !s.Epoch.Blank() && s.Epoch.ID != request.Epoch.ID:
		return peerStatus{}, refuse(Diverged, "it is in epoch %s, this side in %s", s.Epoch, request.Epoch)
	case s.Source && s.Synced == "":
		return peerStatus{}, refuse(NotSynced, "it was demoted, but its final sync has not completed")
	case s.Source && s.Synced != request.Snapshot:
		return peerStatus{}, refuse(NotSynced, "its final sync was snapshot %s, this side holds %q", s.Synced, request.Snapshot)
	}
	return s.forPeer(), nil
}

func (s state) forPeer() peerStatus {
	return peerStatus{
		Role: s.Role, Epoch: s.Epoch, Snapshot: s.Snapshot, Source: s.Source, Synced: s.Synced, Paused: s.Paused,
		Resyncing: s.Resyncing,
	}
}

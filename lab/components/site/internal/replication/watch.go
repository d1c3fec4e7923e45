package replication

import (
	"context"
	"errors"
	"time"
)

// run looks at the peer at every interval and sends a snapshot when this side is primary, until ctx ends.
func (e *Export) run(ctx context.Context) {
	for {
		s := e.current()
		if s.Peer != "" && s.Role != Unknown {
			e.cycle(ctx)
		}
		timer := time.NewTimer(max(s.Interval, time.Second/10))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-e.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (e *Export) cycle(ctx context.Context) {
	err := e.exchange(ctx)
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	e.mu.Lock()
	changed := problem != e.seen.problem
	e.seen.problem = problem
	e.mu.Unlock()
	switch {
	case !changed || ctx.Err() != nil:
	case err != nil:
		e.log.Warn("replication", "error", err)
	default:
		e.log.Info("replication works")
	}
}

func (e *Export) exchange(ctx context.Context) error {
	if s := e.current(); s.Role != Primary || s.Paused {
		_, err := e.look(ctx)
		return err
	}
	if err := e.lockTransfer(ctx); err != nil {
		return err
	}
	defer e.unlockTransfer()
	there, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if s := e.current(); s.Role != Primary || s.Paused {
		return nil
	}
	if there.Paused {
		return refuse(Busy, "replication is paused at the peer")
	}
	_, err = e.replicate(ctx, there, false)
	var refusal *Error
	if err != nil && (errors.As(err, &refusal) || ctx.Err() != nil) {
		return err
	}
	// What is not the peer's answer is a failure of this side, until a snapshot succeeds.
	e.setFault(err)
	return err
}

// look asks the peer how it is, and remembers the answer and what it means for this side.
func (e *Export) look(ctx context.Context) (peerStatus, error) {
	there, err := e.peer().status(ctx)
	e.mu.Lock()
	e.seen.reachable = reasonOf(err) != PeerUnreachable
	if err == nil {
		e.seen.peer, e.seen.at = there, time.Now()
	}
	s := e.state
	e.mu.Unlock()
	if err != nil {
		return there, err
	}
	if verdict := s.divergence(there); verdict != s.Diverged {
		if err := e.update(func(s *state) { s.Diverged = verdict }); err != nil {
			return there, err
		}
	}
	return there, nil
}

// observe is look for a side that wants to send: anything but a willing secondary is an error.
func (e *Export) observe(ctx context.Context) (peerStatus, error) {
	there, err := e.look(ctx)
	if err != nil {
		return there, err
	}
	s := e.current()
	switch {
	case s.Diverged != "":
		return there, refuse(Diverged, "%s", s.Diverged)
	case !there.Epoch.Blank() && there.Epoch.ID != s.Epoch.ID:
		return there, refuse(Diverged, "the peer is %s in the older epoch %s; it needs a resync", there.Role, there.Epoch)
	case there.Role != Secondary:
		return there, refuse(PeerIsPrimary, "the peer is %s", there.Role)
	}
	return there, nil
}

// divergence says why this side, not the peer, has the content that must go; empty when it has not.
func (s state) divergence(there peerStatus) string {
	switch {
	case s.Epoch.Blank() || there.Epoch.Blank() || s.Epoch.ID == there.Epoch.ID:
		return ""
	case s.Epoch.Number > there.Epoch.Number:
		return ""
	}
	return "the peer is " + string(there.Role) + " in epoch " + there.Epoch.String() + ", this side in " + s.Epoch.String()
}

package replication

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"ocpvirt.dr/lab/components/site/internal/tree"
)

// racyWindow: a file changed this shortly before a snapshot may have changed again without a new time stamp.
const racyWindow = 2 * time.Second

// replicate brings the peer to a snapshot taken now. The caller holds transfer.
func (e *Export) replicate(ctx context.Context, there peerStatus, wantDigests bool) (shot captured, err error) {
	p := e.peer()
	base := e.sent
	if base == nil || base.id != there.Snapshot {
		if base, err = e.compare(ctx, p); err != nil {
			return shot, err
		}
	}
	// From here on the tree no longer remembers its changes: a failure makes the next attempt compare.
	e.sent = nil
	journal, err := os.Create(e.outgoingJournal())
	if err != nil {
		return shot, fmt.Errorf("create the journal: %w", err)
	}
	defer func() { err = errors.Join(err, journal.Close(), os.Remove(journal.Name())) }()
	h := header{Epoch: e.current().Epoch, Base: base.id, Snapshot: newID()}
	if shot, err = capture(e.tree, journal, h, base.contents, wantDigests); err != nil {
		return shot, err
	}
	if err := p.send(ctx, journal); err != nil {
		return shot, err
	}
	if err := e.update(func(s *state) { s.Snapshot, s.LastSync = shot.id, &shot.taken }); err != nil {
		return shot, err
	}
	e.sent, e.suspect = &captured{id: shot.id, contents: shot.contents}, nil
	return shot, nil
}

// compare finds out what the peer holds, and marks what differs as changed here.
func (e *Export) compare(ctx context.Context, p peer) (*captured, error) {
	theirs, err := p.manifest(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := scan(e.tree.Root())
	if err != nil {
		return nil, err
	}
	for _, name := range ours.paths() {
		is, was := ours[name], theirs.Contents[name]
		_, known := theirs.Contents[name]
		if is.Dir || !known || was.Dir || !e.doubtful(name, is, was, theirs.Taken) {
			continue
		}
		extents, err := e.compareBlocks(ctx, p, name)
		if err != nil {
			return nil, err
		}
		changes := []tree.Change{{Path: name}}
		for _, x := range extents {
			changes = append(changes, tree.Change{Path: name, Start: x.Start, End: x.End})
		}
		e.tree.MarkDirty(changes...)
	}
	return &captured{id: theirs.Snapshot, contents: theirs.Contents}, nil
}

func (e *Export) doubtful(name string, is, was entry, taken *time.Time) bool {
	return e.suspect[name] || !is.sameContent(was) || taken == nil || is.MTime.After(taken.Add(-racyWindow))
}

func (e *Export) compareBlocks(ctx context.Context, p peer, name string) (_ tree.Extents, err error) {
	local, err := e.tree.Root().Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, local.Close()) }()
	remote, err := p.blocks(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remote.Close()) }()
	return differingBlocks(local, remote)
}

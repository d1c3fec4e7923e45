package csiaddons

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/csi-addons/spec/lib/go/replication"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// parallel bounds how many volumes of a group are switched at the same time.
const parallel = 16

type replicationServer struct {
	replication.UnimplementedControllerServer
	backend Backend
	groups  *groupStore
	log     *slog.Logger
	pending pending
}

// request is what all replication requests have.
type request interface {
	GetReplicationSource() *replication.ReplicationSource
	GetVolumeId() string
}

// source is the name of a request's volume or group, and the volumes that are meant.
func (s *replicationServer) source(r request) (name string, volumes []string, err error) {
	if group := r.GetReplicationSource().GetVolumegroup(); group != nil {
		volumes, err = s.groups.volumes(group.GetVolumeGroupId())
		return group.GetVolumeGroupId(), volumes, err
	}
	name = r.GetVolumeId()
	if volume := r.GetReplicationSource().GetVolume(); volume != nil {
		name = volume.GetVolumeId()
	}
	if name == "" {
		return "", nil, status.Error(codes.InvalidArgument, "the request names neither a volume nor a volume group")
	}
	return name, []string{name}, nil
}

// change does the same to every volume of the source. A group is switched as a unit as far as a storage can that
// replicates each volume on its own: all are tried, and any failure fails the request.
func (s *replicationServer) change(
	ctx context.Context, verb string, r request, do func(ctx context.Context, volume string) error,
) error {
	name, volumes, err := s.source(r)
	if err != nil {
		return err
	}
	done, err := s.pending.claim(name)
	if err != nil {
		return err
	}
	defer done()
	began := time.Now()
	err = each(ctx, volumes, do)
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
	}
	s.log.Log(ctx, level, verb, "source", name, "volumes", len(volumes), "took", time.Since(began).Round(time.Millisecond),
		"error", err)
	return err
}

// each answers with the code that most of all keeps a caller from going on: a refusal that force would override must
// not hide a failure that it would not.
func each(ctx context.Context, volumes []string, do func(ctx context.Context, volume string) error) error {
	failures := make([]error, len(volumes))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, volume := range volumes {
		group.Go(func() error {
			failures[i] = do(ctx, volume)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if len(volumes) == 1 {
		return failures[0]
	}
	code, failed := codes.OK, 0
	var messages error
	for i, failure := range failures {
		if failure == nil {
			continue
		}
		failed++
		messages = errors.Join(messages, fmt.Errorf("volume %s: %s", volumes[i], status.Convert(failure).Message()))
		if c := status.Code(failure); code == codes.OK || code == codes.FailedPrecondition {
			code = c
		}
	}
	if failed == 0 {
		return nil
	}
	return status.Errorf(code, "%d of %d volumes: %v", failed, len(volumes), messages)
}

func (s *replicationServer) EnableVolumeReplication(
	ctx context.Context, r *replication.EnableVolumeReplicationRequest,
) (*replication.EnableVolumeReplicationResponse, error) {
	return &replication.EnableVolumeReplicationResponse{}, s.change(ctx, "enable", r,
		func(ctx context.Context, volume string) error {
			return s.backend.Enable(ctx, volume, r.GetParameters())
		})
}

func (s *replicationServer) DisableVolumeReplication(
	ctx context.Context, r *replication.DisableVolumeReplicationRequest,
) (*replication.DisableVolumeReplicationResponse, error) {
	return &replication.DisableVolumeReplicationResponse{}, s.change(ctx, "disable", r, s.backend.Disable)
}

func (s *replicationServer) PromoteVolume(
	ctx context.Context, r *replication.PromoteVolumeRequest,
) (*replication.PromoteVolumeResponse, error) {
	verb := "promote"
	if r.GetForce() {
		verb = "promote with force"
	}
	return &replication.PromoteVolumeResponse{}, s.change(ctx, verb, r,
		func(ctx context.Context, volume string) error { return s.backend.Promote(ctx, volume, r.GetForce()) })
}

func (s *replicationServer) DemoteVolume(
	ctx context.Context, r *replication.DemoteVolumeRequest,
) (*replication.DemoteVolumeResponse, error) {
	return &replication.DemoteVolumeResponse{}, s.change(ctx, "demote", r, s.backend.Demote)
}

// ResyncVolume is ready when every volume is.
func (s *replicationServer) ResyncVolume(
	ctx context.Context, r *replication.ResyncVolumeRequest,
) (*replication.ResyncVolumeResponse, error) {
	var waiting atomic.Int32
	err := s.change(ctx, "resync", r, func(ctx context.Context, volume string) error {
		ready, err := s.backend.Resync(ctx, volume, r.GetForce())
		if err == nil && !ready {
			waiting.Add(1)
		}
		return err
	})
	return &replication.ResyncVolumeResponse{Ready: err == nil && waiting.Load() == 0}, err
}

// GetVolumeReplicationInfo tells the oldest moment of a group: what all of its volumes hold at the peer.
func (s *replicationServer) GetVolumeReplicationInfo(
	ctx context.Context, r *replication.GetVolumeReplicationInfoRequest,
) (*replication.GetVolumeReplicationInfoResponse, error) {
	_, volumes, err := s.source(r)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var oldest time.Time
	err = each(ctx, volumes, func(ctx context.Context, volume string) error {
		at, err := s.backend.LastSync(ctx, volume)
		mu.Lock()
		defer mu.Unlock()
		if err == nil && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &replication.GetVolumeReplicationInfoResponse{LastSyncTime: timestamppb.New(oldest)}, nil
}

// pending are the sources that an operation is running on.
type pending struct {
	mu    sync.Mutex
	names map[string]bool
}

func (p *pending) claim(name string) (done func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names[name] {
		return nil, status.Errorf(codes.Aborted, "an operation on %s is pending already", name)
	}
	if p.names == nil {
		p.names = map[string]bool{}
	}
	p.names[name] = true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.names, name)
	}, nil
}

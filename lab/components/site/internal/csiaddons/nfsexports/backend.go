// Package nfsexports drives the lab's storage for the CSI-Addons driver: a volume is an export of its own.
package nfsexports

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"ocpvirt.dr/lab/components/site/internal/fence"
	"ocpvirt.dr/lab/components/site/internal/replication"
)

const driver = "nfs.csi.k8s.io"

// Parameters of a VolumeReplicationClass that matter when a volume has no peer yet.
const (
	peerParameter     = "peer"
	intervalParameter = "interval"
)

// finalSyncLimit bounds the final sync after a demotion, which runs on when the request was answered.
const finalSyncLimit = 10 * time.Minute

// Options say which storage this is.
type Options struct {
	Control string // URL of its control API
	Server  string // address of its NFS server
	Prefix  string // path that its exports are mounted below
	Site    string
	Clients []string // networks that this site's nodes use the storage from
}

// Backend implements csiaddons.Backend.
type Backend struct {
	options Options
	control control
	log     *slog.Logger
	// running are the exports whose final sync is under way.
	mu      sync.Mutex
	running map[string]bool
	ctx     context.Context
}

// New returns a backend whose background work ends with ctx.
func New(ctx context.Context, options Options, log *slog.Logger) *Backend {
	return &Backend{
		options: options, control: control{options.Control, &http.Client{}}, log: log,
		running: map[string]bool{}, ctx: ctx,
	}
}

// Driver implements csiaddons.Backend.
func (b *Backend) Driver() string { return driver }

// with calls do with a volume's export and its status.
func (b *Backend) with(ctx context.Context, volume string, do func(export string, now replication.Status) error) error {
	export, err := b.export(volume)
	if err != nil {
		return err
	}
	var now replication.Status
	if err := b.control.export(ctx, http.MethodGet, export, "", nil, &now); err != nil {
		return err
	}
	return do(export, now)
}

// Enable gives a volume that has no peer the one of the class. The peer must hold an export of the same name.
func (b *Backend) Enable(ctx context.Context, volume string, parameters map[string]string) error {
	return b.with(ctx, volume, func(export string, now replication.Status) error {
		if now.Peer != "" {
			return nil
		}
		peer := parameters[peerParameter]
		if peer == "" {
			return status.Errorf(codes.FailedPrecondition,
				"export %s has no peer, and the class has no parameter %q", export, peerParameter)
		}
		interval := now.IntervalSeconds
		if text := parameters[intervalParameter]; text != "" {
			parsed, err := time.ParseDuration(text)
			if err != nil {
				return status.Errorf(codes.InvalidArgument, "parameter %s: %v", intervalParameter, err)
			}
			interval = parsed.Seconds()
		}
		settings := replication.Settings{Role: now.Role, Peer: peer, IntervalSeconds: interval}
		return b.control.export(ctx, http.MethodPut, export, "", settings, nil)
	})
}

// Disable is the primary's to do; at a secondary there is nothing to disable.
func (b *Backend) Disable(ctx context.Context, volume string) error {
	return b.with(ctx, volume, func(export string, now replication.Status) error {
		if now.Role != replication.Primary || now.Peer == "" {
			return nil
		}
		settings := replication.Settings{Role: now.Role, IntervalSeconds: now.IntervalSeconds}
		return b.control.export(ctx, http.MethodPut, export, "", settings, nil)
	})
}

// Promote implements csiaddons.Backend.
func (b *Backend) Promote(ctx context.Context, volume string, force bool) error {
	export, err := b.export(volume)
	if err != nil {
		return err
	}
	return b.control.export(ctx, http.MethodPost, export, "promote", map[string]bool{"force": force}, nil)
}

// Demote answers when the volume is read-only. What was written last reaches the peer afterwards.
func (b *Backend) Demote(ctx context.Context, volume string) error {
	return b.with(ctx, volume, func(export string, now replication.Status) error {
		if now.Role == replication.Secondary {
			return nil
		}
		if err := b.control.export(ctx, http.MethodPost, export, "demote", nil, nil); err != nil {
			return err
		}
		b.finalSync(export)
		return nil
	})
}

// Resync follows ceph-csi: ready is a volume whose sides are both demoted and hold the same, not one that receives
// from a live primary. Without force a split brain is an error; with force the content of this side is given up.
func (b *Backend) Resync(ctx context.Context, volume string, force bool) (ready bool, err error) {
	err = b.with(ctx, volume, func(export string, now replication.Status) error {
		switch {
		case now.Role != replication.Secondary:
			return status.Errorf(codes.FailedPrecondition, "export %s is %s; demote it first", export, now.Role)
		case splitBrain(now) && force:
			return b.control.export(ctx, http.MethodPost, export, "resync", nil, nil)
		case splitBrain(now):
			return status.Errorf(codes.Internal, "export %s is in split brain: %s; resync it with force", export, now.Error)
		case now.Synced:
			ready = now.PeerRole == replication.Secondary
		case now.Direction == "none":
			// demoted here, and what was written last is not proven to be at the peer
			b.finalSync(export)
		default:
			ready = now.PeerSynced
		}
		return nil
	})
	return ready, err
}

// splitBrain is also a demoted side with writes that its peer does not hold, while the peer is a primary already.
func splitBrain(now replication.Status) bool {
	unsent := now.Direction == "none" && !now.Synced && now.Peer != ""
	return now.Health == replication.HealthDiverged || unsent && now.PeerRole == replication.Primary
}

// finalSync runs once at a time for an export. A failure is told and left to the next Resync.
func (b *Backend) finalSync(export string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running[export] {
		return
	}
	b.running[export] = true
	go func() {
		ctx, cancel := context.WithTimeout(b.ctx, finalSyncLimit)
		defer cancel()
		err := b.control.export(ctx, http.MethodPost, export, "sync", nil, nil)
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.running, export)
		if err != nil {
			b.log.Warn("final sync", "export", export, "error", err)
			return
		}
		b.log.Info("final sync is proven", "export", export)
	}()
}

// LastSync implements csiaddons.Backend.
func (b *Backend) LastSync(ctx context.Context, volume string) (at time.Time, err error) {
	err = b.with(ctx, volume, func(export string, now replication.Status) error {
		switch {
		case now.Role != replication.Primary:
			return status.Errorf(codes.FailedPrecondition, "export %s is %s, not primary", export, now.Role)
		case now.LastSync == nil:
			return status.Errorf(codes.NotFound, "nothing of export %s reached the peer yet", export)
		}
		at = *now.LastSync
		return nil
	})
	return at, err
}

// Fence implements csiaddons.Backend.
func (b *Backend) Fence(ctx context.Context, cidrs []string) error {
	return b.control.ask(ctx, http.MethodPost, "/v1/fence", fence.Document{CIDRs: cidrs}, nil)
}

// Unfence implements csiaddons.Backend.
func (b *Backend) Unfence(ctx context.Context, cidrs []string) error {
	return b.control.ask(ctx, http.MethodDelete, "/v1/fence", fence.Document{CIDRs: cidrs}, nil)
}

// Fenced implements csiaddons.Backend.
func (b *Backend) Fenced(ctx context.Context) ([]string, error) {
	var now fence.Document
	err := b.control.ask(ctx, http.MethodGet, "/v1/fence", nil, &now)
	return now.CIDRs, err
}

// Clients implements csiaddons.Backend.
func (b *Backend) Clients() (id string, cidrs []string) { return b.options.Site, b.options.Clients }

// Package rbdimages drives RBD mirroring for the CSI-Addons driver, as ceph-csi does it: a volume is an image that
// mirror snapshots copy to the other site's Ceph cluster. Without the build tag ceph it reaches no cluster.
package rbdimages

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const driver = "rbd.csi.ceph.com"

// Options say which cluster this is.
type Options struct {
	Conf    string // path of its ceph.conf
	User    string // cephx user without "client."
	Site    string
	Clients []string // networks that this site's nodes use the cluster from
}

// Backend implements csiaddons.Backend. librbd knows no context: a call ends when Ceph has answered.
type Backend struct {
	options Options
	cluster cluster
}

// New returns a backend that connects when it is first asked.
func New(options Options) *Backend {
	return &Backend{options: options, cluster: newCluster(options.Conf, options.User)}
}

// Driver implements csiaddons.Backend.
func (b *Backend) Driver() string { return driver }

// find names a volume's image and reads its mirroring.
func (b *Backend) find(volume string) (image, mirroring, error) {
	named, err := parseHandle(volume)
	if err != nil {
		return nil, mirroring{}, err
	}
	fsid, err := b.cluster.fsid()
	if err != nil {
		return nil, mirroring{}, status.Errorf(codes.Unavailable, "volume %s: %v", volume, err)
	}
	if named.cluster != fsid {
		return nil, mirroring{}, status.Errorf(codes.InvalidArgument,
			"volume handle %q names cluster %s; this site's is %s", volume, named.cluster, fsid)
	}
	found := b.cluster.image(named.pool, named.image)
	now, err := found.mirroring()
	if err != nil {
		return nil, mirroring{}, failure(volume, err)
	}
	return found, now, nil
}

// mirrored is find for an image whose mirroring must be enabled.
func (b *Backend) mirrored(volume string) (image, mirroring, error) {
	found, now, err := b.find(volume)
	if err == nil && now.state != enabled {
		err = status.Errorf(codes.InvalidArgument, "volume %s: mirroring of its image is %s", volume, now.state)
	}
	return found, now, err
}

// failure is an error of Ceph with a gRPC code; nil stays nil.
func failure(volume string, err error) error {
	switch {
	case err == nil:
		return nil
	case failedWith(err, syscall.ENOENT):
		return status.Errorf(codes.NotFound, "volume %s: %v", volume, err)
	}
	return status.Errorf(codes.Internal, "volume %s: %v", volume, err)
}

// Enable also sets the schedule, which ceph-csi does at the promotion: csi-addons' manager enables right before that.
func (b *Backend) Enable(_ context.Context, volume string, parameters map[string]string) error {
	every, err := interval(parameters)
	if err != nil {
		return err
	}
	found, now, err := b.find(volume)
	if err != nil {
		return err
	}
	if now.state != enabled {
		if err := found.enable(); err != nil {
			return failure(volume, err)
		}
	}
	if every == "" {
		return nil
	}
	return failure(volume, found.schedule(every))
}

// Disable is the primary's to do, and takes the copy at the peer away. At a secondary that follows a primary there is
// nothing to disable.
func (b *Backend) Disable(_ context.Context, volume string) error {
	found, now, err := b.find(volume)
	if err != nil {
		return err
	}
	switch {
	case now.state == disabled:
		return nil
	case now.state == disabling:
		return status.Errorf(codes.Aborted, "volume %s: its mirroring is being disabled", volume)
	case now.primary:
		return failure(volume, found.disable())
	}
	reports, err := found.reports()
	if err != nil {
		return failure(volume, err)
	}
	if own := local(reports); !own.up || own.state != replaying {
		return status.Errorf(codes.InvalidArgument, "volume %s is secondary and follows no primary: %s", volume, own)
	}
	return nil
}

// Promote answers FailedPrecondition where Ceph refuses because the peer is primary, or its demotion has not arrived.
func (b *Backend) Promote(_ context.Context, volume string, force bool) error {
	found, now, err := b.mirrored(volume)
	if err != nil || now.primary {
		return err
	}
	err = found.promote(force)
	if failedWith(err, syscall.EBUSY) {
		return status.Errorf(codes.FailedPrecondition, "volume %s: %v", volume, err)
	}
	return failure(volume, err)
}

// Demote notes which image it was: a resync makes another one of the same name.
func (b *Backend) Demote(_ context.Context, volume string) error {
	found, now, err := b.mirrored(volume)
	if err != nil || !now.primary {
		return err
	}
	created, err := found.created()
	if err == nil {
		err = found.setNote(written(created))
	}
	if err == nil {
		err = found.demote()
	}
	return failure(volume, err)
}

// Resync is ready when both sides are demoted and hold the same, never while it follows a live primary. With force an
// image that is still the one that was demoted is thrown away and copied again.
func (b *Backend) Resync(_ context.Context, volume string, force bool) (ready bool, err error) {
	found, now, err := b.mirrored(volume)
	if status.Code(err) == codes.NotFound {
		return false, status.Errorf(codes.Aborted, "a resync makes its image anew: %v", status.Convert(err).Message())
	}
	if err != nil {
		return false, err
	}
	if now.primary {
		return false, status.Errorf(codes.InvalidArgument, "volume %s is primary; demote it first", volume)
	}
	reports, err := found.reports()
	if err != nil {
		return false, failure(volume, err)
	}
	own := local(reports)
	told, err := own.replay()
	if err != nil {
		return false, failure(volume, err)
	}
	if force && !told.syncing() {
		asked, err := resyncOnce(found)
		if err != nil {
			return false, failure(volume, err)
		}
		if asked {
			return false, status.Errorf(codes.Unavailable, "volume %s: its image is thrown away and copied again", volume)
		}
	}
	if bothDemoted(reports) {
		return true, nil
	}
	if _, known := told.at(); !known {
		return false, status.Errorf(codes.Internal, "volume %s: no time of a last sync: %s", volume, own)
	}
	return false, nil
}

// resyncOnce asks for a resync of the image that was demoted, not of the one that a resync has made.
func resyncOnce(found image) (asked bool, err error) {
	demoted, err := found.note()
	if err != nil || demoted == "" {
		return false, err
	}
	created, err := found.created()
	if err != nil || demoted != written(created) {
		return false, err
	}
	return true, found.resync()
}

// LastSync is told by the peer. That it is not known yet must not be an error for csi-addons' manager, which would
// leave the status of a promoted volume as it was: of all codes only NotFound is none.
func (b *Backend) LastSync(_ context.Context, volume string) (time.Time, error) {
	found, now, err := b.mirrored(volume)
	if err != nil {
		return time.Time{}, err
	}
	if !now.primary {
		return time.Time{}, status.Errorf(codes.InvalidArgument, "volume %s is not primary", volume)
	}
	reports, err := found.reports()
	if err != nil {
		return time.Time{}, failure(volume, err)
	}
	var seen error
	for _, r := range reports {
		if !r.remote {
			continue
		}
		told, err := r.replay()
		if err != nil {
			return time.Time{}, failure(volume, err)
		}
		if at, known := told.at(); known {
			return at, nil
		}
		seen = errors.Join(seen, fmt.Errorf("the peer reports %s", r))
	}
	return time.Time{}, status.Errorf(codes.NotFound, "volume %s: no time of a last sync: %v", volume, seen)
}

// Clients implements csiaddons.Backend.
func (b *Backend) Clients() (id string, cidrs []string) { return b.options.Site, b.options.Clients }

func written(moment time.Time) string { return moment.UTC().Format(time.RFC3339Nano) }

package guest

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"ocpvirt.dr/lab/components/site/internal/rbdimage"
	"ocpvirt.dr/lab/components/site/internal/records"
)

// disk is open for writing; records are appended behind the newest one on it.
type disk interface {
	// last is the number of the newest record, 0 on an empty disk.
	last() int64
	append(record records.Record) error
	close() error
}

// identity is what every record of a guest carries.
type identity struct {
	vm, site, boot string
}

// storage is what the guests of a site reach their disks with.
type storage struct {
	nfsPort string
	ceph    *rbdimage.Cluster
}

// session is what the disks of one guest share while they are open.
type session struct {
	storage
	ctx   context.Context
	log   *slog.Logger
	conns nfsConns
}

// disks are all disks of one guest.
type disks struct {
	all     []claimed
	session *session
}

type claimed struct {
	claim string
	disk
}

func (d *disks) close() {
	for _, opened := range d.all {
		if err := opened.close(); err != nil {
			d.session.log.Warn("close the disk", "claim", opened.claim, "error", err)
		}
	}
	d.session.conns.close(d.session.log)
}

// openDisks opens all disks or none.
func openDisks(ctx context.Context, at []location, with storage, log *slog.Logger) (*disks, error) {
	d := &disks{session: &session{storage: with, ctx: ctx, log: log, conns: nfsConns{}}}
	for _, l := range at {
		opened, err := l.open(d.session)
		if err != nil {
			d.close()
			return nil, fmt.Errorf("disk of PVC %s (%s): %w", l.claim, l.source, err)
		}
		d.all = append(d.all, claimed{l.claim, opened})
	}
	return d, nil
}

// append writes the next record of every disk.
func (d *disks) append(who identity, now time.Time) error {
	for _, disk := range d.all {
		err := disk.append(records.Record{
			N: disk.last() + 1, T: now, VM: who.vm, Disk: disk.claim, Site: who.site, Boot: who.boot,
		})
		if err != nil {
			return fmt.Errorf("disk of PVC %s: %w", disk.claim, err)
		}
	}
	return nil
}

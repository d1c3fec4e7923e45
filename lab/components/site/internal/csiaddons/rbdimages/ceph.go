//go:build ceph

package rbdimages

import (
	"errors"
	"fmt"
	"time"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"
	"github.com/ceph/go-ceph/rbd/admin"

	"ocpvirt.dr/lab/components/site/internal/rbdimage"
)

// noteKey begins with what rbd-mirror leaves out when it copies an image's metadata.
const noteKey = ".rbd.image.demoted"

// ceph is the cluster through librados and librbd.
type ceph struct{ cluster *rbdimage.Cluster }

func newCluster(conf, user string) cluster { return ceph{rbdimage.NewCluster(conf, user)} }

func (c ceph) fsid() (string, error) {
	_, fsid, err := c.cluster.Connect()
	return fsid, err
}

func (c ceph) image(pool int64, name string) image { return named{c.cluster, pool, name} }

func (c ceph) command(document []byte) ([]byte, error) {
	conn, _, err := c.cluster.Connect()
	if err != nil {
		return nil, err
	}
	answer, said, err := conn.MonCommand(document)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, said)
	}
	return answer, nil
}

// named is an image in a pool.
type named struct {
	cluster *rbdimage.Cluster
	pool    int64
	name    string
}

type opener func(*rados.IOContext, string, string) (*rbd.Image, error)

// with opens the image for one call. Only who changes it opens it for writing: that makes it a watcher.
func (n named) with(tried string, how opener, do func(*rbd.Image) error) (err error) {
	conn, _, err := n.cluster.Connect()
	if err != nil {
		return err
	}
	pool, err := conn.GetPoolByID(n.pool)
	if err != nil {
		return fmt.Errorf("find pool %d: %w", n.pool, err)
	}
	ioctx, err := conn.OpenIOContext(pool)
	if err != nil {
		return fmt.Errorf("open pool %s: %w", pool, err)
	}
	defer ioctx.Destroy()
	opened, err := how(ioctx, n.name, rbd.NoSnapshot)
	if err != nil {
		return fmt.Errorf("open %s/%s: %w", pool, n.name, err)
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	if err := do(opened); err != nil {
		return fmt.Errorf("%s %s/%s: %w", tried, pool, n.name, err)
	}
	return nil
}

func (n named) read(what string, do func(*rbd.Image) error) error {
	return n.with("read "+what+" of", rbd.OpenImageReadOnly, do)
}

func (n named) change(verb string, do func(*rbd.Image) error) error {
	return n.with(verb, rbd.OpenImage, do)
}

func (n named) mirroring() (now mirroring, err error) {
	err = n.read("the mirroring", func(opened *rbd.Image) error {
		info, err := opened.GetMirrorImageInfo()
		if errors.Is(err, rbd.ErrNotFound) {
			now = mirroring{state: disabled}
			return nil
		}
		if err != nil {
			return err
		}
		now = mirroring{state: info.State.String(), primary: info.Primary}
		return nil
	})
	return now, err
}

func (n named) reports() (all []report, err error) {
	err = n.read("the mirror status", func(opened *rbd.Image) error {
		status, err := opened.GetGlobalMirrorStatus()
		for _, site := range status.SiteStatuses {
			// librbd gives the own site no mirror uuid
			all = append(all, report{
				remote: site.MirrorUUID != "", up: site.Up, state: site.State.String(), description: site.Description,
			})
		}
		return err
	})
	return all, err
}

func (n named) created() (at time.Time, err error) {
	err = n.read("the creation time", func(opened *rbd.Image) error {
		created, err := opened.GetCreateTimestamp()
		at = time.Unix(created.Sec, created.Nsec)
		return err
	})
	return at, err
}

func (n named) note() (text string, err error) {
	err = n.read("the note", func(opened *rbd.Image) error {
		text, err = opened.GetMetadata(noteKey)
		if errors.Is(err, rbd.ErrNotFound) {
			return nil
		}
		return err
	})
	return text, err
}

func (n named) setNote(text string) error {
	return n.change("note on", func(opened *rbd.Image) error { return opened.SetMetadata(noteKey, text) })
}

func (n named) enable() error {
	return n.change("enable the mirroring of",
		func(opened *rbd.Image) error { return opened.MirrorEnable(rbd.ImageMirrorModeSnapshot) })
}

func (n named) schedule(interval string) error {
	conn, _, err := n.cluster.Connect()
	if err != nil {
		return err
	}
	pool, err := conn.GetPoolByID(n.pool)
	if err != nil {
		return fmt.Errorf("find pool %d: %w", n.pool, err)
	}
	schedules := admin.NewFromConn(conn).MirrorSnashotSchedule()
	err = schedules.Add(admin.NewLevelSpec(pool, "", n.name), admin.Interval(interval), admin.NoStartTime)
	if err != nil {
		return fmt.Errorf("schedule mirror snapshots of %s/%s every %s: %w", pool, n.name, interval, err)
	}
	return nil
}

func (n named) disable() error {
	return n.change("disable the mirroring of", func(opened *rbd.Image) error { return opened.MirrorDisable(false) })
}

func (n named) promote(force bool) error {
	return n.change("promote", func(opened *rbd.Image) error { return opened.MirrorPromote(force) })
}

func (n named) demote() error { return n.change("demote", (*rbd.Image).MirrorDemote) }

func (n named) resync() error { return n.change("resync", (*rbd.Image).MirrorResync) }

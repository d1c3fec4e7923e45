//go:build ceph

package rbdimage

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"sync"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"
)

// Cluster connects when an image is asked for, and again after a failure.
type Cluster struct {
	conf, user string

	mu   sync.Mutex
	conn *rados.Conn
	fsid string
}

// Image is open until it is closed.
type Image struct {
	Size  int64
	image *rbd.Image
	ioctx *rados.IOContext
}

// NewCluster names a cluster by its configuration file and the user.
func NewCluster(conf, user string) *Cluster { return &Cluster{conf: conf, user: user} }

// Connect gives the one connection that all share, and the cluster's id.
func (c *Cluster) Connect() (*rados.Conn, string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		return c.conn, c.fsid, nil
	}
	if c.conf == "" {
		return nil, "", errors.New("this site has no Ceph cluster; `lab up --storage ceph` brings one up")
	}
	conn, err := rados.NewConnWithUser(c.user)
	if err != nil {
		return nil, "", fmt.Errorf("prepare a connection as %s: %w", c.user, err)
	}
	if err := conn.ReadConfigFile(c.conf); err != nil {
		return nil, "", fmt.Errorf("read %s: %w", c.conf, err)
	}
	if err := conn.Connect(); err != nil {
		return nil, "", fmt.Errorf("connect to the Ceph cluster of %s as %s: %w", c.conf, c.user, err)
	}
	fsid, err := conn.GetFSID()
	if err != nil {
		conn.Shutdown()
		return nil, "", fmt.Errorf("ask the Ceph cluster for its id: %w", err)
	}
	c.conn, c.fsid = conn, fsid
	return conn, fsid, nil
}

// OpenForWriting opens an image as a guest does. The exclusive lock is taken by the first write.
func (c *Cluster) OpenForWriting(spec Spec) (*Image, error) {
	conn, fsid, err := c.Connect()
	if err != nil {
		return nil, err
	}
	poolID, err := conn.GetPoolByName(spec.Pool)
	if err != nil {
		return nil, fmt.Errorf("find pool %s: %w", spec.Pool, err)
	}
	if err := spec.checkCluster(fsid, poolID); err != nil {
		return nil, err
	}
	opened, err := open(conn, spec.Pool, spec.Namespace, spec.Name, rbd.OpenImage)
	if err != nil {
		return nil, err
	}
	role, err := opened.role()
	if err == nil && role == nonPrimary {
		err = fmt.Errorf("the image is a non-primary mirror; it takes writes after its promotion")
	}
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return opened, nil
}

// Names lists the images of a pool.
func (c *Cluster) Names(pool string) ([]string, error) {
	conn, _, err := c.Connect()
	if err != nil {
		return nil, err
	}
	ioctx, err := conn.OpenIOContext(pool)
	if err != nil {
		return nil, fmt.Errorf("open pool %s: %w", pool, err)
	}
	defer ioctx.Destroy()
	names, err := rbd.GetImageNames(ioctx)
	if err != nil {
		return nil, fmt.Errorf("list the images of pool %s: %w", pool, err)
	}
	return names, nil
}

// OpenNewest opens what a guest would find on the image: its content, or of a non-primary mirror what has wholly
// arrived. The image is nil when nothing has yet. role is "" for an image that is not mirrored.
func (c *Cluster) OpenNewest(pool, name string) (image *Image, role string, err error) {
	conn, _, err := c.Connect()
	if err != nil {
		return nil, "", err
	}
	image, err = open(conn, pool, "", name, rbd.OpenImageReadOnly)
	if err != nil {
		return nil, "", err
	}
	if role, err = image.role(); err == nil && role == nonPrimary {
		var at arrived
		if at, err = c.arrived(pool, name); err == nil && at.nothing {
			return nil, role, image.Close()
		}
		if err == nil && at.snapshot != 0 {
			err = image.image.SetSnapByID(at.snapshot)
		}
	}
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("read image %s/%s: %w", pool, name, err), image.Close())
	}
	return image, role, nil
}

func open(conn *rados.Conn, pool, namespace, name string,
	how func(*rados.IOContext, string, string) (*rbd.Image, error),
) (*Image, error) {
	ioctx, err := conn.OpenIOContext(pool)
	if err != nil {
		return nil, fmt.Errorf("open pool %s: %w", pool, err)
	}
	ioctx.SetNamespace(namespace)
	image, err := how(ioctx, name, rbd.NoSnapshot)
	if err != nil {
		ioctx.Destroy()
		return nil, fmt.Errorf("open the image: %w", err)
	}
	opened := &Image{image: image, ioctx: ioctx}
	size, err := image.GetSize()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ask for the image's size: %w", err), opened.Close())
	}
	opened.Size = int64(size)
	return opened, nil
}

const (
	primary    = "primary"
	nonPrimary = "non-primary"
)

func (i *Image) role() (string, error) {
	info, err := i.image.GetMirrorImageInfo()
	if errors.Is(err, rbd.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask for the image's mirroring: %w", err)
	}
	switch {
	case info.State == rbd.MirrorImageDisabled:
		return "", nil
	case info.Primary:
		return primary, nil
	}
	return nonPrimary, nil
}

// arrived is where the last complete copy of a non-primary image is: at a snapshot, or with none in the image itself.
type arrived struct {
	snapshot uint64
	nothing  bool
}

// arrived: rbd-mirror first takes a snapshot and then copies into the image itself, so a snapshot that is not complete
// yet holds what had arrived before. The command is asked because go-ceph does not tell which snapshot is complete.
func (c *Cluster) arrived(pool, name string) (arrived, error) {
	command := exec.Command("rbd", "--conf", c.conf, "--id", c.user,
		"snap", "ls", "--all", "--format", "json", pool+"/"+name)
	output, err := command.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return arrived{}, fmt.Errorf("%s: %w", command, err)
	}
	var snapshots []struct {
		ID        uint64 `json:"id"`
		Namespace struct {
			Type     string `json:"type"`
			Complete bool   `json:"complete"`
		} `json:"namespace"`
	}
	if err := json.Unmarshal(output, &snapshots); err != nil {
		return arrived{}, fmt.Errorf("%s: %w", command, err)
	}
	at := arrived{nothing: true}
	newest := uint64(0)
	for _, snapshot := range snapshots {
		if snapshot.Namespace.Type != "mirror" {
			continue
		}
		at.nothing = at.nothing && !snapshot.Namespace.Complete
		if snapshot.ID > newest {
			newest, at.snapshot = snapshot.ID, snapshot.ID
			if snapshot.Namespace.Complete {
				at.snapshot = 0
			}
		}
	}
	return at, nil
}

// ReadAt fills p.
func (i *Image) ReadAt(p []byte, offset int64) error {
	if _, err := i.image.ReadAt(p, offset); err != nil {
		return fmt.Errorf("read the image: %w", err)
	}
	return nil
}

// WriteAt returns when p is safe.
func (i *Image) WriteAt(p []byte, offset int64) error {
	if _, err := i.image.WriteAt(p, offset); err != nil {
		return fmt.Errorf("write to the image: %w", err)
	}
	return nil
}

// Close ends the use of the image.
func (i *Image) Close() error {
	err := i.image.Close()
	i.ioctx.Destroy()
	if err != nil {
		return fmt.Errorf("close the image: %w", err)
	}
	return nil
}

package guest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"syscall"
	"time"

	"ocpvirt.dr/lab/components/site/internal/nfsclient"
	"ocpvirt.dr/lab/components/site/internal/records"
)

// nfsTimeout bounds one call; a guest of a lost server notices within it.
const nfsTimeout = 5 * time.Second

// location is what a bound PersistentVolume says about a disk.
type location struct {
	claim, server, path string
}

// identity is what every record of a guest carries.
type identity struct {
	vm, site, boot string
}

// disk is an open disk.img and where the next record goes.
type disk struct {
	claim  string
	conn   *nfsclient.Conn
	file   nfsclient.Handle
	end    int64
	number int64
}

// disks of one guest share a connection per server.
type disks struct {
	all   []*disk
	conns map[string]*nfsclient.Conn
}

func (d *disks) close(log *slog.Logger) {
	for server, conn := range d.conns {
		if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			log.Warn("close the connection", "server", server, "error", err)
		}
	}
}

// openDisks opens all disks or none.
func openDisks(ctx context.Context, at []location, port string, log *slog.Logger) (*disks, error) {
	d := &disks{conns: map[string]*nfsclient.Conn{}}
	for _, l := range at {
		opened, err := d.open(ctx, l, port, log)
		if err != nil {
			d.close(log)
			return nil, fmt.Errorf("disk of PVC %s (NFS %s:%s): %w", l.claim, l.server, l.path, err)
		}
		d.all = append(d.all, opened)
	}
	return d, nil
}

func (d *disks) open(ctx context.Context, l location, port string, log *slog.Logger) (*disk, error) {
	conn, ok := d.conns[l.server]
	if !ok {
		var err error
		if conn, err = nfsclient.Dial(ctx, net.JoinHostPort(l.server, port), nfsTimeout); err != nil {
			return nil, err
		}
		d.conns[l.server] = conn
	}
	dir, err := conn.Mount(l.path)
	if err != nil {
		return nil, err
	}
	file, size, err := conn.Lookup(dir, records.DiskFile)
	if errors.Is(err, fs.ErrNotExist) {
		size = 0
		file, err = conn.Create(dir, records.DiskFile, 0o600)
	}
	if err != nil {
		return nil, err
	}
	writable, err := conn.Access(file)
	if err != nil {
		return nil, err
	}
	if !writable {
		return nil, syscall.EROFS
	}
	return resume(conn, l.claim, file, size, log)
}

// resume finds the last record and cuts off what a crash left behind it.
func resume(conn *nfsclient.Conn, claim string, file nfsclient.Handle, size int64, log *slog.Logger) (*disk, error) {
	tail, err := records.FindTail(size, func(p []byte, offset int64) error { return conn.ReadAt(file, p, offset) })
	if err != nil {
		return nil, err
	}
	if tail.Torn > 0 {
		if err := conn.Truncate(file, tail.End); err != nil {
			return nil, err
		}
		log.Warn("cut a torn record off", "claim", claim, "bytes", tail.Torn)
	}
	d := &disk{claim: claim, conn: conn, file: file, end: tail.End}
	if tail.Last != nil {
		d.number = tail.Last.N
	}
	return d, nil
}

// append writes the next record of every disk.
func (d *disks) append(who identity, now time.Time) error {
	for _, disk := range d.all {
		line := records.Record{
			N: disk.number + 1, T: now, VM: who.vm, Disk: disk.claim, Site: who.site, Boot: who.boot,
		}.Line()
		if err := disk.conn.WriteAt(disk.file, line, disk.end); err != nil {
			return fmt.Errorf("disk of PVC %s: %w", disk.claim, err)
		}
		disk.number++
		disk.end += int64(len(line))
	}
	return nil
}

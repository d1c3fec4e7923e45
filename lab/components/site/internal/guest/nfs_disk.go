package guest

import (
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

// nfsDirectory is a volume whose directory holds disk.img, a file of lines.
type nfsDirectory struct {
	server, path string
}

func (n nfsDirectory) String() string { return fmt.Sprintf("NFS %s:%s", n.server, n.path) }

// nfsConns has a connection per server.
type nfsConns map[string]*nfsclient.Conn

func (c nfsConns) close(log *slog.Logger) {
	for server, conn := range c {
		if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			log.Warn("close the connection", "server", server, "error", err)
		}
	}
}

type nfsDisk struct {
	conn   *nfsclient.Conn
	file   nfsclient.Handle
	end    int64
	number int64
}

func (n nfsDirectory) open(with *session) (disk, error) {
	conn, ok := with.conns[n.server]
	if !ok {
		var err error
		if conn, err = nfsclient.Dial(with.ctx, net.JoinHostPort(n.server, with.nfsPort), nfsTimeout); err != nil {
			return nil, err
		}
		with.conns[n.server] = conn
	}
	dir, err := conn.Mount(n.path)
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
	return n.resume(conn, file, size, with.log)
}

// resume finds the last record and cuts off what a crash left behind it.
func (n nfsDirectory) resume(conn *nfsclient.Conn, file nfsclient.Handle, size int64, log *slog.Logger) (disk, error) {
	tail, err := records.FindTail(size, func(p []byte, offset int64) error { return conn.ReadAt(file, p, offset) })
	if err != nil {
		return nil, err
	}
	if tail.Torn > 0 {
		if err := conn.Truncate(file, tail.End); err != nil {
			return nil, err
		}
		log.Warn("cut a torn record off", "disk", n.String(), "bytes", tail.Torn)
	}
	d := &nfsDisk{conn: conn, file: file, end: tail.End}
	if tail.Last != nil {
		d.number = tail.Last.N
	}
	return d, nil
}

func (d *nfsDisk) last() int64 { return d.number }

func (d *nfsDisk) append(record records.Record) error {
	line := record.Line()
	if err := d.conn.WriteAt(d.file, line, d.end); err != nil {
		return err
	}
	d.number = record.N
	d.end += int64(len(line))
	return nil
}

// close: the connection belongs to all disks of the guest, and NFS version 3 knows no open files.
func (d *nfsDisk) close() error { return nil }

package rbdimages

import (
	"errors"
	"syscall"
	"time"
)

// cluster is the site's Ceph cluster as far as the driver needs it.
type cluster interface {
	fsid() (string, error)
	image(pool int64, name string) image
	// command asks the monitors; a JSON document in, text out.
	command(document []byte) ([]byte, error)
}

// image opens what it names for each call: after a resync the name belongs to another image.
type image interface {
	mirroring() (mirroring, error)
	reports() ([]report, error)
	created() (time.Time, error)
	// note is a text kept with this very image: its copies do not have it. Empty when none was set.
	note() (string, error)
	setNote(text string) error
	enable() error
	schedule(interval string) error
	disable() error
	promote(force bool) error
	demote() error
	resync() error
}

// failedWith says whether Ceph answered with this error number.
func failedWith(err error, number syscall.Errno) bool {
	var numbered interface{ ErrorCode() int }
	return errors.As(err, &numbered) && numbered.ErrorCode() == -int(number)
}

//go:build !ceph

package rbdimages

import (
	"errors"
	"time"
)

var errAbsent = errors.New("this program was built without Ceph: `lab up --storage ceph --csi-addons` builds it with")

// absent stands for a cluster that cannot be reached.
type absent struct{}

func newCluster(string, string) cluster { return absent{} }

func (absent) fsid() (string, error)          { return "", errAbsent }
func (absent) image(int64, string) image      { return absent{} }
func (absent) command([]byte) ([]byte, error) { return nil, errAbsent }
func (absent) mirroring() (mirroring, error)  { return mirroring{}, errAbsent }
func (absent) reports() ([]report, error)     { return nil, errAbsent }
func (absent) created() (time.Time, error)    { return time.Time{}, errAbsent }
func (absent) note() (string, error)          { return "", errAbsent }
func (absent) setNote(string) error           { return errAbsent }
func (absent) enable() error                  { return errAbsent }
func (absent) schedule(string) error          { return errAbsent }
func (absent) disable() error                 { return errAbsent }
func (absent) promote(bool) error             { return errAbsent }
func (absent) demote() error                  { return errAbsent }
func (absent) resync() error                  { return errAbsent }

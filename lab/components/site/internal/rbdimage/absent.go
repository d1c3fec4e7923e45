//go:build !ceph

package rbdimage

import "errors"

var errAbsent = errors.New("this program was built without Ceph: `lab up --storage ceph` builds it with")

// Cluster stands for a Ceph cluster that cannot be reached.
type Cluster struct{}

// Image is never opened.
type Image struct{ Size int64 }

// NewCluster names a cluster by its configuration file and the user.
func NewCluster(string, string) *Cluster { return &Cluster{} }

// OpenForWriting opens an image as a guest does.
func (*Cluster) OpenForWriting(Spec) (*Image, error) { return nil, errAbsent }

// Names lists the images of a pool.
func (*Cluster) Names(string) ([]string, error) { return nil, errAbsent }

// OpenNewest opens what a guest would find on the image.
func (*Cluster) OpenNewest(string, string) (*Image, string, error) { return nil, "", errAbsent }

// ReadAt fills p.
func (*Image) ReadAt([]byte, int64) error { return errAbsent }

// WriteAt returns when p is safe.
func (*Image) WriteAt([]byte, int64) error { return errAbsent }

// Close ends the use of the image.
func (*Image) Close() error { return errAbsent }

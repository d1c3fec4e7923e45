// Package rbdimage opens RBD images of a site's Ceph cluster. Without the build tag ceph it opens none.
package rbdimage

import (
	"fmt"
	"regexp"
	"strconv"
)

// Spec is what a PersistentVolume of ceph-csi says about its image. ClusterID, Handle and Namespace may be empty.
type Spec struct {
	ClusterID, Handle     string
	Pool, Namespace, Name string
}

func (s Spec) String() string {
	if s.Namespace != "" {
		return fmt.Sprintf("%s/%s/%s", s.Pool, s.Namespace, s.Name)
	}
	return fmt.Sprintf("%s/%s", s.Pool, s.Name)
}

// dynamicHandle is 0001-<length of the cluster id>-<cluster id>-<pool id>-<uuid of the image>.
var dynamicHandle = regexp.MustCompile(`^0001-[0-9a-f]{4}-(.+)-([0-9a-f]{16})-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// checkCluster refuses what ceph-csi at this site would not find: the volume of another cluster or pool.
func (s Spec) checkCluster(fsid string, poolID int64) error {
	if s.ClusterID != "" && s.ClusterID != fsid {
		return fmt.Errorf("volumeAttributes.clusterID is %s; this site's cluster is %s", s.ClusterID, fsid)
	}
	parts := dynamicHandle.FindStringSubmatch(s.Handle)
	if parts == nil {
		return nil
	}
	pool, err := strconv.ParseInt(parts[2], 16, 64)
	if err != nil {
		return fmt.Errorf("pool id in volumeHandle %s: %w", s.Handle, err)
	}
	if parts[1] != fsid || pool != poolID {
		return fmt.Errorf("volumeHandle %s names cluster %s and pool %d; here these are %s and %d",
			s.Handle, parts[1], pool, fsid, poolID)
	}
	return nil
}

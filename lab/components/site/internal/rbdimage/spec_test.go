package rbdimage

import (
	"strings"
	"testing"
)

const (
	fsid   = "0e9b7cce-b0fc-4539-bc15-c41aae18fa6a"
	other  = "0e9b7cce-b0fc-4539-bc15-c41aae18fa6b"
	unique = "-1a1d8f0c-2b3c-5d4e-8f90-0123456789ab"
)

func TestVolumesOfAnotherClusterAreRefused(t *testing.T) {
	cases := map[string]struct {
		spec Spec
		want string
	}{
		"dynamic":             {Spec{ClusterID: fsid, Handle: "0001-0024-" + fsid + "-000000000000000a" + unique}, ""},
		"static":              {Spec{ClusterID: fsid, Handle: "disk-1"}, ""},
		"nothing but a name":  {Spec{}, ""},
		"another cluster":     {Spec{ClusterID: other}, "clusterID is " + other},
		"another in a handle": {Spec{ClusterID: fsid, Handle: "0001-0024-" + other + "-000000000000000a" + unique}, other},
		"another pool":        {Spec{ClusterID: fsid, Handle: "0001-0024-" + fsid + "-000000000000000b" + unique}, "pool 11"},
	}
	for name, c := range cases {
		err := c.spec.checkCluster(fsid, 10)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

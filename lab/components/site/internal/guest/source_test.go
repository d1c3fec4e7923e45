package guest

import (
	"strings"
	"testing"
)

func csi(driver, handle string, attributes map[string]any) map[string]any {
	return map[string]any{"csi": map[string]any{
		"driver": driver, "volumeHandle": handle, "volumeAttributes": attributes,
	}}
}

func TestSourceOfAPersistentVolume(t *testing.T) {
	cases := map[string]struct {
		spec map[string]any
		want string
	}{
		"in-tree NFS": {map[string]any{"nfs": map[string]any{"server": "10.0.0.1", "path": "/a/b"}}, "NFS 10.0.0.1:/a/b"},
		"CSI NFS":     {csi(nfsDriver, "x", map[string]any{"server": "s", "share": "/a"}), "NFS s:/a"},
		"CSI NFS with a subdirectory": {
			csi(nfsDriver, "x", map[string]any{"server": "s", "share": "/a/", "subdir": "b/c"}), "NFS s:/a/b/c",
		},
		"dynamic RBD": {
			csi(rbdDriver, "0001-…", map[string]any{"pool": "rbd", "imageName": "csi-vol-1"}), "RBD rbd/csi-vol-1",
		},
		"static RBD": {csi(rbdDriver, "disk-1", map[string]any{"pool": "rbd"}), "RBD rbd/disk-1"},
		"OpenShift's driver": {
			csi("openshift-storage."+rbdDriver, "disk-1", map[string]any{"pool": "p", "radosNamespace": "n"}), "RBD p/n/disk-1",
		},
	}
	for name, c := range cases {
		pv := object("v1", "PersistentVolume", "", "pv1", map[string]any{"spec": c.spec})
		if got, err := sourceOf(pv); err != nil || got.String() != c.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestSourceThatIsNoneNamesWhatIsMissing(t *testing.T) {
	cases := map[string]struct {
		spec map[string]any
		want string
	}{
		"another driver":  {csi("ebs.csi.aws.com", "v", nil), "no volume that a guest can open"},
		"a host path":     {map[string]any{"hostPath": map[string]any{"path": "/x"}}, "no volume that a guest can open"},
		"no path":         {map[string]any{"nfs": map[string]any{"server": "s"}}, "nfs.path is missing"},
		"no share":        {csi(nfsDriver, "x", map[string]any{"server": "s"}), "volumeAttributes.share is missing"},
		"no pool":         {csi(rbdDriver, "x", map[string]any{}), "volumeAttributes.pool is missing"},
		"no image at all": {csi(rbdDriver, "", map[string]any{"pool": "p"}), "names an image"},
	}
	for name, c := range cases {
		pv := object("v1", "PersistentVolume", "", "pv1", map[string]any{"spec": c.spec})
		if got, err := sourceOf(pv); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

package guest

import (
	"fmt"
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"ocpvirt.dr/lab/components/site/internal/rbdimage"
)

// source is where a bound PersistentVolume says that its disk lies.
type source interface {
	fmt.Stringer
	open(with *session) (disk, error)
}

// location is the disk that a guest has by a claim.
type location struct {
	claim string
	source
}

const (
	nfsDriver = "nfs.csi.k8s.io"
	rbdDriver = "rbd.csi.ceph.com"
)

// sources are the kinds of volumes that a guest can open, in the order in which a PV is asked.
var sources = []struct {
	kind string
	fits func(spec map[string]any) bool
	read func(spec map[string]any) (source, error)
}{
	{"spec.nfs", func(spec map[string]any) bool { return spec["nfs"] != nil }, inTreeNFS},
	{"CSI driver " + nfsDriver, func(spec map[string]any) bool { return driver(spec) == nfsDriver }, csiNFS},
	// OpenShift puts a prefix before it, such as openshift-storage.rbd.csi.ceph.com
	{"CSI driver " + rbdDriver, func(spec map[string]any) bool { return strings.HasSuffix(driver(spec), rbdDriver) }, csiRBD},
}

func sourceOf(pv *unstructured.Unstructured) (source, error) {
	spec, _ := pv.Object["spec"].(map[string]any)
	kinds := make([]string, len(sources))
	for i, known := range sources {
		if known.fits(spec) {
			found, err := known.read(spec)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", known.kind, err)
			}
			return found, nil
		}
		kinds[i] = known.kind
	}
	return nil, fmt.Errorf("no volume that a guest can open; it opens %s", strings.Join(kinds, ", "))
}

func inTreeNFS(spec map[string]any) (source, error) {
	values, err := texts(spec, []string{"server", "path"}, "nfs")
	if err != nil {
		return nil, err
	}
	return nfsDirectory{values["server"], values["path"]}, nil
}

func csiNFS(spec map[string]any) (source, error) {
	values, err := texts(spec, []string{"server", "share"}, "csi", "volumeAttributes")
	if err != nil {
		return nil, err
	}
	return nfsDirectory{values["server"], path.Join(values["share"], values["subdir"])}, nil
}

// csiRBD: a static volume of ceph-csi has the image's name as its handle.
func csiRBD(spec map[string]any) (source, error) {
	values, err := texts(spec, []string{"pool"}, "csi", "volumeAttributes")
	if err != nil {
		return nil, err
	}
	handle, _, _ := unstructured.NestedString(spec, "csi", "volumeHandle")
	name := values["imageName"]
	if name == "" {
		name = handle
	}
	if name == "" {
		return nil, fmt.Errorf("neither volumeAttributes.imageName nor volumeHandle names an image")
	}
	return rbdVolume{rbdimage.Spec{
		ClusterID: values["clusterID"], Handle: handle,
		Pool: values["pool"], Namespace: values["radosNamespace"], Name: name,
	}}, nil
}

func driver(spec map[string]any) string {
	name, _, _ := unstructured.NestedString(spec, "csi", "driver")
	return name
}

// texts is a map of the spec, which must have the required keys.
func texts(spec map[string]any, required []string, fields ...string) (map[string]string, error) {
	found, _, err := unstructured.NestedStringMap(spec, fields...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", strings.Join(fields, "."), err)
	}
	for _, key := range required {
		if found[key] == "" {
			return nil, fmt.Errorf("%s.%s is missing", strings.Join(fields, "."), key)
		}
	}
	return found, nil
}

package volumegroup

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	replicationGroup = "replication.storage.openshift.io"
	apiVersion       = replicationGroup + "/v1alpha1"
	groupKind        = "VolumeGroupReplication"
	// finalizer keeps a group until what was made from it is gone.
	finalizer = "dr.ocpvirt.io/lab-volume-group"
	// maxClaims is what VolumeGroupReplicationStatus has room for.
	maxClaims = 100
)

func replicationResource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: replicationGroup, Version: "v1alpha1", Resource: plural}
}

var (
	groups       = replicationResource("volumegroupreplications")
	classes      = replicationResource("volumegroupreplicationclasses")
	contents     = replicationResource("volumegroupreplicationcontents")
	replications = replicationResource("volumereplications")
	claims       = schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumeclaims"}
	volumes      = schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumes"}
)

// member is a claim of a group with its volume.
type member struct{ claim, handle string }

func text(object *unstructured.Unstructured, fields ...string) string {
	value, _, _ := unstructured.NestedString(object.Object, fields...)
	return value
}

// newContent is the VolumeGroupReplicationContent that tells csi-addons' manager the handle of the group.
func newContent(group *unstructured.Unstructured, driver, handle string, members []member) *unstructured.Unstructured {
	handles := make([]any, len(members))
	for i, m := range members {
		handles[i] = m.handle
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": apiVersion, "kind": "VolumeGroupReplicationContent",
		"metadata": map[string]any{"name": text(group, "spec", "volumeGroupReplicationContentName")},
		"spec": map[string]any{
			"volumeGroupReplicationRef": map[string]any{
				"apiVersion": apiVersion, "kind": groupKind,
				"name": group.GetName(), "namespace": group.GetNamespace(), "uid": string(group.GetUID()),
			},
			"volumeGroupReplicationHandle":    handle,
			"volumeGroupReplicationClassName": text(group, "spec", "volumeGroupReplicationClassName"),
			"provisioner":                     driver,
			"source":                          map[string]any{"volumeHandles": handles},
		},
	}}
}

// newReplication is the VolumeReplication that csi-addons' manager acts on for the whole group.
func newReplication(group *unstructured.Unstructured) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": apiVersion, "kind": "VolumeReplication",
		"metadata": map[string]any{
			"name": text(group, "spec", "volumeReplicationName"), "namespace": group.GetNamespace(),
			"ownerReferences": []any{map[string]any{
				"apiVersion": apiVersion, "kind": groupKind, "name": group.GetName(), "uid": string(group.GetUID()),
				"controller": true,
			}},
		},
		"spec": map[string]any{
			"volumeReplicationClass": text(group, "spec", "volumeReplicationClassName"),
			"dataSource": map[string]any{
				"apiGroup": replicationGroup, "kind": groupKind, "name": group.GetName(),
			},
		},
	}}
	wish(object, group)
	return object
}

// wish carries what a group wants over to its VolumeReplication; it says whether that changed anything.
func wish(replication, group *unstructured.Unstructured) bool {
	state := text(group, "spec", "replicationState")
	resync, _, _ := unstructured.NestedBool(group.Object, "spec", "autoResync")
	spec := replication.Object["spec"].(map[string]any)
	if spec["replicationState"] == state && spec["autoResync"] == resync {
		return false
	}
	spec["replicationState"], spec["autoResync"] = state, resync
	return true
}

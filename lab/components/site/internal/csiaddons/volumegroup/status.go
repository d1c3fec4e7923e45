package volumegroup

import (
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// inherited are the fields that a group's status shares with a VolumeReplication's.
var inherited = []string{
	"state", "message", "lastStartTime", "lastCompletionTime", "lastSyncTime", "lastSyncBytes", "lastSyncDuration",
}

// groupStatus is a VolumeReplication's status as its group's. What the manager has observed counts as observed of the
// group only when it is about what the group wants now; before that the old generation stays.
func groupStatus(group, replication *unstructured.Unstructured, members []member) map[string]any {
	status := map[string]any{}
	before, _, _ := unstructured.NestedMap(group.Object, "status")
	from, _, _ := unstructured.NestedMap(replication.Object, "status")
	for _, field := range inherited {
		if value, ok := from[field]; ok {
			status[field] = value
		}
	}
	observed := before["observedGeneration"]
	if current(replication) {
		observed = group.GetGeneration()
	}
	if observed != nil {
		status["observedGeneration"] = observed
	}
	if conditions, ok := from["conditions"].([]any); ok {
		status["conditions"] = withGeneration(conditions, observed)
	}
	status["persistentVolumeClaimsRefList"] = references(members)
	return status
}

// current is true when the manager has looked at the newest version of the VolumeReplication.
func current(replication *unstructured.Unstructured) bool {
	seen, found, _ := unstructured.NestedInt64(replication.Object, "status", "observedGeneration")
	return found && seen == replication.GetGeneration()
}

func withGeneration(conditions []any, generation any) []any {
	adapted := make([]any, len(conditions))
	for i, condition := range conditions {
		entry := runtime.DeepCopyJSON(condition.(map[string]any))
		if generation != nil {
			entry["observedGeneration"] = generation
		}
		adapted[i] = entry
	}
	return adapted
}

// failedStatus tells why nothing was done; what was known before stays.
func failedStatus(group *unstructured.Unstructured, reason error) map[string]any {
	status, _, _ := unstructured.NestedMap(group.Object, "status")
	if status == nil {
		status = map[string]any{}
	}
	if status["state"] == nil {
		status["state"] = "Unknown"
	}
	status["message"] = reason.Error()
	return status
}

func references(members []member) []any {
	all := make([]any, len(members))
	for i, m := range members {
		all[i] = map[string]any{"name": m.claim}
	}
	return all
}

// setStatus says whether the status is another one now.
func setStatus(group *unstructured.Unstructured, status map[string]any) bool {
	before, _, _ := unstructured.NestedMap(group.Object, "status")
	if reflect.DeepEqual(before, status) {
		return false
	}
	group.Object["status"] = status
	return true
}

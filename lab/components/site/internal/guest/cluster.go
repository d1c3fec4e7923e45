package guest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/retry"
)

var (
	vmiResource   = schema.GroupVersionResource{Group: "kubevirt.io", Version: "v1", Resource: "virtualmachineinstances"}
	podResource   = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	claimResource = schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumeclaims"}
	pvResource    = schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumes"}
	eventResource = schema.GroupVersionResource{Version: "v1", Resource: "events"}
)

// errGone means that the VMI is not the one any more that a guest was started for.
var errGone = errors.New("the VirtualMachineInstance is gone")

// cluster is the part of virt-handler that talks to the API server.
type cluster struct{ client dynamic.Interface }

// claims lists the PVCs that a VMI's volumes name. A DataVolume's PVC has the DataVolume's name.
func claims(vmi *unstructured.Unstructured) []string {
	volumes, _, err := unstructured.NestedSlice(vmi.Object, "spec", "volumes")
	if err != nil {
		return nil
	}
	var names []string
	for _, volume := range volumes {
		v, ok := volume.(map[string]any)
		if !ok {
			continue
		}
		if name, ok, err := unstructured.NestedString(v, "persistentVolumeClaim", "claimName"); ok && err == nil {
			names = append(names, name)
		}
		if name, ok, err := unstructured.NestedString(v, "dataVolume", "name"); ok && err == nil {
			names = append(names, name)
		}
	}
	return names
}

// locate follows PVCs to what their PVs say about the disks. shared is true when all of them can be used by two nodes.
func (c cluster) locate(ctx context.Context, namespace string, names []string) (at []location, shared bool, err error) {
	shared = true
	for _, name := range names {
		claim, err := c.client.Resource(claimResource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, false, fmt.Errorf("PVC %s/%s: %w", namespace, name, err)
		}
		phase, _, _ := unstructured.NestedString(claim.Object, "status", "phase")
		volume, _, _ := unstructured.NestedString(claim.Object, "spec", "volumeName")
		if phase != "Bound" || volume == "" {
			return nil, false, fmt.Errorf("PVC %s/%s is %s, not Bound", namespace, name, phase)
		}
		pv, err := c.client.Resource(pvResource).Get(ctx, volume, metav1.GetOptions{})
		if err != nil {
			return nil, false, fmt.Errorf("PV %s of PVC %s/%s: %w", volume, namespace, name, err)
		}
		from, err := sourceOf(pv)
		if err != nil {
			return nil, false, fmt.Errorf("PV %s of PVC %s/%s: %w", volume, namespace, name, err)
		}
		modes, _, _ := unstructured.NestedStringSlice(claim.Object, "spec", "accessModes")
		shared = shared && strings.Contains(strings.Join(modes, " "), "ReadWriteMany")
		at = append(at, location{name, from})
	}
	return at, shared, nil
}

// update changes the VMI that has the given uid. KubeVirt's CRD has no status subresource, so it is a plain update.
func (c cluster) update(ctx context.Context, vmi *unstructured.Unstructured, change func(status map[string]any)) error {
	instances := c.client.Resource(vmiResource).Namespace(vmi.GetNamespace())
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		live, err := instances.Get(ctx, vmi.GetName(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && live.GetUID() != vmi.GetUID() {
			return errGone
		}
		if err != nil {
			return fmt.Errorf("read VMI %s/%s: %w", vmi.GetNamespace(), vmi.GetName(), err)
		}
		status, ok := live.Object["status"].(map[string]any)
		if !ok {
			status = map[string]any{}
			live.Object["status"] = status
		}
		change(status)
		if _, err = instances.Update(ctx, live, metav1.UpdateOptions{}); apierrors.IsConflict(err) {
			return err
		}
		if err != nil {
			return fmt.Errorf("update VMI %s/%s: %w", vmi.GetNamespace(), vmi.GetName(), err)
		}
		return nil
	})
}

// podReady does a kubelet's part: a paused VM's pod is not ready, and virt-controller copies that to the VMI.
func (c cluster) podReady(ctx context.Context, vmi *unstructured.Unstructured, ready bool) error {
	pods := c.client.Resource(podResource).Namespace(vmi.GetNamespace())
	list, err := pods.List(ctx, metav1.ListOptions{LabelSelector: "kubevirt.io/created-by=" + string(vmi.GetUID())})
	if err != nil {
		return fmt.Errorf("list the launcher pods of VMI %s/%s: %w", vmi.GetNamespace(), vmi.GetName(), err)
	}
	status := map[bool]string{true: "True", false: "False"}[ready]
	patch := fmt.Sprintf(`{"status":{"conditions":[{"type":"Ready","status":%q,"lastTransitionTime":%q}]}}`, status, now())
	for _, pod := range list.Items {
		_, err := pods.Patch(ctx, pod.GetName(), types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("set readiness of pod %s/%s: %w", pod.GetNamespace(), pod.GetName(), err)
		}
	}
	return nil
}

// event leaves a trace that a person finds with kubectl describe.
func (c cluster) event(ctx context.Context, vmi *unstructured.Unstructured, kind, reason, message string) error {
	at := now()
	event := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Event",
		"metadata": map[string]any{
			"namespace": vmi.GetNamespace(), "name": fmt.Sprintf("%s.%x", vmi.GetName(), time.Now().UnixNano()),
		},
		"involvedObject": map[string]any{
			"apiVersion": vmi.GetAPIVersion(), "kind": vmi.GetKind(), "namespace": vmi.GetNamespace(),
			"name": vmi.GetName(), "uid": string(vmi.GetUID()), "resourceVersion": vmi.GetResourceVersion(),
		},
		"type": kind, "reason": reason, "message": message, "count": int64(1),
		"firstTimestamp": at, "lastTimestamp": at, "source": map[string]any{"component": "site-guest"},
	}}
	_, err := c.client.Resource(eventResource).Namespace(vmi.GetNamespace()).Create(ctx, event, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create the event %s: %w", reason, err)
	}
	return nil
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }

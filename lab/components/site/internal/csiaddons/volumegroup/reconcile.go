package volumegroup

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/csi-addons/spec/lib/go/volumegroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// reconcile brings one group one step closer to what it wants; changes that it makes or waits for call it again.
func (c *controller) reconcile(ctx context.Context, namespace, name string) error {
	group, err := c.client.Resource(groups).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read VolumeGroupReplication %s/%s: %w", namespace, name, err)
	}
	if group.GetDeletionTimestamp() != nil {
		return c.remove(ctx, group)
	}
	class, err := c.client.Resource(classes).Get(ctx, text(group, "spec", "volumeGroupReplicationClassName"), metav1.GetOptions{})
	if err != nil {
		return c.fail(ctx, group, fmt.Errorf("its class: %w", err))
	}
	if text(class, "spec", "provisioner") != c.driver {
		return nil
	}
	if adopt(group) {
		// the update is an event of its own
		return c.update(ctx, group)
	}
	members, err := c.members(ctx, group)
	if err != nil {
		return c.fail(ctx, group, err)
	}
	if err := c.ensureContent(ctx, group, members); err != nil {
		return c.fail(ctx, group, err)
	}
	replication, err := c.ensureReplication(ctx, group)
	if err != nil {
		return c.fail(ctx, group, err)
	}
	return c.report(ctx, group, groupStatus(group, replication, members))
}

// adopt sets the finalizer and the names of what will be made; it says whether something was missing.
func adopt(group *unstructured.Unstructured) bool {
	changed := false
	if !slices.Contains(group.GetFinalizers(), finalizer) {
		group.SetFinalizers(append(group.GetFinalizers(), finalizer))
		changed = true
	}
	spec := group.Object["spec"].(map[string]any)
	for field, prefix := range map[string]string{
		"volumeReplicationName": "vr-", "volumeGroupReplicationContentName": "vgrcontent-",
	} {
		if value, _ := spec[field].(string); value == "" {
			spec[field] = prefix + string(group.GetUID())
			changed = true
		}
	}
	return changed
}

// members are the claims that the group selects. One without a volume of this driver makes the group incomplete, which
// is refused: a group that is switched without it would be torn.
func (c *controller) members(ctx context.Context, group *unstructured.Unstructured) ([]member, error) {
	raw, _, _ := unstructured.NestedMap(group.Object, "spec", "source", "selector")
	var wanted metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &wanted); err != nil {
		return nil, fmt.Errorf("spec.source.selector: %w", err)
	}
	selector, err := metav1.LabelSelectorAsSelector(&wanted)
	if err != nil {
		return nil, fmt.Errorf("spec.source.selector: %w", err)
	}
	options := metav1.ListOptions{LabelSelector: selector.String()}
	found, err := c.client.Resource(claims).Namespace(group.GetNamespace()).List(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("list the claims that match %s: %w", selector, err)
	}
	if n := len(found.Items); n == 0 || n > maxClaims {
		return nil, fmt.Errorf("%d claims match %s; a group has 1 to %d", n, selector, maxClaims)
	}
	members := make([]member, len(found.Items))
	for i, claim := range found.Items {
		handle, err := c.handle(ctx, &claim)
		if err != nil {
			return nil, err
		}
		members[i] = member{claim.GetName(), handle}
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.claim, b.claim) })
	return members, nil
}

func (c *controller) handle(ctx context.Context, claim *unstructured.Unstructured) (string, error) {
	if phase := text(claim, "status", "phase"); phase != "Bound" {
		return "", fmt.Errorf("claim %s is %s, not Bound", claim.GetName(), phase)
	}
	volume, err := c.client.Resource(volumes).Get(ctx, text(claim, "spec", "volumeName"), metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("volume of claim %s: %w", claim.GetName(), err)
	}
	if driver := text(volume, "spec", "csi", "driver"); driver != c.driver {
		return "", fmt.Errorf("volume %s of claim %s is of driver %q, not %s", volume.GetName(), claim.GetName(), driver, c.driver)
	}
	return text(volume, "spec", "csi", "volumeHandle"), nil
}

// ensureContent tells the driver and csi-addons' manager which volumes the group has.
func (c *controller) ensureContent(ctx context.Context, group *unstructured.Unstructured, members []member) error {
	handles := make([]string, len(members))
	for i, m := range members {
		handles[i] = m.handle
	}
	created, err := c.groups.CreateVolumeGroup(ctx, &volumegroup.CreateVolumeGroupRequest{
		Name: text(group, "spec", "volumeGroupReplicationContentName"), VolumeIds: handles,
	})
	if err != nil {
		return fmt.Errorf("create the volume group: %w", err)
	}
	wanted := newContent(group, c.driver, created.GetVolumeGroup().GetVolumeGroupId(), members)
	client := c.client.Resource(contents)
	found, err := client.Get(ctx, wanted.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		_, err = client.Create(ctx, wanted, metav1.CreateOptions{})
	case err == nil:
		have, _, _ := unstructured.NestedStringSlice(found.Object, "spec", "source", "volumeHandles")
		if slices.Equal(have, handles) {
			return nil
		}
		found.Object["spec"] = wanted.Object["spec"]
		_, err = client.Update(ctx, found, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("VolumeGroupReplicationContent %s: %w", wanted.GetName(), err)
	}
	return nil
}

func (c *controller) ensureReplication(ctx context.Context, group *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	wanted := newReplication(group)
	client := c.client.Resource(replications).Namespace(group.GetNamespace())
	found, err := client.Get(ctx, wanted.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		found, err = client.Create(ctx, wanted, metav1.CreateOptions{})
	case err == nil && wish(found, group):
		found, err = client.Update(ctx, found, metav1.UpdateOptions{})
	}
	if err != nil {
		return nil, fmt.Errorf("VolumeReplication %s: %w", wanted.GetName(), err)
	}
	return found, nil
}

// remove undoes in the order in which the manager needs it: the VolumeReplication's deletion disables the replication
// of the group, which needs the content's handle.
func (c *controller) remove(ctx context.Context, group *unstructured.Unstructured) error {
	if !slices.Contains(group.GetFinalizers(), finalizer) {
		return nil
	}
	replication := text(group, "spec", "volumeReplicationName")
	client := c.client.Resource(replications).Namespace(group.GetNamespace())
	if _, err := client.Get(ctx, replication, metav1.GetOptions{}); err == nil {
		// its removal is an event of its own
		return ignoreNotFound(client.Delete(ctx, replication, metav1.DeleteOptions{}))
	} else if !apierrors.IsNotFound(err) {
		return fmt.Errorf("read VolumeReplication %s: %w", replication, err)
	}
	content := text(group, "spec", "volumeGroupReplicationContentName")
	_, err := c.groups.DeleteVolumeGroup(ctx, &volumegroup.DeleteVolumeGroupRequest{VolumeGroupId: content})
	if err != nil && status.Code(err) != codes.NotFound {
		return fmt.Errorf("delete volume group %s: %w", content, err)
	}
	if err := ignoreNotFound(c.client.Resource(contents).Delete(ctx, content, metav1.DeleteOptions{})); err != nil {
		return fmt.Errorf("delete VolumeGroupReplicationContent %s: %w", content, err)
	}
	group.SetFinalizers(slices.DeleteFunc(group.GetFinalizers(), func(name string) bool { return name == finalizer }))
	return ignoreNotFound(c.update(ctx, group))
}

func (c *controller) update(ctx context.Context, group *unstructured.Unstructured) error {
	_, err := c.client.Resource(groups).Namespace(group.GetNamespace()).Update(ctx, group, metav1.UpdateOptions{})
	return err
}

func (c *controller) report(ctx context.Context, group *unstructured.Unstructured, status map[string]any) error {
	if !setStatus(group, status) {
		return nil
	}
	_, err := c.client.Resource(groups).Namespace(group.GetNamespace()).UpdateStatus(ctx, group, metav1.UpdateOptions{})
	return err
}

// fail shows the reason in the group's status and has it tried again.
func (c *controller) fail(ctx context.Context, group *unstructured.Unstructured, reason error) error {
	if err := c.report(ctx, group, failedStatus(group, reason)); err != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("%w; and its status could not be written: %w", reason, err)
	}
	return reason
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

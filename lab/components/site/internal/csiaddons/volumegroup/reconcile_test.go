package volumegroup

import (
	"context"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/csi-addons/spec/lib/go/volumegroup"
	"google.golang.org/grpc"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
)

const driverName = "nfs.csi.k8s.io"

// memory is a driver's volume groups.
type memory struct {
	volumegroup.ControllerClient
	groups map[string][]string
}

func (m memory) CreateVolumeGroup(
	_ context.Context, r *volumegroup.CreateVolumeGroupRequest, _ ...grpc.CallOption,
) (*volumegroup.CreateVolumeGroupResponse, error) {
	m.groups[r.GetName()] = r.GetVolumeIds()
	return &volumegroup.CreateVolumeGroupResponse{VolumeGroup: &volumegroup.VolumeGroup{VolumeGroupId: r.GetName()}}, nil
}

func (m memory) DeleteVolumeGroup(
	_ context.Context, r *volumegroup.DeleteVolumeGroupRequest, _ ...grpc.CallOption,
) (*volumegroup.DeleteVolumeGroupResponse, error) {
	delete(m.groups, r.GetVolumeGroupId())
	return &volumegroup.DeleteVolumeGroupResponse{}, nil
}

type fields = map[string]any

func object(version, kind, name string, metadata fields, rest fields) *unstructured.Unstructured {
	meta := fields{"name": name}
	for key, value := range metadata {
		meta[key] = value
	}
	all := fields{"apiVersion": version, "kind": kind, "metadata": meta}
	for key, value := range rest {
		all[key] = value
	}
	return &unstructured.Unstructured{Object: all}
}

func newGroup(metadata fields) *unstructured.Unstructured {
	all := fields{"namespace": "payroll", "uid": "1234", "generation": int64(7)}
	for key, value := range metadata {
		all[key] = value
	}
	return object(apiVersion, groupKind, "app", all, fields{"spec": fields{
		"volumeGroupReplicationClassName": "class", "volumeReplicationClassName": "volumes",
		"replicationState": "primary", "autoResync": false,
		"source": fields{"selector": fields{"matchLabels": fields{"tier": "app"}}},
	}})
}

func claim(name, phase string) *unstructured.Unstructured {
	return object("v1", "PersistentVolumeClaim", name,
		fields{"namespace": "payroll", "labels": fields{"tier": "app"}},
		fields{"spec": fields{"volumeName": "pv-" + name}, "status": fields{"phase": phase}})
}

func volume(name, driver string) *unstructured.Unstructured {
	return object("v1", "PersistentVolume", "pv-"+name, nil,
		fields{"spec": fields{"csi": fields{"driver": driver, "volumeHandle": "handle-" + name}}})
}

func class(provisioner string) *unstructured.Unstructured {
	return object(apiVersion, "VolumeGroupReplicationClass", "class", nil, fields{"spec": fields{"provisioner": provisioner}})
}

func newController(objects ...*unstructured.Unstructured) (*controller, memory) {
	kinds := map[schema.GroupVersionResource]string{
		groups: groupKind + "List", classes: "VolumeGroupReplicationClassList",
		contents: "VolumeGroupReplicationContentList", replications: "VolumeReplicationList",
		claims: "PersistentVolumeClaimList", volumes: "PersistentVolumeList",
	}
	all := make([]runtime.Object, len(objects))
	for i, o := range objects {
		all[i] = o
	}
	client := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), kinds, all...)
	driver := memory{groups: map[string][]string{}}
	return &controller{client: client, groups: driver, driver: driverName, log: slog.New(slog.DiscardHandler)}, driver
}

// settle reconciles as often as the controller's own events would call it.
func settle(t *testing.T, c *controller) error {
	t.Helper()
	var err error
	for range 4 {
		err = c.reconcile(t.Context(), "payroll", "app")
	}
	return err
}

func (c *controller) read(t *testing.T, resource schema.GroupVersionResource, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	found, err := c.client.Resource(resource).Namespace(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAGroupBecomesOneVolumeReplication(t *testing.T) {
	c, driver := newController(newGroup(nil), class(driverName),
		claim("b", "Bound"), volume("b", driverName), claim("a", "Bound"), volume("a", driverName))
	if err := settle(t, c); err != nil {
		t.Fatal(err)
	}
	handles := []string{"handle-a", "handle-b"}
	if got := driver.groups["vgrcontent-1234"]; !reflect.DeepEqual(got, handles) {
		t.Errorf("the driver's group: %v", got)
	}
	content := c.read(t, contents, "", "vgrcontent-1234")
	if text(content, "spec", "volumeGroupReplicationHandle") != "vgrcontent-1234" || text(content, "spec", "provisioner") != driverName {
		t.Errorf("content: %v", content)
	}
	if got, _, _ := unstructured.NestedStringSlice(content.Object, "spec", "source", "volumeHandles"); !reflect.DeepEqual(got, handles) {
		t.Errorf("content's handles: %v", got)
	}
	replication := c.read(t, replications, "payroll", "vr-1234")
	want := fields{
		"volumeReplicationClass": "volumes", "replicationState": "primary", "autoResync": false,
		"dataSource": fields{"apiGroup": replicationGroup, "kind": groupKind, "name": "app"},
	}
	if !reflect.DeepEqual(replication.Object["spec"], want) {
		t.Errorf("VolumeReplication: %v", replication.Object["spec"])
	}
	group := c.read(t, groups, "payroll", "app")
	refs, _, _ := unstructured.NestedSlice(group.Object, "status", "persistentVolumeClaimsRefList")
	if !reflect.DeepEqual(refs, []any{fields{"name": "a"}, fields{"name": "b"}}) {
		t.Errorf("claims: %v", refs)
	}
	group.Object["spec"].(fields)["replicationState"] = "secondary"
	if err := c.update(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	if err := settle(t, c); err != nil {
		t.Fatal(err)
	}
	if got := text(c.read(t, replications, "payroll", "vr-1234"), "spec", "replicationState"); got != "secondary" {
		t.Errorf("the wish did not arrive: %s", got)
	}
}

func TestAnIncompleteGroupIsRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		objects []*unstructured.Unstructured
		says    string
	}{
		{"no claim", []*unstructured.Unstructured{class(driverName)}, "0 claims match"},
		{"an unbound claim", []*unstructured.Unstructured{
			class(driverName), claim("a", "Bound"), volume("a", driverName), claim("b", "Pending")}, "claim b is Pending"},
		{"another driver's volume", []*unstructured.Unstructured{
			class(driverName), claim("a", "Bound"), volume("a", "other")}, `driver "other"`},
		{"a volume that is gone", []*unstructured.Unstructured{class(driverName), claim("a", "Bound")}, "volume of claim a"},
		{"no class", nil, "its class"},
	} {
		t.Run(c.name, func(t *testing.T) {
			controller, _ := newController(append(c.objects, newGroup(nil))...)
			err := settle(t, controller)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want something about %q", err, c.says)
			}
			status := controller.read(t, groups, "payroll", "app")
			if text(status, "status", "state") != "Unknown" || !strings.Contains(text(status, "status", "message"), c.says) {
				t.Errorf("status: %v", status.Object["status"])
			}
			if found := controller.read(t, replications, "payroll", "vr-1234"); found != nil {
				t.Errorf("it was replicated nevertheless: %v", found)
			}
		})
	}
}

func TestAGroupOfAnotherDriverIsLeftAlone(t *testing.T) {
	c, _ := newController(newGroup(nil), class("other"), claim("a", "Bound"), volume("a", driverName))
	if err := settle(t, c); err != nil {
		t.Fatal(err)
	}
	if got := c.read(t, groups, "payroll", "app"); len(got.GetFinalizers()) != 0 || got.Object["status"] != nil {
		t.Errorf("it was touched: %v", got)
	}
}

func TestStatusIsTheVolumeReplications(t *testing.T) {
	condition := func(generation int64) fields {
		return fields{"type": "Degraded", "status": "True", "reason": "VolumeDegraded", "observedGeneration": generation}
	}
	for _, c := range []struct {
		name     string
		seen     int64
		before   fields
		observed any
	}{
		{"current", 3, nil, int64(7)},
		{"the manager has not looked yet", 2, fields{"observedGeneration": int64(6)}, int64(6)},
		{"it never looked", 2, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			group := newGroup(nil)
			if c.before != nil {
				group.Object["status"] = c.before
			}
			replication := object(apiVersion, "VolumeReplication", "vr", fields{"generation": int64(3)}, fields{"status": fields{
				"state": "Secondary", "observedGeneration": c.seen, "conditions": []any{condition(c.seen)},
				"destinationVolumeID": "not a group's",
			}})
			got := groupStatus(group, replication, []member{{"a", "handle-a"}})
			if got["observedGeneration"] != c.observed || got["state"] != "Secondary" || got["lastSyncTime"] != nil {
				t.Errorf("status: %v", got)
			}
			if _, ok := got["destinationVolumeID"]; ok {
				t.Error("a field that a group's status does not have")
			}
			shown := got["conditions"].([]any)[0].(fields)["observedGeneration"]
			if c.observed != nil && shown != c.observed {
				t.Errorf("condition of generation %v, want %v", shown, c.observed)
			}
		})
	}
}

func TestDeletionGoesInOrder(t *testing.T) {
	c, driver := newController(newGroup(nil), class(driverName), claim("a", "Bound"), volume("a", driverName))
	if err := settle(t, c); err != nil {
		t.Fatal(err)
	}
	group := c.read(t, groups, "payroll", "app")
	now := metav1.Now()
	group.SetDeletionTimestamp(&now)
	if err := c.remove(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	if c.read(t, replications, "payroll", "vr-1234") != nil || c.read(t, contents, "", "vgrcontent-1234") == nil {
		t.Error("the first step is to delete the VolumeReplication alone: the manager needs the content to disable it")
	}
	if err := c.remove(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	if c.read(t, contents, "", "vgrcontent-1234") != nil || len(driver.groups) != 0 {
		t.Error("the content or the driver's group is left")
	}
	if found := c.read(t, groups, "payroll", "app"); found != nil && len(found.GetFinalizers()) != 0 {
		t.Errorf("finalizers are left: %v", found.GetFinalizers())
	}
}

package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"ocpvirt.dr/lab/components/site/internal/nfs"
	"ocpvirt.dr/lab/components/site/internal/records"
	"ocpvirt.dr/lab/components/site/internal/tree"
)

// site is an API server double with one VMI, "shop/db", whose disk lies on a real NFS server.
type site struct {
	t      *testing.T
	dir    string
	tree   *tree.Tree
	client *fake.FakeDynamicClient
	nfs    net.Listener
	// podReady counts readiness changes of the launcher pod.
	podReady atomic.Int32
	// deaf makes the API server refuse changes of VMIs.
	deaf atomic.Bool
}

func newSite(t *testing.T) *site {
	s := &site{t: t, dir: t.TempDir()}
	var err error
	if s.tree, err = tree.Open(s.dir, true); err != nil {
		t.Fatal(err)
	}
	if s.nfs, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- nfs.Serve(s.nfs, "/exports", func(string) (*tree.Tree, bool) { return s.tree, true }) }()
	t.Cleanup(func() {
		s.nfs.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	s.client = fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		vmiResource: "VirtualMachineInstanceList", podResource: "PodList", claimResource: "PersistentVolumeClaimList",
		pvResource: "PersistentVolumeList", eventResource: "EventList",
	}, object("v1", "PersistentVolumeClaim", "shop", "data", map[string]any{
		"spec":   map[string]any{"volumeName": "pv1", "accessModes": []any{"ReadWriteMany"}},
		"status": map[string]any{"phase": "Bound"},
	}), object("v1", "PersistentVolume", "", "pv1", map[string]any{
		"spec": map[string]any{"nfs": map[string]any{"server": "127.0.0.1", "path": "/exports/app/pv1"}},
	}), launcherPod())
	// The double cannot merge strategically.
	s.client.PrependReactor("patch", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		s.podReady.Add(1)
		return true, launcherPod(), nil
	})
	s.client.PrependReactor("update", vmiResource.Resource, func(clienttesting.Action) (bool, runtime.Object, error) {
		return s.deaf.Load(), nil, errors.New("the webhook is down")
	})
	return s
}

func object(version, kind, namespace, name string, content map[string]any) *unstructured.Unstructured {
	content["apiVersion"], content["kind"] = version, kind
	content["metadata"] = map[string]any{"namespace": namespace, "name": name}
	return &unstructured.Unstructured{Object: content}
}

func launcherPod() *unstructured.Unstructured {
	pod := object("v1", "Pod", "shop", "virt-launcher-db", map[string]any{})
	pod.SetLabels(map[string]string{"kubevirt.io/created-by": "uid-1"})
	return pod
}

// run starts a handler and returns how to stop it.
func (s *site) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	_, port, err := net.SplitHostPort(s.nfs.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		options := Options{Site: "east", Interval: 5 * time.Millisecond, NFSPort: port}
		ended <- Run(ctx, s.client, options, slog.New(slog.NewTextHandler(io.Discard, nil)))
	}()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	}
	s.t.Cleanup(stop)
	return stop
}

func (s *site) createVolume() {
	s.t.Helper()
	if err := os.Mkdir(filepath.Join(s.dir, "pv1"), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) schedule(uid string) {
	s.t.Helper()
	vmi := object("kubevirt.io/v1", "VirtualMachineInstance", "shop", "db", map[string]any{
		"spec": map[string]any{"volumes": []any{
			map[string]any{"name": "root", "containerDisk": map[string]any{"image": "x"}},
			map[string]any{"name": "data", "dataVolume": map[string]any{"name": "data"}},
		}},
		"status": map[string]any{"phase": "Scheduled"},
	})
	vmi.SetUID(types.UID(uid))
	_, err := s.client.Resource(vmiResource).Namespace("shop").Create(s.t.Context(), vmi, metav1.CreateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) vmi() *unstructured.Unstructured {
	s.t.Helper()
	vmi, err := s.client.Resource(vmiResource).Namespace("shop").Get(s.t.Context(), "db", metav1.GetOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return vmi
}

func (s *site) phase() string {
	phase, _, _ := unstructured.NestedString(s.vmi().Object, "status", "phase")
	return phase
}

// condition is "status: message", or "" when there is no such condition.
func (s *site) condition(kind string) string {
	conditions, _, _ := unstructured.NestedSlice(s.vmi().Object, "status", "conditions")
	for _, known := range conditions {
		if c := known.(map[string]any); c["type"] == kind {
			return fmt.Sprint(c["status"], ": ", c["message"])
		}
	}
	return ""
}

func (s *site) disk() records.Volume {
	s.t.Helper()
	file, err := os.Open(filepath.Join(s.dir, "pv1", records.DiskFile))
	if err != nil {
		return records.Volume{}
	}
	defer file.Close()
	volume, err := records.Summarize(file)
	if err != nil {
		s.t.Fatal(err)
	}
	return volume
}

func (s *site) setWritable(writable bool) {
	s.t.Helper()
	err := s.tree.Hold(func(_ *os.Root, set func(bool)) error {
		set(writable)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) wait(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			s.t.Fatalf("no %s; status %v, disk %+v", what, s.vmi().Object["status"], s.disk())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *site) delete() {
	s.t.Helper()
	vmi := s.vmi()
	now := metav1.Now()
	vmi.SetDeletionTimestamp(&now)
	_, err := s.client.Resource(vmiResource).Namespace("shop").Update(s.t.Context(), vmi, metav1.UpdateOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestGuestRunsWritesAndShutsDown(t *testing.T) {
	s := newSite(t)
	s.createVolume()
	s.run()
	s.schedule("uid-1")
	s.wait("records", func() bool { return s.phase() == "Running" && s.disk().Records >= 5 })
	for _, kind := range []string{"Ready", "AgentConnected", "LiveMigratable"} {
		if got := s.condition(kind); !strings.HasPrefix(got, "True") {
			t.Errorf("%s is %q", kind, got)
		}
	}
	s.delete()
	s.wait("shutdown", func() bool { return s.phase() == "Succeeded" })
	disk := s.disk()
	if disk.VM != "shop/db" || len(disk.Gaps) > 0 || disk.BadChecksums > 0 || disk.TornTail || disk.Boots[0].Site != "east" {
		t.Errorf("disk: %+v", disk)
	}
	if again := s.disk(); again.Records != disk.Records {
		t.Errorf("the guest wrote after its shutdown: %d, then %d records", disk.Records, again.Records)
	}
}

func TestNextBootContinuesBehindATornRecord(t *testing.T) {
	s := newSite(t)
	s.createVolume()
	s.run()
	s.schedule("uid-1")
	s.wait("records", func() bool { return s.disk().Records >= 3 })
	err := s.client.Resource(vmiResource).Namespace("shop").Delete(t.Context(), "db", metav1.DeleteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s.wait("end of writing", func() bool {
		before := s.disk().Records
		time.Sleep(50 * time.Millisecond) // ten records' time
		return s.disk().Records == before
	})
	file, err := os.OpenFile(filepath.Join(s.dir, "pv1", records.DiskFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("n=99 t=2026-01-01T00"); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	s.schedule("uid-2")
	s.wait("second boot", func() bool { return len(s.disk().Boots) == 2 && s.disk().Records >= 6 })
	if disk := s.disk(); len(disk.Gaps) > 0 || disk.BadChecksums > 0 || disk.Boots[1].FirstN != disk.Boots[0].LastN+1 {
		t.Errorf("disk: %+v", disk)
	}
}

func TestDiskThatCannotBeOpenedIsReportedAndRetried(t *testing.T) {
	s := newSite(t)
	s.run()
	s.schedule("uid-1")
	s.wait("report", func() bool { return strings.Contains(s.condition("Synchronized"), "/exports/app/pv1") })
	if got := s.condition("Synchronized"); s.phase() != "Scheduled" || !strings.HasPrefix(got, "False: disk of PVC data") {
		t.Errorf("phase %s, condition %q", s.phase(), got)
	}
	events, err := s.client.Resource(eventResource).Namespace("shop").List(t.Context(), metav1.ListOptions{})
	if err != nil || len(events.Items) != 1 || events.Items[0].Object["reason"] != "SyncFailed" {
		t.Errorf("events: %v, %v", events, err)
	}
	s.createVolume()
	s.wait("start after all", func() bool { return s.phase() == "Running" && s.condition("Synchronized") == "" })
}

func TestReadOnlyDiskKeepsAGuestFromRunning(t *testing.T) {
	s := newSite(t)
	s.createVolume()
	if err := os.WriteFile(filepath.Join(s.dir, "pv1", records.DiskFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.setWritable(false)
	s.run()
	s.schedule("uid-1")
	s.wait("report", func() bool { return strings.Contains(s.condition("Synchronized"), "read-only file system") })
	if s.phase() != "Scheduled" || s.disk().Records != 0 {
		t.Errorf("phase %s, disk %+v", s.phase(), s.disk())
	}
}

func TestWriteErrorPausesARunningGuest(t *testing.T) {
	s := newSite(t)
	s.createVolume()
	s.run()
	s.schedule("uid-1")
	s.wait("records", func() bool { return s.phase() == "Running" && s.disk().Records >= 3 })
	s.setWritable(false)
	s.wait("pause", func() bool {
		return strings.HasPrefix(s.condition("Ready"), "False") && strings.Contains(s.condition("Paused"), "read-only")
	})
	if s.podReady.Load() != 1 || s.phase() != "Running" {
		t.Errorf("%d changes of the pod, phase %s", s.podReady.Load(), s.phase())
	}
	before := s.disk().Records
	s.setWritable(true)
	s.wait("recovery", func() bool { return strings.HasPrefix(s.condition("Ready"), "True") && s.disk().Records > before })
	if disk := s.disk(); len(disk.Gaps) > 0 || len(disk.Boots) != 1 || s.condition("Paused") != "" {
		t.Errorf("disk %+v, paused %q", disk, s.condition("Paused"))
	}
}

func TestRunningGuestGoesOnAfterARestartOfItsHandler(t *testing.T) {
	s := newSite(t)
	s.createVolume()
	stop := s.run()
	s.schedule("uid-1")
	s.wait("records", func() bool { return s.phase() == "Running" && s.disk().Records >= 3 })
	stop()
	before := s.disk().Records
	s.run()
	s.wait("more records", func() bool { return s.disk().Records > before })
	if disk := s.disk(); len(disk.Gaps) > 0 || len(disk.Boots) != 1 {
		t.Errorf("disk: %+v", disk)
	}
}

func TestRunningGuestWritesWhileTheAPIServerIsAway(t *testing.T) {
	s := newSite(t)
	s.createVolume()
	stop := s.run()
	s.schedule("uid-1")
	s.wait("records", func() bool { return s.phase() == "Running" && s.disk().Records >= 3 })
	stop()
	s.deaf.Store(true)
	before := s.disk().Records
	s.run()
	s.wait("more records", func() bool { return s.disk().Records > before+10 })
	s.setWritable(false)
	s.deaf.Store(false)
	s.wait("pause", func() bool { return strings.Contains(s.condition("Paused"), "read-only") })
}

func TestStartWaitsForTheAPIServer(t *testing.T) {
	s := newSite(t)
	s.createVolume()
	s.deaf.Store(true)
	s.run()
	s.schedule("uid-1")
	s.wait("first record", func() bool { return s.disk().Records == 1 })
	s.deaf.Store(false)
	s.wait("records", func() bool { return s.phase() == "Running" && s.disk().Records >= 3 })
	if disk := s.disk(); len(disk.Gaps) > 0 {
		t.Errorf("disk: %+v", disk)
	}
}

func TestVMIWithoutPersistentVolumesIsNotOurs(t *testing.T) {
	vmi := object("kubevirt.io/v1", "VirtualMachineInstance", "shop", "x", map[string]any{
		"spec": map[string]any{"volumes": []any{map[string]any{"containerDisk": map[string]any{"image": "x"}}}},
	})
	if names := claims(vmi); len(names) != 0 {
		t.Fatalf("claims: %v", names)
	}
}

func TestUpdateLeavesANewerVMIAlone(t *testing.T) {
	s := newSite(t)
	s.schedule("uid-2")
	old := s.vmi()
	old.SetUID("uid-1")
	err := cluster{s.client}.update(t.Context(), old, func(status map[string]any) { setPhase(status, "Failed") })
	if !errors.Is(err, errGone) || s.phase() != "Scheduled" {
		t.Fatalf("error %v, phase %s", err, s.phase())
	}
}

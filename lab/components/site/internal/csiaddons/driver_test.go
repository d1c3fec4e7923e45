package csiaddons

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/csi-addons/spec/lib/go/fence"
	"github.com/csi-addons/spec/lib/go/identity"
	"github.com/csi-addons/spec/lib/go/replication"
	"github.com/csi-addons/spec/lib/go/volumegroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

// recorder is a backend that does nothing but fail where it is told to.
type recorder struct {
	mu     sync.Mutex
	calls  []string
	fails  map[string]error
	ready  map[string]bool
	synced map[string]time.Time
	hold   chan struct{}
	fenced []string
}

func (r *recorder) note(format string, args ...any) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	call := fmt.Sprintf(format, args...)
	r.calls = append(r.calls, call)
	return call
}

func (r *recorder) Driver() string { return "recorder" }

func (r *recorder) Enable(_ context.Context, volume string, parameters map[string]string) error {
	return r.fails[r.note("enable %s %v", volume, parameters)]
}

func (r *recorder) Disable(_ context.Context, volume string) error {
	return r.fails[r.note("disable %s", volume)]
}

func (r *recorder) Promote(_ context.Context, volume string, force bool) error {
	return r.fails[r.note("promote %s %v", volume, force)]
}

func (r *recorder) Demote(ctx context.Context, volume string) error {
	call := r.note("demote %s", volume)
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-ctx.Done():
		}
	}
	return r.fails[call]
}

func (r *recorder) Resync(_ context.Context, volume string, force bool) (bool, error) {
	return r.ready[volume], r.fails[r.note("resync %s %v", volume, force)]
}

func (r *recorder) LastSync(_ context.Context, volume string) (time.Time, error) {
	return r.synced[volume], r.fails[r.note("info %s", volume)]
}

func (r *recorder) Fence(_ context.Context, cidrs []string) error {
	r.fenced = append(r.fenced, cidrs...)
	return nil
}

func (r *recorder) Unfence(_ context.Context, cidrs []string) error {
	r.fenced = slices.DeleteFunc(r.fenced, func(c string) bool { return slices.Contains(cidrs, c) })
	return nil
}

func (r *recorder) Fenced(context.Context) ([]string, error) { return r.fenced, nil }

func (r *recorder) Clients() (string, []string) { return "east", []string{"10.0.0.1/32"} }

// connect is what the sidecar does.
func connect(t *testing.T, backend Backend, groups string) *grpc.ClientConn {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, backend, Options{Socket: socket, Groups: groups}, slog.New(slog.DiscardHandler))
	}()
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.WaitForReady(true)),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		connection.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return connection
}

func volume(id string) *replication.ReplicationSource {
	return &replication.ReplicationSource{Type: &replication.ReplicationSource_Volume{
		Volume: &replication.ReplicationSource_VolumeSource{VolumeId: id}}}
}

func group(id string) *replication.ReplicationSource {
	return &replication.ReplicationSource{Type: &replication.ReplicationSource_Volumegroup{
		Volumegroup: &replication.ReplicationSource_VolumeGroupSource{VolumeGroupId: id}}}
}

func TestIdentity(t *testing.T) {
	client := identity.NewIdentityClient(connect(t, &recorder{}, filepath.Join(t.TempDir(), "groups")))
	who, err := client.GetIdentity(t.Context(), &identity.GetIdentityRequest{})
	if err != nil || who.GetName() != "recorder" {
		t.Errorf("%v, %v", who, err)
	}
	answer, err := client.GetCapabilities(t.Context(), &identity.GetCapabilitiesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	has := func(wanted func(*identity.Capability) bool) bool {
		return slices.ContainsFunc(answer.GetCapabilities(), wanted)
	}
	for name, wanted := range map[string]func(*identity.Capability) bool{
		"controller": func(c *identity.Capability) bool {
			return c.GetService().GetType() == identity.Capability_Service_CONTROLLER_SERVICE
		},
		"replication": func(c *identity.Capability) bool {
			return c.GetVolumeReplication().GetType() == identity.Capability_VolumeReplication_VOLUME_REPLICATION
		},
		"fence": func(c *identity.Capability) bool {
			return c.GetNetworkFence().GetType() == identity.Capability_NetworkFence_NETWORK_FENCE
		},
	} {
		if !has(wanted) {
			t.Errorf("the capability %s is missing, and csi-addons' manager would not call", name)
		}
	}
}

func TestPromote(t *testing.T) {
	refused := status.Error(codes.FailedPrecondition, "the peer is primary")
	for _, c := range []struct {
		name   string
		source *replication.ReplicationSource
		force  bool
		fails  map[string]error
		code   codes.Code
		calls  []string
	}{
		{"a volume", volume("a"), false, nil, codes.OK, []string{"promote a false"}},
		{"a group", group("g"), true, nil, codes.OK, []string{"promote a true", "promote b true", "promote c true"}},
		{"an unknown group", group("h"), false, nil, codes.NotFound, nil},
		{"nothing", nil, false, nil, codes.InvalidArgument, nil},
		{"refused", volume("a"), false, map[string]error{"promote a false": refused}, codes.FailedPrecondition,
			[]string{"promote a false"}},
		{"one of a group refused", group("g"), false, map[string]error{"promote b false": refused}, codes.FailedPrecondition,
			[]string{"promote a false", "promote b false", "promote c false"}},
		{"force would not help", group("g"), false, map[string]error{
			"promote a false": refused, "promote b false": status.Error(codes.Unavailable, "no answer"), "promote c false": refused,
		}, codes.Unavailable, []string{"promote a false", "promote b false", "promote c false"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			backend := &recorder{fails: c.fails}
			connection := connect(t, backend, filepath.Join(t.TempDir(), "groups"))
			_, err := volumegroup.NewControllerClient(connection).CreateVolumeGroup(t.Context(),
				&volumegroup.CreateVolumeGroupRequest{Name: "g", VolumeIds: []string{"c", "a", "b"}})
			if err != nil {
				t.Fatal(err)
			}
			_, err = replication.NewControllerClient(connection).PromoteVolume(t.Context(),
				&replication.PromoteVolumeRequest{ReplicationSource: c.source, Force: c.force})
			if status.Code(err) != c.code {
				t.Errorf("%v, want %s", err, c.code)
			}
			slices.Sort(backend.calls)
			if !slices.Equal(backend.calls, c.calls) {
				t.Errorf("calls %v, want %v", backend.calls, c.calls)
			}
		})
	}
}

func TestAGroupIsReadyWhenAllAre(t *testing.T) {
	backend := &recorder{ready: map[string]bool{"a": true}}
	connection := connect(t, backend, filepath.Join(t.TempDir(), "groups"))
	_, err := volumegroup.NewControllerClient(connection).CreateVolumeGroup(t.Context(),
		&volumegroup.CreateVolumeGroupRequest{Name: "g", VolumeIds: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{false, true} {
		backend.ready["b"] = want
		answer, err := replication.NewControllerClient(connection).ResyncVolume(t.Context(),
			&replication.ResyncVolumeRequest{ReplicationSource: group("g")})
		if err != nil || answer.GetReady() != want {
			t.Errorf("b ready=%v: %v, %v", want, answer, err)
		}
	}
}

func TestAGroupIsAsOldAsItsOldestVolume(t *testing.T) {
	old := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	backend := &recorder{synced: map[string]time.Time{"a": old.Add(time.Hour), "b": old}}
	connection := connect(t, backend, filepath.Join(t.TempDir(), "groups"))
	_, err := volumegroup.NewControllerClient(connection).CreateVolumeGroup(t.Context(),
		&volumegroup.CreateVolumeGroupRequest{Name: "g", VolumeIds: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := replication.NewControllerClient(connection).GetVolumeReplicationInfo(t.Context(),
		&replication.GetVolumeReplicationInfoRequest{ReplicationSource: group("g")})
	if err != nil || !answer.GetLastSyncTime().AsTime().Equal(old) {
		t.Errorf("%v, %v", answer, err)
	}
}

func TestASecondOperationIsAborted(t *testing.T) {
	backend := &recorder{hold: make(chan struct{})}
	client := replication.NewControllerClient(connect(t, backend, filepath.Join(t.TempDir(), "groups")))
	demote := func() error {
		_, err := client.DemoteVolume(t.Context(), &replication.DemoteVolumeRequest{ReplicationSource: volume("a")})
		return err
	}
	results := make(chan error, 2)
	for range 2 {
		go func() { results <- demote() }()
	}
	if err := <-results; status.Code(err) != codes.Aborted {
		t.Errorf("while one is running: %v", err)
	}
	close(backend.hold)
	if err := <-results; err != nil {
		t.Error(err)
	}
	if err := demote(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestGroupsSurviveARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "below", "groups")
	first := volumegroup.NewControllerClient(connect(t, &recorder{}, file))
	_, err := first.CreateVolumeGroup(t.Context(), &volumegroup.CreateVolumeGroupRequest{Name: "g", VolumeIds: []string{"b", "a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	again := volumegroup.NewControllerClient(connect(t, &recorder{}, file))
	members := func() string {
		found, err := again.ControllerGetVolumeGroup(t.Context(), &volumegroup.ControllerGetVolumeGroupRequest{VolumeGroupId: "g"})
		if err != nil {
			return status.Code(err).String()
		}
		all := ""
		for _, v := range found.GetVolumeGroup().GetVolumes() {
			all += v.GetVolumeId()
		}
		return all
	}
	if got := members(); got != "ab" {
		t.Errorf("after a restart: %s", got)
	}
	_, err = again.ModifyVolumeGroupMembership(t.Context(),
		&volumegroup.ModifyVolumeGroupMembershipRequest{VolumeGroupId: "g", VolumeIds: []string{"c"}})
	if got := members(); err != nil || got != "c" {
		t.Errorf("modified: %s, %v", got, err)
	}
	if _, err = again.DeleteVolumeGroup(t.Context(), &volumegroup.DeleteVolumeGroupRequest{VolumeGroupId: "g"}); err != nil {
		t.Error(err)
	}
	if got := members(); got != codes.NotFound.String() {
		t.Errorf("deleted: %s", got)
	}
}

func TestFence(t *testing.T) {
	client := fence.NewFenceControllerClient(connect(t, &recorder{}, filepath.Join(t.TempDir(), "groups")))
	cidrs := []*fence.CIDR{{Cidr: "10.0.0.0/24"}}
	if _, err := client.FenceClusterNetwork(t.Context(), &fence.FenceClusterNetworkRequest{Cidrs: cidrs}); err != nil {
		t.Fatal(err)
	}
	now, err := client.ListClusterFence(t.Context(), &fence.ListClusterFenceRequest{})
	if err != nil || !slices.Equal(texts(now.GetCidrs()), []string{"10.0.0.0/24"}) {
		t.Errorf("fenced: %v, %v", now, err)
	}
	if _, err := client.UnfenceClusterNetwork(t.Context(), &fence.UnfenceClusterNetworkRequest{Cidrs: cidrs}); err != nil {
		t.Fatal(err)
	}
	if now, err = client.ListClusterFence(t.Context(), &fence.ListClusterFenceRequest{}); err != nil || len(now.GetCidrs()) != 0 {
		t.Errorf("unfenced: %v, %v", now, err)
	}
	mine, err := client.GetFenceClients(t.Context(), &fence.GetFenceClientsRequest{})
	if err != nil || mine.GetClients()[0].GetId() != "east" || mine.GetClients()[0].GetAddresses()[0].GetCidr() != "10.0.0.1/32" {
		t.Errorf("clients: %v, %v", mine, err)
	}
}

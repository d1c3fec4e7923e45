package nfsexports

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"ocpvirt.dr/lab/components/site/internal/fence"
	"ocpvirt.dr/lab/components/site/internal/replication"
	"ocpvirt.dr/lab/components/site/internal/tree"
)

const patience = 30 * time.Second

// side is a real storage without its NFS server, and the backend that drives it.
type side struct {
	*Backend
	manager   *replication.Manager
	peer      string
	root      string
	t         *testing.T
	reachable *httptest.Server
}

func newSide(t *testing.T, name string) *side {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	s := &side{t: t, root: t.TempDir()}
	var err error
	s.manager, err = replication.Open(s.root, "/exports", replication.NewPeerClient(net.IPv4(127, 0, 0, 1)), log)
	if err != nil {
		t.Fatal(err)
	}
	list, err := fence.Open(filepath.Join(s.root, ".fence.json"))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.manager.ControlHandler())
	mux.Handle("/v1/fence", list.Handler())
	control := httptest.NewServer(mux)
	s.reachable = httptest.NewServer(s.manager.PeerHandler())
	s.peer = s.reachable.URL
	ctx, cancel := context.WithCancel(context.Background())
	s.Backend = New(ctx, Options{Control: control.URL, Server: name, Prefix: "/exports", Site: name}, log)
	t.Cleanup(func() {
		cancel()
		control.Close()
		s.reachable.Close()
		if err := s.manager.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func handle(s *side) string { return s.options.Server + "#exports#v##" }

func (s *side) put(role replication.Role, peer string) {
	s.t.Helper()
	if err := s.manager.Put("v", replication.Settings{Role: role, Peer: peer, IntervalSeconds: 0.1}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *side) status() replication.Status { return s.manager.List()[0] }

func (s *side) write(text string) {
	s.t.Helper()
	export, ok := s.manager.Tree("v")
	if !ok {
		s.t.Fatal("no export")
	}
	err := export.Mutate(func(root *os.Root) error { return root.WriteFile("disk.img", []byte(text), 0o600) },
		tree.WholeFile("disk.img"))
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *side) content() string {
	data, err := os.ReadFile(filepath.Join(s.root, "v", "disk.img"))
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s", patience, what)
		}
	}
}

// pair is a primary at east whose writes have reached west.
func pair(t *testing.T) (east, west *side) {
	t.Helper()
	east, west = newSide(t, "east"), newSide(t, "west")
	west.put(replication.Secondary, east.peer)
	east.put(replication.Primary, west.peer)
	east.write("one")
	await(t, "the first snapshot", func() bool { return west.content() == "one" })
	return east, west
}

func code(t *testing.T, what string, err error, want codes.Code) {
	t.Helper()
	if status.Code(err) != want {
		t.Errorf("%s: %v, want code %s", what, err, want)
	}
}

func (s *side) awaitReady() {
	s.t.Helper()
	await(s.t, s.options.Server+" to be ready", func() bool {
		ready, err := s.Resync(s.t.Context(), handle(s), false)
		code(s.t, "resync", err, codes.OK)
		return ready
	})
}

func TestPlannedSwitch(t *testing.T) {
	east, west := pair(t)
	ctx := t.Context()
	code(t, "promote while the peer is primary", west.Promote(ctx, handle(west), false), codes.FailedPrecondition)
	if ready, err := west.Resync(ctx, handle(west), false); ready || err != nil {
		t.Errorf("a secondary of a live primary: ready=%v, %v", ready, err)
	}
	_, err := east.Resync(ctx, handle(east), true)
	code(t, "resync of a primary", err, codes.FailedPrecondition)
	east.write("two")
	code(t, "demote", east.Demote(ctx, handle(east)), codes.OK)
	code(t, "demote again", east.Demote(ctx, handle(east)), codes.OK)
	east.awaitReady()
	west.awaitReady()
	if got := west.content(); got != "two" {
		t.Errorf("west holds %q although both sides are ready", got)
	}
	code(t, "promote", west.Promote(ctx, handle(west), false), codes.OK)
	code(t, "promote again", west.Promote(ctx, handle(west), false), codes.OK)
	west.write("three")
	await(t, "the way back", func() bool { return east.content() == "three" })
	if at, err := west.LastSync(ctx, handle(west)); err != nil || time.Since(at) > patience {
		t.Errorf("last sync at the primary: %v, %v", at, err)
	}
	_, err = east.LastSync(ctx, handle(east))
	code(t, "last sync at the secondary", err, codes.FailedPrecondition)
}

func TestForcedSwitchNeedsAForcedResync(t *testing.T) {
	for _, c := range []struct {
		name     string
		prepare  func(east, west *side)
		loser    func(east, west *side) *side
		expected string
	}{
		{"the old primary gives up", func(east, west *side) {
			code(t, "force", west.Promote(t.Context(), handle(west), true), codes.OK)
		}, func(east, _ *side) *side { return east }, "west"},
		{"the side that was forced by mistake gives up", func(east, west *side) {
			code(t, "force", west.Promote(t.Context(), handle(west), true), codes.OK)
		}, func(_, west *side) *side { return west }, "east"},
	} {
		t.Run(c.name, func(t *testing.T) {
			east, west := pair(t)
			c.prepare(east, west)
			east.write("east")
			west.write("west")
			loser, winner := c.loser(east, west), east
			if loser == east {
				winner = west
			}
			code(t, "demote", loser.Demote(t.Context(), handle(loser)), codes.OK)
			await(t, "the split brain to be seen", func() bool { return splitBrain(loser.status()) })
			_, err := loser.Resync(t.Context(), handle(loser), false)
			code(t, "resync without force", err, codes.Internal)
			var ready bool
			// the final sync that the demotion began may still run: the manager calls again then
			await(t, "an answer to the resync", func() bool {
				ready, err = loser.Resync(t.Context(), handle(loser), true)
				return status.Code(err) != codes.Aborted
			})
			if ready || err != nil {
				t.Fatalf("resync: ready=%v, %v", ready, err)
			}
			await(t, "the winner's content", func() bool { return loser.content() == c.expected })
			await(t, "replication", func() bool { return winner.status().Health == replication.Healthy })
			if ready, err := loser.Resync(t.Context(), handle(loser), true); ready || err != nil {
				t.Errorf("resync of a whole secondary: ready=%v, %v", ready, err)
			}
			if loser.content() != c.expected {
				t.Errorf("it was thrown away again: %q", loser.content())
			}
		})
	}
}

func TestPromoteWithoutThePeer(t *testing.T) {
	_, west := pair(t)
	code(t, "peer gone", func() error {
		if err := west.manager.Put("v", replication.Settings{Role: replication.Secondary, Peer: "http://127.0.0.1:1",
			IntervalSeconds: 0.1}); err != nil {
			return err
		}
		return west.Promote(t.Context(), handle(west), false)
	}(), codes.FailedPrecondition)
	code(t, "force", west.Promote(t.Context(), handle(west), true), codes.OK)
	_, err := west.LastSync(t.Context(), handle(west))
	code(t, "nothing reached the peer", err, codes.NotFound)
}

func TestEnableAndDisable(t *testing.T) {
	east, west := newSide(t, "east"), newSide(t, "west")
	ctx := t.Context()
	code(t, "no such export", east.Enable(ctx, handle(east), nil), codes.NotFound)
	west.put(replication.Secondary, east.peer)
	east.put(replication.Primary, "")
	code(t, "no peer anywhere", east.Enable(ctx, handle(east), nil), codes.FailedPrecondition)
	parameters := map[string]string{peerParameter: west.peer, intervalParameter: "soon"}
	code(t, "a wrong interval", east.Enable(ctx, handle(east), parameters), codes.InvalidArgument)
	parameters[intervalParameter] = "100ms"
	code(t, "enable", east.Enable(ctx, handle(east), parameters), codes.OK)
	if now := east.status(); now.Peer != west.peer || now.IntervalSeconds != 0.1 {
		t.Errorf("enabled with peer %s every %v s", now.Peer, now.IntervalSeconds)
	}
	code(t, "disable at the secondary", west.Disable(ctx, handle(west)), codes.OK)
	code(t, "disable", east.Disable(ctx, handle(east)), codes.OK)
	if now := east.status(); now.Peer != "" || now.Role != replication.Primary || west.status().Peer == "" {
		t.Errorf("after disabling: %+v", now)
	}
}

func TestFenceReachesTheStorage(t *testing.T) {
	east := newSide(t, "east")
	for _, c := range []struct {
		do   func(context.Context, []string) error
		cidr string
		want codes.Code
		now  string
	}{
		{east.Fence, "10.0.0.1/32", codes.OK, "[10.0.0.1/32]"},
		{east.Fence, "10.0.0.1", codes.InvalidArgument, "[10.0.0.1/32]"},
		{east.Unfence, "10.0.0.1/32", codes.OK, "[]"},
	} {
		code(t, c.cidr, c.do(t.Context(), []string{c.cidr}), c.want)
		now, err := east.Fenced(t.Context())
		if err != nil || fmt.Sprint(now) != c.now {
			t.Errorf("after %s: %v, %v, want %s", c.cidr, now, err, c.now)
		}
	}
}

func TestAnUnreachableStorageIsUnavailable(t *testing.T) {
	b := New(t.Context(), Options{Control: "http://127.0.0.1:1", Server: "east", Prefix: "/exports"}, slog.Default())
	code(t, "promote", b.Promote(t.Context(), "east#exports#v##", true), codes.Unavailable)
}

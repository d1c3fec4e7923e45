package replication

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestPlannedMoveLosesNothing(t *testing.T) {
	east, west := pair(t)
	if reason := west.verb("promote"); reason != PeerIsPrimary {
		t.Fatalf("promotion beside a primary gave %q", reason)
	}
	west.must("POST", "/"+export+"/pause", nil, nil)
	east.mustWrite("pv1/disk.img", "last words\n")
	east.must("POST", "/"+export+"/demote", nil, nil)
	if err := east.write("pv1/disk.img", "x", 0); err != syscall.EROFS {
		t.Fatalf("a write after the demotion gave %v", err)
	}
	if reason := west.verb("promote"); reason != NotSynced {
		t.Fatalf("promotion before the final sync gave %q", reason)
	}
	west.must("POST", "/"+export+"/resume", nil, nil)
	var proof SyncProof
	east.must("POST", "/"+export+"/sync", nil, &proof)
	if proof.DigestLocal != proof.DigestPeer || proof.Files != 1 || proof.Bytes != 11 || proof.At.IsZero() {
		t.Fatalf("proof: %+v", proof)
	}
	for range 2 {
		west.must("POST", "/"+export+"/promote", nil, nil)
	}
	if got := west.status(); got.Role != Primary || got.Epoch != 1 || got.LastSync == nil {
		t.Fatalf("after the promotion: %+v", got)
	}
	if got := west.content("pv1/disk.img"); got != "last words\n" {
		t.Fatalf("the target holds %q", got)
	}
	// Replication goes the other way without a resync.
	west.mustWrite("pv1/disk.img", "from west!\n")
	east.waitContent("pv1/disk.img", "from west!\n")
	east.waitStatus("incoming", func(s Status) bool { return s.Direction == "incoming" && s.Health == Healthy })
}

func TestSourceIsPromotedAgainWhenAMoveIsGivenUp(t *testing.T) {
	east, west := pair(t)
	east.mustWrite("pv1/disk.img", "unsynced\n")
	east.must("POST", "/"+export+"/demote", nil, nil)
	east.must("POST", "/"+export+"/promote", nil, nil)
	if got := east.status(); got.Role != Primary || got.Epoch != 1 {
		t.Fatalf("after the rollback: %+v", got)
	}
	west.waitContent("pv1/disk.img", "unsynced\n")
}

func TestSyncFromAPrimary(t *testing.T) {
	east, west := pair(t)
	east.mustWrite("pv7/disk.img", "seven")
	var proof SyncProof
	east.must("POST", "/"+export+"/sync", nil, &proof)
	if proof.Files != 2 || proof.DigestLocal != proof.DigestPeer || west.content("pv7/disk.img") != "seven" {
		t.Fatalf("proof: %+v", proof)
	}
	if reason := west.verb("sync"); reason != Invalid {
		t.Fatalf("sync at the receiving side gave %q", reason)
	}
}

func TestProofFindsAndRepairsASilentDifference(t *testing.T) {
	east, west := pair(t)
	info, err := os.Stat(west.file("pv1/disk.img"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(west.file("pv1/disk.img"), []byte("ONE\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(west.file("pv1/disk.img"), time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
	east.must("POST", "/"+export+"/demote", nil, nil)
	east.must("POST", "/"+export+"/sync", nil, nil)
	if got := west.content("pv1/disk.img"); got != "one\n" {
		t.Fatalf("after the proof the secondary holds %q", got)
	}
}

func TestForcedPromotionThenReturnThenResync(t *testing.T) {
	east, west := pair(t)
	east.kill()
	west.waitStatus("loss", func(s Status) bool { return !s.PeerReachable })
	if reason := west.verb("promote"); reason != PeerUnreachable {
		t.Fatalf("promotion with a dead peer gave %q", reason)
	}
	before := west.status().LastSync
	for range 2 {
		west.must("POST", "/"+export+"/promote", map[string]bool{"force": true}, nil)
	}
	got := west.status()
	if got.Role != Primary || got.Epoch != 2 || got.LastSync != nil || !got.RecoveryPoint.Equal(*before) {
		t.Fatalf("after the forced promotion: %+v, last sync before it %v", got, before)
	}
	west.mustWrite("pv1/disk.img", "west goes on\n")

	east.boot()
	east.waitStatus("divergence", func(s Status) bool { return s.Health == HealthDiverged && s.Direction == "none" })
	east.mustWrite("pv1/disk.img", "east does not know\n")
	west.waitStatus("degradation", func(s Status) bool { return s.Health == Degraded && s.PeerReachable })
	if got := west.content("pv1/disk.img"); got != "west goes on\n" {
		t.Fatalf("the old primary overwrote the new one: %q", got)
	}
	for _, verb := range []string{"demote", "promote"} {
		if reason := east.verb(verb); verb == "promote" && reason != Diverged {
			t.Fatalf("promotion of the diverged side gave %q", reason)
		}
	}
	if reason := west.verb("resync"); reason != NotSecondary {
		t.Fatalf("resync of the valid side gave %q", reason)
	}
	east.must("POST", "/"+export+"/resync", nil, nil)
	east.waitStatus("health", func(s Status) bool { return s.Health == Healthy && s.Role == Secondary && s.Epoch == 2 })
	west.waitStatus("health", func(s Status) bool { return s.Health == Healthy })
	east.waitContent("pv1/disk.img", "west goes on\n")
}

func TestTwoForcedPrimariesNeverOverwriteEachOther(t *testing.T) {
	east, west := pair(t)
	east.must("POST", "/"+export+"/demote", nil, nil)
	east.kill()
	west.must("POST", "/"+export+"/promote", map[string]bool{"force": true}, nil)
	west.mustWrite("pv1/disk.img", "west\n")
	west.kill()
	east.boot()
	east.must("POST", "/"+export+"/promote", map[string]bool{"force": true}, nil)
	east.mustWrite("pv1/disk.img", "east\n")
	west.boot()
	for _, s := range []*storage{east, west} {
		s.waitStatus("divergence", func(s Status) bool { return s.Health == HealthDiverged && s.Role == Primary })
	}
	if east.content("pv1/disk.img") != "east\n" || west.content("pv1/disk.img") != "west\n" {
		t.Fatal("a primary was overwritten")
	}
	west.must("POST", "/"+export+"/resync", nil, nil)
	west.waitContent("pv1/disk.img", "east\n")
	east.waitStatus("health", func(s Status) bool { return s.Health == Healthy })
}

func TestStateSurvivesAKill(t *testing.T) {
	east, west := pair(t)
	west.kill()
	east.kill()
	east.boot()
	west.boot()
	if got := east.status(); got.Role != Primary || got.Epoch != 1 || got.Peer != west.url() {
		t.Fatalf("east came back as %+v", got)
	}
	if got := west.status(); got.Role != Secondary || got.LastSync == nil {
		t.Fatalf("west came back as %+v", got)
	}
	east.mustWrite("pv1/disk.img", "once more\n")
	west.waitContent("pv1/disk.img", "once more\n")
	east.must("POST", "/"+export+"/demote", nil, nil)
	east.kill()
	east.boot()
	if err := east.write("pv1/disk.img", "x", 0); err != syscall.EROFS {
		t.Fatalf("a write after demotion and kill gave %v", err)
	}
	if reason := west.verb("promote"); reason != NotSynced {
		t.Fatalf("promotion before the final sync gave %q", reason)
	}
}

func TestReceivedSnapshotIsAppliedAfterAKill(t *testing.T) {
	east, west := pair(t)
	west.kill()
	east.mustWrite("pv1/disk.img", "two\n")
	e, err := east.manager.find(export)
	if err != nil {
		t.Fatal(err)
	}
	state, err := loadState(filepath.Join(west.root, StateFolder, export))
	if err != nil {
		t.Fatal(err)
	}
	// What a storage leaves that was killed between the switch and the end of applying.
	committed, err := os.Create(filepath.Join(west.root, StateFolder, export, "committed.journal"))
	if err != nil {
		t.Fatal(err)
	}
	h := header{Epoch: state.Epoch, Base: state.Snapshot, Snapshot: "killed"}
	if _, err := capture(e.tree, committed, h, manifest{"pv1": {Dir: true}}, false); err != nil {
		t.Fatal(err)
	}
	if err := committed.Close(); err != nil {
		t.Fatal(err)
	}
	east.kill()
	west.boot()
	if got := west.content("pv1/disk.img"); got != "two\n" {
		t.Fatalf("after the kill the secondary holds %q", got)
	}
	if now := west.status(); !now.LastSync.After(*state.LastSync) {
		t.Fatalf("last sync stays at %v", now.LastSync)
	}
}

func TestUnreadableStateIsUnknownAndReadOnly(t *testing.T) {
	east, west := pair(t)
	east.kill()
	if err := os.WriteFile(filepath.Join(east.root, StateFolder, export, stateFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	east.boot()
	if got := east.status(); got.Role != Unknown || got.Health != Failed {
		t.Fatalf("status: %+v", got)
	}
	if err := east.write("pv1/disk.img", "x", 0); err != syscall.EROFS {
		t.Fatalf("a write gave %v", err)
	}
	if reason := west.verb("promote"); reason != Invalid {
		t.Fatalf("promotion beside an unknown peer gave %q", reason)
	}
}

func TestPausedReplicationSendsNothing(t *testing.T) {
	east, west := pair(t)
	east.must("POST", "/"+export+"/pause", nil, nil)
	east.mustWrite("pv1/disk.img", "held\n")
	before := west.status().LastSync
	time.Sleep(300 * time.Millisecond) // three intervals
	if now := west.status(); !now.LastSync.Equal(*before) || west.content("pv1/disk.img") != "one\n" {
		t.Fatalf("a snapshot arrived during the pause: %+v", now)
	}
	east.must("POST", "/"+export+"/resume", nil, nil)
	west.waitContent("pv1/disk.img", "held\n")
}

func TestExportsComeAndGo(t *testing.T) {
	east, west := pair(t)
	for reason, settings := range map[Reason]Settings{
		Invalid: {Role: "boss", IntervalSeconds: 1},
	} {
		if got := east.call("PUT", "/other", settings, nil); got != reason {
			t.Errorf("%+v gave %q", settings, got)
		}
	}
	if got := east.call("PUT", "/"+export, Settings{Role: Secondary, IntervalSeconds: 1}, nil); got != Invalid {
		t.Errorf("a change of role by PUT gave %q", got)
	}
	if got := east.call("PUT", "/.replication", Settings{Role: Primary, IntervalSeconds: 1}, nil); got != Invalid {
		t.Errorf("an impossible name gave %q", got)
	}
	var volume Volume
	for range 2 {
		east.must("POST", "/"+export+"/volumes/pv5", nil, &volume)
	}
	if volume.Path != "/exports/"+export+"/pv5" {
		t.Errorf("volume: %+v", volume)
	}
	east.must("DELETE", "/"+export, nil, nil)
	if got := east.call("GET", "/"+export, nil, nil); got != NotFound {
		t.Errorf("a deleted export gave %q", got)
	}
	if got := east.content("pv1/disk.img"); got != "one\n" {
		t.Errorf("the data did not stay: %q", got)
	}
	if reason := west.verb("promote"); reason != NotSecondary {
		t.Errorf("promotion without the peer's export gave %q", reason)
	}
}

package replication

import (
	"fmt"
	"time"
)

// Health of an export as seen from one site.
type Health string

// Degraded is replication that does not keep up or does not run; Failed is a failure of this side itself.
const (
	Healthy        Health = "healthy"
	Degraded       Health = "degraded"
	HealthDiverged Health = "diverged"
	Failed         Health = "error"
)

// Status is what the control API shows of an export.
type Status struct {
	Name            string     `json:"name"`
	Path            string     `json:"path"`
	Role            Role       `json:"role"`
	Health          Health     `json:"health"`
	Direction       string     `json:"direction"`
	Peer            string     `json:"peer"`
	IntervalSeconds float64    `json:"interval_seconds"`
	Paused          bool       `json:"paused"`
	LastSync        *time.Time `json:"last_sync"`
	PeerReachable   bool       `json:"peer_reachable"`
	PeerRole        Role       `json:"peer_role"`
	Epoch           int        `json:"epoch"`
	EpochID         string     `json:"epoch_id"`
	// Synced is true at a demoted side whose final sync was proven.
	Synced bool `json:"synced"`
	// PeerSynced is true at a side that holds what its demoted peer proved to be everything.
	PeerSynced bool `json:"peer_synced"`
	// RecoveryPoint is the last_sync that this side was promoted with.
	RecoveryPoint *time.Time `json:"recovery_point"`
	Resyncing     bool       `json:"resyncing"`
	Error         string     `json:"error"`
}

// Status never waits: what the peer said is as old as the last interval.
func (e *Export) Status(path string) Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.state
	status := Status{
		Name: e.name, Path: path, Role: s.Role, Direction: s.direction(), Peer: s.Peer,
		IntervalSeconds: s.Interval.Seconds(), Paused: s.Paused, LastSync: s.LastSync,
		PeerReachable: s.Peer != "" && e.seen.reachable, Epoch: s.Epoch.Number, EpochID: s.Epoch.ID,
		Synced: s.Synced != "", PeerSynced: e.peerSynced(), RecoveryPoint: s.RecoveryPoint, Resyncing: s.Resyncing,
	}
	if status.PeerReachable {
		status.PeerRole = e.seen.peer.Role
	}
	status.Health, status.Error = e.health(time.Now())
	return status
}

// peerSynced is asked under mu.
func (e *Export) peerSynced() bool {
	s, there := e.state, e.seen.peer
	return s.Role == Secondary && !s.Source && e.seen.reachable && there.Role == Secondary && there.Source &&
		there.Synced != "" && there.Synced == s.Snapshot
}

func (s state) direction() string {
	switch {
	case s.Peer == "" || s.Diverged != "" || s.Role == Unknown:
		return "none"
	case s.Role == Primary:
		return "outgoing"
	case s.Source:
		return "none"
	}
	return "incoming"
}

// health is asked under mu.
func (e *Export) health(now time.Time) (Health, string) {
	s := e.state
	switch {
	case e.fault != "":
		return Failed, e.fault
	case s.Diverged != "":
		return HealthDiverged, s.Diverged
	case s.Peer == "":
		return Degraded, "not replicated: no peer"
	case !e.seen.reachable:
		return Degraded, e.problemOr("the peer was not reached yet")
	case s.Paused:
		return Degraded, "replication is paused"
	case e.seen.problem != "":
		return Degraded, e.seen.problem
	case s.Source && s.Role == Secondary:
		return e.demotedHealth()
	case s.Resyncing:
		return Degraded, "the resync has not completed"
	case s.LastSync == nil:
		return Degraded, "no snapshot reached the secondary yet"
	case s.Role == Secondary && e.seen.peer.Role != Primary:
		return Healthy, ""
	}
	if allowed := 3*s.Interval + 5*time.Second; now.Sub(*s.LastSync) > allowed {
		return Degraded, fmt.Sprintf("the newest snapshot at the secondary is older than %s", allowed)
	}
	return Healthy, ""
}

func (e *Export) demotedHealth() (Health, string) {
	if e.state.Synced == "" {
		return Degraded, "demoted, and the final sync has not completed"
	}
	return Healthy, ""
}

func (e *Export) problemOr(text string) string {
	if e.seen.problem != "" {
		return e.seen.problem
	}
	return text
}

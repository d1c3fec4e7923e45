package rbdimages

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// mirroring is what an image itself says.
type mirroring struct {
	state   string
	primary bool
}

// States of an image's mirroring, in librbd's words.
const (
	enabled   = "enabled"
	disabling = "disabling"
	disabled  = "disabled"
)

// report is what the rbd-mirror of one site said last of an image.
type report struct {
	remote      bool
	up          bool
	state       string
	description string
}

func (r report) String() string {
	switch {
	case r == (report{}):
		return "no report of rbd-mirror"
	case r.up:
		return fmt.Sprintf("up+%s, %s", r.state, r.description)
	}
	return fmt.Sprintf("down+%s, %s", r.state, r.description)
}

// States that rbd-mirror reports, in librbd's words.
const (
	unknown   = "unknown"
	replaying = "replaying"
)

// local is the report of the image's own site; its state is empty when there is none.
func local(reports []report) report {
	for _, r := range reports {
		if !r.remote {
			return r
		}
	}
	return report{}
}

// bothDemoted is ceph-csi's sign that the sides hold the same: neither rbd-mirror finds a primary to follow, and each
// says so only after it has copied the demotion's snapshot. Without any report of a peer nothing is known.
func bothDemoted(reports []report) bool {
	if own := local(reports); !own.up || own.state != unknown {
		return false
	}
	peers := 0
	for _, r := range reports {
		if !r.remote {
			continue
		}
		peers++
		if !r.up || r.state != unknown {
			return false
		}
	}
	return peers > 0
}

// replay is the JSON document in the description of an image that is replayed.
type replay struct {
	LocalSnapshot int64  `json:"local_snapshot_timestamp"`
	State         string `json:"replay_state"`
}

func (r replay) syncing() bool { return r.State == "syncing" }

// at is the moment whose content is wholly copied; rbd-mirror does not tell it right after a change of roles.
func (r replay) at() (moment time.Time, known bool) {
	return time.Unix(r.LocalSnapshot, 0), r.LocalSnapshot != 0
}

// replay reads a description such as "replaying, {…}". One without a document says nothing of a replay.
func (r report) replay() (replay, error) {
	_, document, found := strings.Cut(r.description, ", {")
	if !found {
		return replay{}, nil
	}
	var told replay
	if err := json.Unmarshal([]byte("{"+document), &told); err != nil {
		return replay{}, fmt.Errorf("read the description %q: %w", r.description, err)
	}
	return told, nil
}

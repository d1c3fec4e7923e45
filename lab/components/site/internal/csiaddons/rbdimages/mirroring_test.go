package rbdimages

import "testing"

var (
	demotedHere   = report{up: true, state: unknown, description: "remote image is not primary"}
	demotedThere  = report{remote: true, up: true, state: unknown, description: "remote image is not primary"}
	primaryThere  = report{remote: true, up: true, state: "stopped", description: "local image is primary"}
	followsHere   = report{up: true, state: replaying, description: described(`"local_snapshot_timestamp":1700000000,`, "idle")}
	followsThere  = report{remote: true, up: true, state: replaying, description: followsHere.description}
	splitHere     = report{up: true, state: "error", description: "split-brain"}
	justSwitched  = report{remote: true, up: true, state: replaying, description: described("", "syncing")}
	silentThere   = report{remote: true, state: unknown, description: "remote image is not primary"}
	silentHere    = report{state: unknown, description: "status not found"}
	brokenDetails = report{up: true, remote: true, state: replaying, description: `replaying, {"local_`}
)

func described(moment, state string) string {
	return `replaying, {"bytes_per_second":0.0,` + moment + `"remote_snapshot_timestamp":1700000060,"replay_state":"` + state + `"}`
}

func TestBothSidesAreDemotedOnlyWhenBothSayIt(t *testing.T) {
	for name, c := range map[string]struct {
		reports []report
		want    bool
	}{
		"both":                      {[]report{demotedHere, demotedThere}, true},
		"whatever the order":        {[]report{demotedThere, demotedHere}, true},
		"the peer is primary":       {[]report{demotedHere, primaryThere}, false},
		"the peer follows still":    {[]report{demotedHere, followsThere}, false},
		"the peer's daemon is dead": {[]report{demotedHere, silentThere}, false},
		"ours is dead":              {[]report{silentHere, demotedThere}, false},
		"ours follows":              {[]report{followsHere, demotedThere}, false},
		"split brain":               {[]report{splitHere, demotedThere}, false},
		"one of two peers":          {[]report{demotedHere, demotedThere, primaryThere}, false},
		"no peer":                   {[]report{demotedHere}, false},
		"no report of ours":         {[]report{demotedThere}, false},
		"nothing":                   {nil, false},
	} {
		if got := bothDemoted(c.reports); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatAReplayTells(t *testing.T) {
	for name, c := range map[string]struct {
		report  report
		seconds int64
		syncing bool
		broken  bool
	}{
		"in sync":              {report: followsHere, seconds: 1700000000},
		"after a change":       {report: justSwitched, syncing: true},
		"no document":          {report: demotedHere},
		"no description":       {report: report{}},
		"a document cut short": {report: brokenDetails, broken: true},
	} {
		told, err := c.report.replay()
		at, known := told.at()
		if (err != nil) != c.broken || known != (c.seconds != 0) || known && at.Unix() != c.seconds || told.syncing() != c.syncing {
			t.Errorf("%s: %+v, %v", name, told, err)
		}
	}
}

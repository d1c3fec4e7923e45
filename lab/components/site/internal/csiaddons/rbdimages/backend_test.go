package rbdimages

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// cephError is an error as go-ceph's are.
type cephError syscall.Errno

func (e cephError) Error() string  { return syscall.Errno(e).Error() }
func (e cephError) ErrorCode() int { return -int(e) }

// double is a cluster with one image; it answers a verb with an error where it is told to.
type double struct {
	now     mirroring
	seen    []report
	made    time.Time
	noted   string
	fails   map[string]error
	answers map[string]string
	calls   []string
}

func (d *double) call(format string, args ...any) error {
	call := fmt.Sprintf(format, args...)
	d.calls = append(d.calls, call)
	return d.fails[call]
}

func (d *double) fsid() (string, error)         { return fsid, d.fails["connect"] }
func (d *double) mirroring() (mirroring, error) { return d.now, d.fails["read"] }
func (d *double) reports() ([]report, error)    { return d.seen, d.fails["reports"] }
func (d *double) created() (time.Time, error)   { return d.made, nil }
func (d *double) note() (string, error)         { return d.noted, nil }
func (d *double) enable() error                 { return d.call("enable") }
func (d *double) schedule(every string) error   { return d.call("schedule %s", every) }
func (d *double) disable() error                { return d.call("disable") }
func (d *double) promote(force bool) error      { return d.call("promote %v", force) }
func (d *double) demote() error                 { return d.call("demote") }
func (d *double) resync() error                 { return d.call("resync") }

func (d *double) setNote(text string) error {
	d.noted = text
	return nil
}

func (d *double) image(pool int64, name string) image {
	if pool != 10 || name != "csi-vol-"+unique {
		panic(fmt.Sprintf("image %d/%s", pool, name))
	}
	return d
}

func (d *double) command(document []byte) ([]byte, error) {
	err := d.call("%s", document)
	return []byte(d.answers[string(document)]), err
}

func backend(d *double) *Backend { return &Backend{cluster: d} }

func check(t *testing.T, name string, d *double, err error, want codes.Code, calls ...string) {
	t.Helper()
	if status.Code(err) != want || !slices.Equal(d.calls, calls) {
		t.Errorf("%s: %v after %q, want %s after %q", name, err, d.calls, want, calls)
	}
}

var (
	ours   = mirroring{enabled, true}
	theirs = mirroring{enabled, false}
	made   = time.Date(2026, 2, 3, 4, 5, 6, 789, time.UTC)
)

func TestVolumesThatAreNotHere(t *testing.T) {
	other := strings.Replace(volume, "fa6a", "fa6b", 1)
	for name, c := range map[string]struct {
		volume string
		fails  map[string]error
		want   codes.Code
	}{
		"of another cluster":  {other, nil, codes.InvalidArgument},
		"not a handle":        {"disk-1", nil, codes.InvalidArgument},
		"absent":              {volume, map[string]error{"read": cephError(syscall.ENOENT)}, codes.NotFound},
		"not readable":        {volume, map[string]error{"read": cephError(syscall.EIO)}, codes.Internal},
		"the cluster is gone": {volume, map[string]error{"connect": errors.New("timed out")}, codes.Unavailable},
	} {
		d := &double{now: theirs, fails: c.fails}
		check(t, name, d, backend(d).Promote(t.Context(), c.volume, true), c.want)
	}
}

func TestEnable(t *testing.T) {
	every := map[string]string{intervalParameter: "1m"}
	for name, c := range map[string]struct {
		now        mirroring
		parameters map[string]string
		fails      map[string]error
		want       codes.Code
		calls      []string
	}{
		"from nothing":        {mirroring{state: disabled}, every, nil, codes.OK, []string{"enable", "schedule 1m"}},
		"again":               {ours, every, nil, codes.OK, []string{"schedule 1m"}},
		"without a schedule":  {mirroring{state: disabled}, nil, nil, codes.OK, []string{"enable"}},
		"a wrong schedule":    {ours, map[string]string{intervalParameter: "30s"}, nil, codes.InvalidArgument, nil},
		"it cannot be":        {mirroring{state: disabled}, every, failing("enable"), codes.Internal, []string{"enable"}},
		"it has no scheduler": {ours, every, failing("schedule 1m"), codes.Internal, []string{"schedule 1m"}},
	} {
		d := &double{now: c.now, fails: c.fails}
		check(t, name, d, backend(d).Enable(t.Context(), volume, c.parameters), c.want, c.calls...)
	}
}

func failing(call string) map[string]error { return map[string]error{call: cephError(syscall.EINVAL)} }

func TestDisable(t *testing.T) {
	for name, c := range map[string]struct {
		now   mirroring
		seen  []report
		want  codes.Code
		calls []string
	}{
		"primary":                {ours, nil, codes.OK, []string{"disable"}},
		"not mirrored":           {mirroring{state: disabled}, nil, codes.OK, nil},
		"on the way":             {mirroring{state: disabling}, nil, codes.Aborted, nil},
		"secondary that follows": {theirs, []report{followsHere}, codes.OK, nil},
		"secondary that does not": {
			theirs, []report{demotedHere}, codes.InvalidArgument, nil},
		"secondary without a report": {theirs, nil, codes.InvalidArgument, nil},
	} {
		d := &double{now: c.now, seen: c.seen}
		check(t, name, d, backend(d).Disable(t.Context(), volume), c.want, c.calls...)
	}
}

func TestPromote(t *testing.T) {
	refuses := func(number syscall.Errno) map[string]error {
		return map[string]error{"promote false": fmt.Errorf("promote: %w", cephError(number))}
	}
	for name, c := range map[string]struct {
		now   mirroring
		force bool
		fails map[string]error
		want  codes.Code
		calls []string
	}{
		"secondary":               {theirs, false, nil, codes.OK, []string{"promote false"}},
		"with force":              {theirs, true, nil, codes.OK, []string{"promote true"}},
		"primary already":         {ours, false, nil, codes.OK, nil},
		"the peer is not demoted": {theirs, false, refuses(syscall.EBUSY), codes.FailedPrecondition, []string{"promote false"}},
		"anything else":           {theirs, false, refuses(syscall.EROFS), codes.Internal, []string{"promote false"}},
		"not mirrored":            {mirroring{state: disabled}, true, nil, codes.InvalidArgument, nil},
	} {
		d := &double{now: c.now, fails: c.fails}
		check(t, name, d, backend(d).Promote(t.Context(), volume, c.force), c.want, c.calls...)
	}
}

func TestDemote(t *testing.T) {
	for name, c := range map[string]struct {
		now   mirroring
		want  codes.Code
		noted string
		calls []string
	}{
		"primary":           {ours, codes.OK, written(made), []string{"demote"}},
		"secondary already": {theirs, codes.OK, "", nil},
		"not mirrored":      {mirroring{state: disabled}, codes.InvalidArgument, "", nil},
	} {
		d := &double{now: c.now, made: made}
		check(t, name, d, backend(d).Demote(t.Context(), volume), c.want, c.calls...)
		if d.noted != c.noted {
			t.Errorf("%s: noted %q", name, d.noted)
		}
	}
}

func TestResync(t *testing.T) {
	demoted := written(made)
	still := report{up: true, state: "syncing", description: described("", "syncing")}
	again := []string{"resync"}
	for name, c := range map[string]struct {
		seen  []report
		noted string
		force bool
		ready bool
		want  codes.Code
		calls []string
	}{
		"both demoted":             {[]report{demotedHere, demotedThere}, demoted, false, true, codes.OK, nil},
		"it follows a primary":     {[]report{followsHere, primaryThere}, "", false, false, codes.OK, nil},
		"split brain":              {[]report{splitHere, primaryThere}, demoted, false, false, codes.Internal, nil},
		"rbd-mirror says nothing":  {nil, demoted, false, false, codes.Internal, nil},
		"force: split brain":       {[]report{splitHere, primaryThere}, demoted, true, false, codes.Unavailable, again},
		"force: both demoted":      {[]report{demotedHere, demotedThere}, demoted, true, false, codes.Unavailable, again},
		"force: made anew":         {[]report{followsHere, primaryThere}, "", true, false, codes.OK, nil},
		"force: of another image":  {[]report{followsHere, primaryThere}, "earlier", true, false, codes.OK, nil},
		"force: it is copied":      {[]report{still, primaryThere}, demoted, true, false, codes.Internal, nil},
		"force: the peer is whole": {[]report{followsHere, primaryThere}, demoted, true, false, codes.Unavailable, again},
	} {
		d := &double{now: theirs, seen: c.seen, noted: c.noted, made: made}
		ready, err := backend(d).Resync(t.Context(), volume, c.force)
		check(t, name, d, err, c.want, c.calls...)
		if ready != c.ready {
			t.Errorf("%s: ready %v", name, ready)
		}
	}
}

func TestNothingToResync(t *testing.T) {
	absent := map[string]error{"read": cephError(syscall.ENOENT)}
	for name, c := range map[string]struct {
		d    double
		want codes.Code
	}{
		"thrown away, not there yet": {double{fails: absent}, codes.Aborted},
		"primary":                    {double{now: ours}, codes.InvalidArgument},
		"not mirrored":               {double{now: mirroring{state: disabled}}, codes.InvalidArgument},
	} {
		ready, err := backend(&c.d).Resync(t.Context(), volume, true)
		check(t, name, &c.d, err, c.want)
		if ready {
			t.Errorf("%s: ready", name)
		}
	}
}

func TestLastSyncIsThePeers(t *testing.T) {
	for name, c := range map[string]struct {
		now  mirroring
		seen []report
		want codes.Code
	}{
		"in sync":                 {ours, []report{{up: true, state: "stopped"}, followsThere}, codes.OK},
		"after a change of roles": {ours, []report{justSwitched}, codes.NotFound},
		"the peer was primary":    {ours, []report{primaryThere}, codes.NotFound},
		"no peer":                 {ours, []report{followsHere}, codes.NotFound},
		"secondary":               {theirs, []report{followsThere}, codes.InvalidArgument},
		"not mirrored":            {mirroring{state: disabled}, nil, codes.InvalidArgument},
		"cut short":               {ours, []report{brokenDetails}, codes.Internal},
	} {
		d := &double{now: c.now, seen: c.seen}
		at, err := backend(d).LastSync(t.Context(), volume)
		check(t, name, d, err, c.want)
		if err == nil && at.Unix() != 1700000000 {
			t.Errorf("%s: %s", name, at)
		}
	}
}

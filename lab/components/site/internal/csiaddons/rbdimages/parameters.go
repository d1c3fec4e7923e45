package rbdimages

import (
	"regexp"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Parameters of a VolumeReplicationClass, as ceph-csi has them.
const (
	modeParameter     = "mirroringMode"
	intervalParameter = "schedulingInterval"
)

const snapshotMode = "snapshot"

var wholeInterval = regexp.MustCompile(`^[0-9]+[mhd]$`)

// interval is how often Ceph is to take mirror snapshots; empty when somebody else does.
func interval(parameters map[string]string) (string, error) {
	if mode, given := parameters[modeParameter]; given && mode != snapshotMode {
		return "", status.Errorf(codes.InvalidArgument,
			"parameter %s is %q; this driver mirrors by %s only", modeParameter, mode, snapshotMode)
	}
	text, given := parameters[intervalParameter]
	if given && !wholeInterval.MatchString(text) {
		return "", status.Errorf(codes.InvalidArgument,
			"parameter %s is %q; Ceph takes whole minutes, hours or days: 1m, 2h, 1d", intervalParameter, text)
	}
	return text, nil
}

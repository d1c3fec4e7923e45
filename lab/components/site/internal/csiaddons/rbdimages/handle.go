package rbdimages

import (
	"regexp"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// imagePrefix is ceph-csi's default volumeNamePrefix. The lab's images are made by hand, without the journal in which
// ceph-csi would look an image's name up.
const imagePrefix = "csi-vol-"

var (
	handleStart = regexp.MustCompile(`^0001-([0-9a-f]{4})-`)
	handleEnd   = regexp.MustCompile(`^-([0-9a-f]{16})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
)

// handle is what a volume handle of ceph-csi names.
type handle struct {
	cluster string
	pool    int64
	image   string
}

// parseHandle takes apart 0001-<length of the cluster id>-<cluster id>-<pool id>-<uuid of the image>.
func parseHandle(text string) (handle, error) {
	refused := status.Errorf(codes.InvalidArgument,
		"volume handle %q is not of the form 0001-length-cluster-pool-uuid", text)
	start := handleStart.FindStringSubmatch(text)
	if start == nil {
		return handle{}, refused
	}
	rest := text[len(start[0]):]
	length, err := strconv.ParseUint(start[1], 16, 16)
	if err != nil || int(length) > len(rest) {
		return handle{}, refused
	}
	end := handleEnd.FindStringSubmatch(rest[length:])
	if end == nil {
		return handle{}, refused
	}
	pool, err := strconv.ParseInt(end[1], 16, 64)
	if err != nil {
		return handle{}, refused
	}
	return handle{cluster: rest[:length], pool: pool, image: imagePrefix + end[2]}, nil
}

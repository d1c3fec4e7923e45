package rbdimages

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	fsid   = "0e9b7cce-b0fc-4539-bc15-c41aae18fa6a"
	unique = "1a1d8f0c-2b3c-5d4e-8f90-0123456789ab"
	volume = "0001-0024-" + fsid + "-000000000000000a-" + unique
)

func TestHandles(t *testing.T) {
	for _, c := range []struct {
		text string
		want handle
	}{
		{volume, handle{fsid, 10, "csi-vol-" + unique}},
		{"0001-0004-rook-0000000000000002-" + unique, handle{"rook", 2, "csi-vol-" + unique}},
		{"0001-000c-rook-storage-0000000000000002-" + unique, handle{"rook-storage", 2, "csi-vol-" + unique}},
		{text: "0002-0004-rook-0000000000000002-" + unique},
		{text: "0001-0005-rook-0000000000000002-" + unique},
		{text: "0001-ffff-rook-0000000000000002-" + unique},
		{text: "0001-0004-rook-2-" + unique},
		{text: "0001-0004-rook-ffffffffffffffff-" + unique},
		{text: "0001-0004-rook-0000000000000002-disk"},
		{text: "0001-0004-rook-0000000000000002-" + unique + "-more"},
		{text: "0001-0004"},
		{text: "disk-1"},
		{text: ""},
	} {
		got, err := parseHandle(c.text)
		if got != c.want {
			t.Errorf("%q: %+v, want %+v", c.text, got, c.want)
		}
		if refused := c.want == (handle{}); refused != (status.Code(err) == codes.InvalidArgument) {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

func TestIntervals(t *testing.T) {
	for _, c := range []struct {
		parameters map[string]string
		want       string
		refused    bool
	}{
		{map[string]string{intervalParameter: "1m"}, "1m", false},
		{map[string]string{intervalParameter: "24h", modeParameter: "snapshot"}, "24h", false},
		{nil, "", false},
		{map[string]string{intervalParameter: ""}, "", true},
		{map[string]string{intervalParameter: "30s"}, "", true},
		{map[string]string{intervalParameter: "1m", modeParameter: "journal"}, "", true},
	} {
		got, err := interval(c.parameters)
		if got != c.want || c.refused != (status.Code(err) == codes.InvalidArgument) {
			t.Errorf("%v: %q, %v", c.parameters, got, err)
		}
	}
}

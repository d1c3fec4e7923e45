package nfsexports

import (
	"path"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// separator of csi-driver-nfs' volume handles: server#share#subdirectory#uuid#onDelete.
const separator = "#"

// export is the name of the export that a volume handle of csi-driver-nfs names: the folder right below the site's
// prefix. A handle of the other site's server is refused: a volume that points there is not this storage's to switch.
func (b *Backend) export(handle string) (string, error) {
	elements := strings.Split(handle, separator)
	if len(elements) < 3 {
		return "", status.Errorf(codes.InvalidArgument,
			"volume handle %q is not of the form server#share#subdirectory##", handle)
	}
	if elements[0] != b.options.Server {
		return "", status.Errorf(codes.InvalidArgument,
			"volume handle %q names server %s; this storage is %s", handle, elements[0], b.options.Server)
	}
	whole := path.Join("/", elements[1], elements[2])
	name, below := strings.CutPrefix(whole, path.Join("/", b.options.Prefix)+"/")
	if !below || name == "" || strings.Contains(name, "/") {
		return "", status.Errorf(codes.InvalidArgument,
			"volume handle %q is %s; a replicated volume is an export of its own, right below %s",
			handle, whole, b.options.Prefix)
	}
	return name, nil
}

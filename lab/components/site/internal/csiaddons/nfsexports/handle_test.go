package nfsexports

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestExportOfAHandle(t *testing.T) {
	b := &Backend{options: Options{Server: "10.77.0.12", Prefix: "/exports"}}
	for _, c := range []struct {
		handle, want string
		refused      bool
	}{
		{handle: "10.77.0.12#exports#db-0##", want: "db-0"},
		{handle: "10.77.0.12#exports/db-0###", want: "db-0"},
		{handle: "10.77.0.12#/exports/#db-0#uuid#retain", want: "db-0"},
		{handle: "10.77.0.22#exports#db-0##", refused: true},
		{handle: "10.77.0.12#dr#db-0##", refused: true},
		{handle: "10.77.0.12#exports#payroll/db-0##", refused: true},
		{handle: "10.77.0.12#exports#../dr/db-0##", refused: true},
		{handle: "10.77.0.12#exports###", refused: true},
		{handle: "db-0", refused: true},
		{handle: "", refused: true},
	} {
		got, err := b.export(c.handle)
		if got != c.want || (err != nil) != c.refused {
			t.Errorf("%q: %q, %v", c.handle, got, err)
		}
		if c.refused && status.Code(err) != codes.InvalidArgument {
			t.Errorf("%q: code %s", c.handle, status.Code(err))
		}
	}
}

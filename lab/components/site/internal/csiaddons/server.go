package csiaddons

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"

	"github.com/csi-addons/spec/lib/go/fence"
	"github.com/csi-addons/spec/lib/go/identity"
	"github.com/csi-addons/spec/lib/go/replication"
	"github.com/csi-addons/spec/lib/go/volumegroup"
	"google.golang.org/grpc"
)

// Options of a driver.
type Options struct {
	// Socket is the Unix socket that the sidecar connects to.
	Socket string
	// Groups is the file that remembers volume groups.
	Groups string
}

// Serve answers the sidecar until ctx ends.
func Serve(ctx context.Context, backend Backend, options Options, log *slog.Logger) error {
	groups, err := openGroups(options.Groups)
	if err != nil {
		return err
	}
	// a killed driver leaves its socket behind
	if err := os.Remove(options.Socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the old socket: %w", err)
	}
	listener, err := net.Listen("unix", options.Socket)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := grpc.NewServer()
	register(server, backend, groups, log)
	stop := context.AfterFunc(ctx, server.Stop)
	defer stop()
	log.Info("driver serves", "driver", backend.Driver(), "socket", options.Socket)
	if err := server.Serve(listener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve %s: %w", options.Socket, err)
	}
	return nil
}

func register(server grpc.ServiceRegistrar, backend Backend, groups *groupStore, log *slog.Logger) {
	identity.RegisterIdentityServer(server, identityServer{driver: backend.Driver()})
	replication.RegisterControllerServer(server, &replicationServer{backend: backend, groups: groups, log: log})
	fence.RegisterFenceControllerServer(server, fenceServer{backend: backend, log: log})
	volumegroup.RegisterControllerServer(server, groupServer{groups: groups})
}

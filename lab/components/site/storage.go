package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"ocpvirt.dr/lab/components/site/internal/fence"
	"ocpvirt.dr/lab/components/site/internal/nfs"
	"ocpvirt.dr/lab/components/site/internal/replication"
)

func runStorage(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("storage", flag.ContinueOnError)
	name := flags.String("name", "", "name of the site, for the log")
	root := flags.String("root", "", "`folder` of the exports")
	prefix := flags.String("prefix", "", "path that the exports are mounted below, for example /exports")
	nfsAddress := flags.String("nfs", "", "`ADDR:PORT` of the NFS server")
	controlAddress := flags.String("control", "", "`ADDR:PORT` of the control API")
	peerAddress := flags.String("peer-listen", "", "`ADDR:PORT` for the peer; what is sent to it leaves from ADDR too")
	if err := parse(flags, args, "name", "root", "prefix", "nfs", "control", "peer-listen"); err != nil {
		return err
	}
	var listeners [3]net.Listener
	for i, address := range []string{*nfsAddress, *controlAddress, *peerAddress} {
		if listeners[i], err = net.Listen("tcp", address); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
	log := slog.With("site", *name)
	local := listeners[2].Addr().(*net.TCPAddr).IP
	fenced, err := fence.Open(filepath.Join(*root, ".fence.json"))
	if err != nil {
		return err
	}
	manager, err := replication.Open(*root, *prefix, replication.NewPeerClient(local), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, manager.Close()) }()

	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return nfs.Serve(fenced.Guard(listeners[0]), *prefix, manager.Tree) })
	control := http.NewServeMux()
	control.Handle("/", manager.ControlHandler())
	control.Handle("/v1/fence", fenced.Handler())
	listeners[2] = fenced.Guard(listeners[2])
	servers := []*http.Server{{Handler: control}, {Handler: manager.PeerHandler()}}
	for i, server := range servers {
		group.Go(func() error {
			if err := server.Serve(listeners[i+1]); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serve %s: %w", listeners[i+1].Addr(), err)
			}
			return nil
		})
	}
	group.Go(func() error {
		<-ctx.Done()
		return errors.Join(listeners[0].Close(), servers[0].Close(), servers[1].Close())
	})
	log.Info("storage serves", "nfs", *nfsAddress, "prefix", *prefix, "control", *controlAddress, "peer", *peerAddress)
	return group.Wait()
}

package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"strings"

	"github.com/csi-addons/spec/lib/go/volumegroup"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"ocpvirt.dr/lab/components/site/internal/csiaddons"
	"ocpvirt.dr/lab/components/site/internal/csiaddons/nfsexports"
	groupcontroller "ocpvirt.dr/lab/components/site/internal/csiaddons/volumegroup"
)

func runCSIAddons(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("csi-addons", flag.ContinueOnError)
	var options csiaddons.Options
	var storage nfsexports.Options
	flags.StringVar(&options.Socket, "socket", "", "`path` of the Unix socket for the sidecar")
	flags.StringVar(&options.Groups, "groups", "", "`file` that remembers volume groups")
	flags.StringVar(&storage.Site, "name", "", "name of the site")
	flags.StringVar(&storage.Control, "control", "", "`URL` of the storage's control API")
	flags.StringVar(&storage.Server, "server", "", "`address` of the storage's NFS server")
	flags.StringVar(&storage.Prefix, "prefix", "", "path that the exports are mounted below")
	clients := flags.String("clients", "", "`CIDR,CIDR…` that the site's nodes use the storage from")
	kubeconfig := flags.String("kubeconfig", "", "`file` with the API server and credentials")
	if err := parse(flags, args, "name", "socket", "groups", "control", "server", "prefix", "clients", "kubeconfig"); err != nil {
		return err
	}
	storage.Clients = strings.Split(*clients, ",")
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", *kubeconfig, err)
	}
	config.QPS, config.Burst = 100, 200
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", *kubeconfig, err)
	}
	log := slog.With("site", storage.Site)
	group, ctx := errgroup.WithContext(ctx)
	backend := nfsexports.New(ctx, storage, log)
	group.Go(func() error { return csiaddons.Serve(ctx, backend, options, log) })
	group.Go(func() error { return followGroups(ctx, client, backend.Driver(), options.Socket, log) })
	return group.Wait()
}

// followGroups asks the driver through its socket, as the controllers of csi-addons do.
func followGroups(
	ctx context.Context, client dynamic.Interface, driver, socket string, log *slog.Logger,
) (err error) {
	connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connect to %s: %w", socket, err)
	}
	defer func() {
		if closing := connection.Close(); err == nil {
			err = closing
		}
	}()
	return groupcontroller.Run(ctx, client, volumegroup.NewControllerClient(connection), driver, log)
}

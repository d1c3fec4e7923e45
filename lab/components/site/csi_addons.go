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
	"ocpvirt.dr/lab/components/site/internal/csiaddons/rbdimages"
	groupcontroller "ocpvirt.dr/lab/components/site/internal/csiaddons/volumegroup"
)

func runCSIAddons(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("csi-addons", flag.ContinueOnError)
	var options csiaddons.Options
	var exports nfsexports.Options
	var images rbdimages.Options
	flags.StringVar(&options.Socket, "socket", "", "`path` of the Unix socket for the sidecar")
	flags.StringVar(&options.Groups, "groups", "", "`file` that remembers volume groups")
	name := flags.String("name", "", "name of the site")
	flags.StringVar(&exports.Control, "control", "", "`URL` of the storage's control API")
	flags.StringVar(&exports.Server, "server", "", "`address` of the storage's NFS server")
	flags.StringVar(&exports.Prefix, "prefix", "", "path that the exports are mounted below")
	flags.StringVar(&images.Conf, "ceph-conf", "", "`file` of the site's Ceph cluster: drive its images, not exports")
	flags.StringVar(&images.User, "ceph-user", "csi-provisioner", "who drives them")
	clients := flags.String("clients", "", "`CIDR,CIDR…` that the site's nodes use the storage from")
	kubeconfig := flags.String("kubeconfig", "", "`file` with the API server and credentials")
	if err := parse(flags, args, "name", "socket", "groups", "clients", "kubeconfig"); err != nil {
		return err
	}
	if images.Conf == "" {
		if err := require(flags, "control", "server", "prefix"); err != nil {
			return err
		}
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", *kubeconfig, err)
	}
	config.QPS, config.Burst = 100, 200
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", *kubeconfig, err)
	}
	log := slog.With("site", *name)
	group, ctx := errgroup.WithContext(ctx)
	exports.Site, images.Site = *name, *name
	exports.Clients = strings.Split(*clients, ",")
	images.Clients = exports.Clients
	var backend csiaddons.Backend = rbdimages.New(images)
	if images.Conf == "" {
		backend = nfsexports.New(ctx, exports, log)
	}
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

package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"

	"ocpvirt.dr/lab/components/site/internal/guest"
)

func runGuest(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("guest", flag.ContinueOnError)
	options := guest.Options{MinDelay: time.Second, MaxDelay: 3 * time.Second}
	flags.StringVar(&options.Site, "name", "", "name of the site, written into every record")
	kubeconfig := flags.String("kubeconfig", "", "`file` with the API server and credentials")
	flags.Func("boot-delay", "shortest and longest time a guest takes to boot, `MIN,MAX` (default 1s,3s)",
		func(text string) (err error) {
			options.MinDelay, options.MaxDelay, err = parseDelay(text)
			return err
		})
	flags.DurationVar(&options.Interval, "interval", 500*time.Millisecond, "time between two records")
	flags.StringVar(&options.NFSPort, "nfs-port", "2049", "TCP port of all NFS servers")
	flags.StringVar(&options.CephConf, "ceph-conf", "", "`file` of the site's Ceph cluster, if it has one")
	flags.StringVar(&options.CephUser, "ceph-user", "csi", "who opens its images")
	if err := parse(flags, args, "name", "kubeconfig"); err != nil {
		return err
	}
	if options.Interval <= 0 {
		fmt.Fprintln(flags.Output(), "-interval must be positive")
		return errUsage
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", *kubeconfig, err)
	}
	// virt-controller's defaults: at client-go's own, a restart storm would be one of this process.
	config.QPS, config.Burst = 200, 400
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("kubeconfig %s: %w", *kubeconfig, err)
	}
	return guest.Run(ctx, client, options, slog.With("site", options.Site))
}

func parseDelay(text string) (shortest, longest time.Duration, err error) {
	from, to, ok := strings.Cut(text, ",")
	if !ok {
		to = from
	}
	if shortest, err = time.ParseDuration(from); err != nil {
		return 0, 0, err
	}
	if longest, err = time.ParseDuration(to); err != nil {
		return 0, 0, err
	}
	if shortest < 0 || longest < shortest {
		return 0, 0, fmt.Errorf("%q: 0 <= MIN <= MAX is required", text)
	}
	return shortest, longest, nil
}

// Command site is what a lab site runs beside Kubernetes: its storage, its guests, and the relay to the operator's side.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

type command struct {
	name, does string
	run        func(ctx context.Context, args []string) error
}

var commands = []command{
	{"relay", "forward inherited listening sockets to addresses of this network namespace", runRelay},
	{"storage", "serve exports over NFS and replicate them", runStorage},
	{"guest", "run the guests of VirtualMachineInstances with volumes", runGuest},
	{"records", "read the guests' records from a storage root and a Ceph pool", runRecords},
	{"csi-addons", "drive the storage for csi-addons, and its volume groups", runCSIAddons},
}

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 1 {
		for _, c := range commands {
			if c.name == os.Args[1] {
				os.Exit(exitCode(c.run(ctx, os.Args[2:])))
			}
		}
	}
	fmt.Fprintln(os.Stderr, "usage: site COMMAND [FLAGS]; site COMMAND -h shows the flags")
	for _, c := range commands {
		fmt.Fprintf(os.Stderr, "  %-10s %s\n", c.name, c.does)
	}
	os.Exit(2)
}

var errUsage = errors.New("wrong usage")

func exitCode(err error) int {
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	slog.Error("failed", "error", err)
	return 1
}

// parse reads flags and insists on the required ones.
func parse(flags *flag.FlagSet, args []string, required ...string) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(flags.Output(), "unexpected argument %q\n", flags.Arg(0))
		return errUsage
	}
	return require(flags, required...)
}

// require insists on flags.
func require(flags *flag.FlagSet, names ...string) error {
	for _, name := range names {
		if flags.Lookup(name).Value.String() == "" {
			fmt.Fprintf(flags.Output(), "-%s is required\n", name)
			return errUsage
		}
	}
	return nil
}

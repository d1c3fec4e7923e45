package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"golang.org/x/sync/errgroup"

	"ocpvirt.dr/lab/components/site/internal/relay"
)

func runRelay(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("relay", flag.ContinueOnError)
	var forwards []relay.Forward
	flags.Func("forward", "`FD=ADDR:PORT`: inherited listening socket and where its connections go (repeatable)",
		func(text string) error {
			forward, err := relay.ParseForward(text)
			forwards = append(forwards, forward)
			return err
		})
	if err := parse(flags, args); err != nil {
		return err
	}
	if len(forwards) == 0 {
		fmt.Fprintln(os.Stderr, "-forward is required")
		return errUsage
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, forward := range forwards {
		listener, err := forward.Listener()
		if err != nil {
			return err
		}
		group.Go(func() error { return relay.Serve(ctx, listener, forward.Target) })
	}
	return group.Wait()
}

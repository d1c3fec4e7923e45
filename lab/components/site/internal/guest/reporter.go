package guest

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// report is what the VMI's status is to say. The zero value says nothing.
type report struct {
	running bool
	shared  bool
	// problem is why the guest does not run, or does not run any more.
	problem string
}

// reporter delivers the newest report however long the API server is away: a guest does not stop because nobody hears it.
type reporter struct {
	cluster cluster
	vmi     *unstructured.Unstructured
	log     *slog.Logger
	// gone is called when the VMI does not exist any more.
	gone func()
	wake chan struct{}

	mu        sync.Mutex
	wanted    report
	delivered report
	started   bool
	// running is closed when the VMI is Running.
	running chan struct{}
}

func newReporter(c cluster, vmi *unstructured.Unstructured, started bool, gone func(), log *slog.Logger) *reporter {
	r := &reporter{
		cluster: c, vmi: vmi, log: log, gone: gone, started: started,
		wake: make(chan struct{}, 1), running: make(chan struct{}),
	}
	if started {
		close(r.running)
	}
	return r
}

func (r *reporter) set(wanted report) {
	r.mu.Lock()
	r.wanted = wanted
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reporter) run(ctx context.Context) {
	retry := firstRetry
	for {
		r.mu.Lock()
		wanted, done := r.wanted, r.wanted == r.delivered
		r.mu.Unlock()
		if done {
			select {
			case <-ctx.Done():
				return
			case <-r.wake:
			}
			continue
		}
		err := r.deliver(ctx, wanted)
		switch {
		case errors.Is(err, errGone):
			r.gone()
			return
		case ctx.Err() != nil:
			return
		case err != nil:
			r.log.Warn("the VMI's status is not up to date", "error", err)
			if !wait(ctx, retry) {
				return
			}
			retry = min(2*retry, lastRetry)
		default:
			retry = firstRetry
		}
	}
}

func (r *reporter) deliver(ctx context.Context, wanted report) error {
	// Only a started guest's pod was ready before. What a killed handler made of it is not known.
	if r.started && (!wanted.running || r.delivered.problem != "" || r.delivered == report{}) {
		if err := r.cluster.podReady(ctx, r.vmi, wanted.running); err != nil {
			return err
		}
	}
	err := r.cluster.update(ctx, r.vmi, func(status map[string]any) { r.mark(status, wanted) })
	if err != nil {
		return err
	}
	first := wanted.running && !r.started
	r.mu.Lock()
	r.delivered = wanted
	r.mu.Unlock()
	if first {
		r.started = true
		close(r.running)
		return r.cluster.event(ctx, r.vmi, "Normal", "Started", "VirtualMachineInstance started.")
	}
	if !wanted.running {
		return r.cluster.event(ctx, r.vmi, "Warning", "SyncFailed", wanted.problem)
	}
	return nil
}

func (r *reporter) mark(status map[string]any, wanted report) {
	switch {
	case wanted.running:
		markRunning(status, wanted.shared)
	case r.started:
		markPaused(status, wanted.problem)
	default:
		markNotStarted(status, wanted.problem)
	}
}

package guest

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	firstRetry = time.Second
	lastRetry  = 10 * time.Second
)

// machine is one running, or starting, VMI.
type machine struct {
	cluster  cluster
	vmi      *unstructured.Unstructured
	claims   []string
	who      identity
	delay    time.Duration
	interval time.Duration
	storage  storage
	reporter *reporter
	log      *slog.Logger

	cancel context.CancelFunc
	ended  sync.WaitGroup
}

func (m *machine) start(ctx context.Context) {
	m.ended.Go(func() { m.reporter.run(ctx) })
	m.ended.Go(func() { m.run(ctx) })
}

// stop ends the guest; nothing is written or reported after it returns.
func (m *machine) stop() {
	m.cancel()
	m.ended.Wait()
}

func (m *machine) run(ctx context.Context) {
	if !wait(ctx, m.delay) {
		return
	}
	problem := ""
	for retry := firstRetry; ; retry = min(2*retry, lastRetry) {
		began := time.Now()
		err := m.live(ctx)
		if ctx.Err() != nil {
			return
		}
		m.reporter.set(report{problem: err.Error()})
		if time.Since(began) > lastRetry {
			retry, problem = firstRetry, ""
		}
		if err.Error() != problem {
			problem = err.Error()
			m.log.Warn("disk problem", "error", problem)
		}
		if !wait(ctx, retry/2+rand.N(retry)) {
			return
		}
	}
}

// live opens the disks, proves by a first record that they take writes, reports the guest as running, and appends until
// a disk fails or ctx ends. A guest that was not Running before writes on only once it is.
func (m *machine) live(ctx context.Context) error {
	at, shared, err := m.cluster.locate(ctx, m.vmi.GetNamespace(), m.claims)
	if err != nil {
		return err
	}
	opened, err := openDisks(ctx, at, m.storage, m.log)
	if err != nil {
		return err
	}
	defer opened.close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := opened.append(m.who, time.Now()); err != nil {
		return err
	}
	m.reporter.set(report{running: true, shared: shared})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-m.reporter.running:
	}
	m.log.Info("writing")
	return m.write(ctx, opened)
}

func (m *machine) write(ctx context.Context, opened *disks) error {
	ticker := time.NewTicker(m.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case at := <-ticker.C:
			if err := opened.append(m.who, at); err != nil {
				return err
			}
		}
	}
}

// wait returns false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

package guest

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
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
	port     string
	log      *slog.Logger

	cancel context.CancelFunc
	ended  chan struct{}

	// started is true once the VMI was Running; problem is what its conditions say.
	started bool
	problem string
}

// stop ends the guest; nothing is written after it returns.
func (m *machine) stop() {
	m.cancel()
	<-m.ended
}

func (m *machine) run(ctx context.Context) {
	defer close(m.ended)
	if !wait(ctx, m.delay) {
		return
	}
	for retry := firstRetry; ; retry = min(2*retry, lastRetry) {
		opened, err := m.boot(ctx)
		if err == nil {
			retry = firstRetry
			err = m.write(ctx, opened)
			opened.close(m.log)
		}
		if ctx.Err() != nil || errors.Is(err, errGone) {
			return
		}
		if err := m.complain(ctx, err.Error()); err != nil && ctx.Err() == nil {
			m.log.Error("the problem could not be reported", "error", err)
		}
		if !wait(ctx, retry/2+rand.N(retry)) {
			return
		}
	}
}

// boot opens the disks, proves by a first record that they take writes, and reports the guest as running.
func (m *machine) boot(ctx context.Context) (*disks, error) {
	at, shared, err := m.cluster.locate(ctx, m.vmi.GetNamespace(), m.claims)
	if err != nil {
		return nil, err
	}
	opened, err := openDisks(ctx, at, m.port, m.log)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	} else if err = opened.append(m.who, time.Now()); err == nil {
		err = m.rejoice(ctx, shared)
	}
	if err != nil {
		opened.close(m.log)
		return nil, err
	}
	return opened, nil
}

// write appends records until the guest is stopped (nil) or a disk fails.
func (m *machine) write(ctx context.Context, opened *disks) error {
	ticker := time.NewTicker(m.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case at := <-ticker.C:
			if err := opened.append(m.who, at); err != nil {
				return err
			}
		}
	}
}

func (m *machine) rejoice(ctx context.Context, shared bool) error {
	if m.problem != "" && m.started {
		if err := m.cluster.podReady(ctx, m.vmi, true); err != nil {
			return err
		}
	}
	if err := m.cluster.update(ctx, m.vmi, func(status map[string]any) { markRunning(status, shared) }); err != nil {
		return err
	}
	if !m.started {
		m.log.Info("started")
		if err := m.cluster.event(ctx, m.vmi, "Normal", "Started", "VirtualMachineInstance started."); err != nil {
			m.log.Warn("the start has no event", "error", err)
		}
	} else {
		m.log.Info("disks are back")
	}
	m.started, m.problem = true, ""
	return nil
}

// complain says once, on the VMI and as an event, why the guest does not run.
func (m *machine) complain(ctx context.Context, problem string) error {
	if problem == m.problem {
		return nil
	}
	m.log.Warn("disk problem", "error", problem)
	mark := markNotStarted
	if m.started {
		mark = markPaused
		if err := m.cluster.podReady(ctx, m.vmi, false); err != nil {
			return err
		}
	}
	err := m.cluster.update(ctx, m.vmi, func(status map[string]any) { mark(status, problem) })
	if err != nil {
		return err
	}
	m.problem = problem
	return m.cluster.event(ctx, m.vmi, "Warning", "SyncFailed", problem)
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

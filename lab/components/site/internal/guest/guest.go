// Package guest stands for virt-handler and the guests of VirtualMachineInstances that have PVC volumes: it opens their
// disks over NFS or RBD, appends records while they run, and reports as virt-handler would.
package guest

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"

	"ocpvirt.dr/lab/components/site/internal/rbdimage"
)

// workers bounds how many stops wait for a dead server at the same time.
const workers = 32

// Options of all guests of a site.
type Options struct {
	Site               string
	MinDelay, MaxDelay time.Duration
	Interval           time.Duration
	NFSPort            string
	// CephConf is the configuration of the site's Ceph cluster, where it has one; CephUser opens the images.
	CephConf, CephUser string
}

// Handler runs the guests of one site.
type Handler struct {
	options Options
	storage storage
	cluster cluster
	log     *slog.Logger
	store   cache.Store
	queue   workqueue.TypedRateLimitingInterface[string]

	mu       sync.Mutex
	machines map[string]*machine
}

// Run follows the VMIs until ctx ends.
func Run(ctx context.Context, client dynamic.Interface, options Options, log *slog.Logger) error {
	informer := dynamicinformer.NewDynamicSharedInformerFactory(client, 0).ForResource(vmiResource).Informer()
	h := &Handler{
		options: options, cluster: cluster{client}, log: log, store: informer.GetStore(),
		storage: storage{options.NFSPort, rbdimage.NewCluster(options.CephConf, options.CephUser)},
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[string](100*time.Millisecond, 10*time.Second)),
		machines: map[string]*machine{},
	}
	enqueue := func(object any) {
		key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(object)
		if err != nil {
			log.Error("an object without a key", "error", err)
			return
		}
		h.queue.Add(key)
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: enqueue, UpdateFunc: func(_, object any) { enqueue(object) }, DeleteFunc: enqueue,
	})
	if err != nil {
		return fmt.Errorf("watch VirtualMachineInstances: %w", err)
	}
	var running sync.WaitGroup
	running.Go(func() { informer.Run(ctx.Done()) })
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		running.Wait()
		return nil
	}
	log.Info("following VirtualMachineInstances")
	for range workers {
		running.Go(func() { h.work(ctx) })
	}
	<-ctx.Done()
	h.queue.ShutDown()
	running.Wait()
	h.stopAll()
	return nil
}

func (h *Handler) work(ctx context.Context) {
	for {
		key, shutdown := h.queue.Get()
		if shutdown {
			return
		}
		if err := h.reconcile(ctx, key); err != nil {
			h.log.Error("reconcile", "vmi", key, "error", err)
			h.queue.AddRateLimited(key)
		} else {
			h.queue.Forget(key)
		}
		h.queue.Done(key)
	}
}

func (h *Handler) reconcile(ctx context.Context, key string) error {
	object, exists, err := h.store.GetByKey(key)
	if err != nil {
		return fmt.Errorf("read the cache: %w", err)
	}
	if !exists {
		h.stop(key, "")
		return nil
	}
	vmi := object.(*unstructured.Unstructured)
	h.stop(key, string(vmi.GetUID()))
	names := claims(vmi)
	if len(names) == 0 {
		return nil
	}
	phase, _, err := unstructured.NestedString(vmi.Object, "status", "phase")
	if err != nil {
		return fmt.Errorf("read the phase: %w", err)
	}
	switch {
	case phase != "Scheduled" && phase != "Running":
		h.stop(key, "")
	case vmi.GetDeletionTimestamp() != nil:
		return h.shutDown(ctx, key, vmi)
	default:
		h.start(ctx, key, vmi, names, phase == "Running")
	}
	return nil
}

// start does nothing when the guest is there already. A VMI that was Running before this process goes on without a boot.
func (h *Handler) start(ctx context.Context, key string, vmi *unstructured.Unstructured, names []string, running bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.machines[key] != nil {
		return
	}
	own, cancel := context.WithCancel(ctx)
	log := h.log.With("vmi", key)
	m := &machine{
		cluster: h.cluster, vmi: vmi, claims: names, storage: h.storage, interval: h.options.Interval,
		who:      identity{vm: key, site: h.options.Site, boot: string(vmi.GetUID())},
		reporter: newReporter(h.cluster, vmi, running, cancel, log), log: log, cancel: cancel,
	}
	if !running {
		m.delay = h.options.MinDelay + rand.N(h.options.MaxDelay-h.options.MinDelay+1)
	}
	h.machines[key] = m
	m.start(own)
}

// stop ends the guest of a key, unless it belongs to the VMI with the uid to keep.
func (h *Handler) stop(key, keep string) {
	h.mu.Lock()
	m := h.machines[key]
	if m == nil || m.who.boot == keep {
		h.mu.Unlock()
		return
	}
	delete(h.machines, key)
	h.mu.Unlock()
	m.stop()
	h.log.Info("stopped", "vmi", key)
}

func (h *Handler) shutDown(ctx context.Context, key string, vmi *unstructured.Unstructured) error {
	h.stop(key, "")
	err := h.cluster.update(ctx, vmi, func(status map[string]any) {
		setPhase(status, "Succeeded")
		removeCondition(status, "AgentConnected")
		setCondition(status, "Ready", "False", "GuestNotRunning", "Guest VM is not reported as running")
	})
	if err == errGone {
		return nil
	}
	if err != nil {
		return err
	}
	return h.cluster.event(ctx, vmi, "Normal", "Stopped", "The VirtualMachineInstance was shut down.")
}

func (h *Handler) stopAll() {
	h.mu.Lock()
	keys := make([]string, 0, len(h.machines))
	for key := range h.machines {
		keys = append(keys, key)
	}
	h.mu.Unlock()
	for _, key := range keys {
		h.stop(key, "")
	}
}

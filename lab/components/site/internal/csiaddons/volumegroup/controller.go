// Package volumegroup does what the controllers of VolumeGroupReplication and VolumeGroupReplicationContent, empty stubs in
// csi-addons v0.12.0, do in later versions: from a VolumeGroupReplication it makes the group at the driver, a
// VolumeGroupReplicationContent with its handle and one VolumeReplication, which csi-addons' own controller acts on;
// that one's status is the group's.
package volumegroup

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/csi-addons/spec/lib/go/volumegroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

const workers = 8

type controller struct {
	client dynamic.Interface
	groups volumegroup.ControllerClient
	driver string
	log    *slog.Logger
	store  cache.Store
	queue  workqueue.TypedRateLimitingInterface[string]
}

// Run follows the groups of one driver until ctx ends.
func Run(
	ctx context.Context, client dynamic.Interface, driver volumegroup.ControllerClient, name string, log *slog.Logger,
) error {
	factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	c := &controller{
		client: client, groups: driver, driver: name, log: log,
		store: factory.ForResource(groups).Informer().GetStore(),
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[string](100*time.Millisecond, 10*time.Second)),
	}
	for _, watch := range []struct {
		resource schema.GroupVersionResource
		enqueue  func(*unstructured.Unstructured)
	}{
		{groups, func(o *unstructured.Unstructured) { c.queue.Add(key(o.GetNamespace(), o.GetName())) }},
		{replications, c.enqueueSource},
		{claims, c.enqueueNamespace},
	} {
		if err := follow(factory.ForResource(watch.resource).Informer(), watch.enqueue, log); err != nil {
			return fmt.Errorf("watch %s: %w", watch.resource.Resource, err)
		}
	}
	factory.Start(ctx.Done())
	for resource, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			log.Info("ended before the cache was filled", "resource", resource.Resource)
			return nil
		}
	}
	log.Info("following VolumeGroupReplications", "driver", name)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() { c.work(ctx) })
	}
	<-ctx.Done()
	c.queue.ShutDown()
	running.Wait()
	factory.Shutdown()
	return nil
}

func follow(informer cache.SharedIndexInformer, enqueue func(*unstructured.Unstructured), log *slog.Logger) error {
	seen := func(object any) {
		if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = tombstone.Obj
		}
		found, ok := object.(*unstructured.Unstructured)
		if !ok {
			log.Error("an event without an object", "event", object)
			return
		}
		enqueue(found)
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: seen, UpdateFunc: func(_, object any) { seen(object) }, DeleteFunc: seen,
	})
	return err
}

// enqueueSource calls for the group that a VolumeReplication is about.
func (c *controller) enqueueSource(replication *unstructured.Unstructured) {
	if text(replication, "spec", "dataSource", "kind") == groupKind {
		c.queue.Add(key(replication.GetNamespace(), text(replication, "spec", "dataSource", "name")))
	}
}

// enqueueNamespace calls for every group that a claim may belong to, or have belonged to.
func (c *controller) enqueueNamespace(claim *unstructured.Unstructured) {
	for _, object := range c.store.List() {
		if group, ok := object.(*unstructured.Unstructured); ok && group.GetNamespace() == claim.GetNamespace() {
			c.queue.Add(key(group.GetNamespace(), group.GetName()))
		}
	}
}

func key(namespace, name string) string { return cache.NewObjectName(namespace, name).String() }

func (c *controller) work(ctx context.Context) {
	for {
		item, shutdown := c.queue.Get()
		if shutdown {
			return
		}
		at, err := cache.ParseObjectName(item)
		if err == nil {
			err = c.reconcile(ctx, at.Namespace, at.Name)
		}
		switch {
		case err == nil:
			c.queue.Forget(item)
		case apierrors.IsConflict(err):
			// the manager writes to the same objects
			c.queue.AddRateLimited(item)
		default:
			c.log.Error("reconcile", "group", item, "error", err)
			c.queue.AddRateLimited(item)
		}
		c.queue.Done(item)
	}
}

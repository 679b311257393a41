// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package victim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"evenkeel.dev/evenkeel/bench/load"
)

const (
	// beatName is the ConfigMap that is written and watched.
	beatName = "evenkeel-beat"
	beatKey  = "beat"
	// getConns spreads the gets: HTTP/2 keeps one connection on one replica.
	getConns = 6
	// syncWithin bounds the informer's first list.
	syncWithin = time.Minute
)

// ControllerOptions describe an ordinary controller of the tenant.
type ControllerOptions struct {
	// Config is its service account: it gets pods, and lists and watches
	// ConfigMaps in Namespace.
	Config *rest.Config
	// Writer writes the ConfigMap that the controller watches.
	Writer *rest.Config
	// Namespace holds the ConfigMap.
	Namespace string
	// PodNamespace and PodName are the pod that it gets.
	PodNamespace, PodName string
	// Rate is how many gets a second; Beats how many writes a second.
	Rate, Beats float64
}

// Controller is a client with an informer.
type Controller struct {
	// Gets holds every get of the pod.
	Gets *load.Recorder
	// Deliveries holds every write: from the time it was due to the moment the
	// informer's handler saw it.
	Deliveries *load.Recorder
	options    ControllerOptions
	conns      []*load.Conn
	reader     kubernetes.Interface
	writer     kubernetes.Interface
	inform     informers.SharedInformerFactory

	mu    sync.Mutex
	beats map[int]*load.Call
}

// NewController prepares the clients; nothing is sent.
func NewController(o ControllerOptions) (*Controller, error) {
	c := &Controller{
		Gets: load.NewRecorder(), Deliveries: load.NewRecorder(),
		options: o, beats: map[int]*load.Call{},
	}
	for range getConns {
		conn, err := load.NewConn(o.Config)
		if err != nil {
			return nil, fmt.Errorf("preparing the controller's gets: %w", err)
		}
		c.conns = append(c.conns, conn)
	}
	var err error
	if c.reader, err = kubernetes.NewForConfig(unthrottled(o.Config)); err != nil {
		return nil, fmt.Errorf("preparing the controller's informer: %w", err)
	}
	if c.writer, err = kubernetes.NewForConfig(unthrottled(o.Writer)); err != nil {
		return nil, fmt.Errorf("preparing the controller's writer: %w", err)
	}
	return c, nil
}

// unthrottled lifts client-go's own limit of 5 requests a second, whose waits
// would be measured as the server's.
func unthrottled(c *rest.Config) *rest.Config {
	own := rest.CopyConfig(c)
	own.QPS = -1
	return own
}

// Start creates the ConfigMap and returns when the informer has synced.
func (c *Controller) Start(ctx context.Context) error {
	beat := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: c.options.Namespace, Name: beatName}}
	_, err := c.writer.CoreV1().ConfigMaps(c.options.Namespace).Create(ctx, beat, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating ConfigMap %s/%s: %w", c.options.Namespace, beatName, err)
	}
	c.inform = informers.NewSharedInformerFactoryWithOptions(c.reader, 0, informers.WithNamespace(c.options.Namespace))
	informer := c.inform.Core().V1().ConfigMaps().Informer()
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(_, seen any) { c.see(seen, time.Now()) },
	}); err != nil {
		return fmt.Errorf("adding the informer's handler: %w", err)
	}
	// An informer tries forever; why it did not get through is to be told.
	var why atomic.Pointer[error]
	if err := informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		why.Store(&err)
	}); err != nil {
		return fmt.Errorf("adding the informer's error handler: %w", err)
	}
	c.inform.Start(ctx.Done())
	wait, cancel := context.WithTimeout(ctx, syncWithin)
	defer cancel()
	if cache.WaitForCacheSync(wait.Done(), informer.HasSynced) {
		return nil
	}
	err = context.Cause(wait)
	if last := why.Load(); last != nil {
		err = errors.Join(err, *last)
	}
	return fmt.Errorf("waiting for the informer of ConfigMaps in %s to sync: %w", c.options.Namespace, err)
}

// Run gets and writes until ctx ends. Start comes first, with a context that
// lives at least as long.
func (c *Controller) Run(ctx context.Context) error {
	var loads sync.WaitGroup
	var gets, beats error
	loads.Go(func() { gets = load.Schedule(ctx, c.options.Rate, c.get) })
	loads.Go(func() { beats = load.Schedule(ctx, c.options.Beats, c.beat) })
	loads.Wait()
	for _, conn := range c.conns {
		conn.Close()
	}
	return errors.Join(gets, beats)
}

func (c *Controller) get(parent context.Context, due time.Time, n int) {
	ctx, cancel := context.WithDeadline(parent, due.Add(Deadline))
	defer cancel()
	call := c.Gets.Begin(due)
	conn := c.conns[n%len(c.conns)]
	url := conn.Base + "/api/v1/namespaces/" + c.options.PodNamespace + "/pods/" + c.options.PodName
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		call.End(time.Now(), load.Failed, 0)
		return
	}
	request.Header.Set("User-Agent", "controller")
	conn.Measure(parent, request, call)
}

// beat writes its number and waits until the informer has seen it, or a later
// one: a watch may fold writes that follow each other closely.
func (c *Controller) beat(parent context.Context, due time.Time, n int) {
	ctx, cancel := context.WithDeadline(parent, due.Add(Deadline))
	defer cancel()
	call := c.Deliveries.Begin(due)
	c.mu.Lock()
	c.beats[n] = call
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.beats, n)
		c.mu.Unlock()
	}()
	patch := []byte(`{"data":{"` + beatKey + `":"` + strconv.Itoa(n) + `"}}`)
	_, err := c.writer.CoreV1().ConfigMaps(c.options.Namespace).
		Patch(ctx, beatName, types.MergePatchType, patch, metav1.PatchOptions{})
	switch {
	case err != nil && parent.Err() == nil && ctx.Err() == nil:
		call.End(time.Now(), load.Failed, 0)
		return
	case err == nil:
		call.Await(ctx)
	}
	if parent.Err() != nil {
		call.Drop()
		return
	}
	call.End(time.Now(), load.TimedOut, 0) // of no effect when it was seen
}

// see ends the beat that the informer delivered, and those before it.
func (c *Controller) see(object any, now time.Time) {
	beat, ok := object.(*corev1.ConfigMap)
	if !ok || beat.Name != beatName {
		return
	}
	seen, err := strconv.Atoi(beat.Data[beatKey])
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for n, call := range c.beats {
		if n <= seen {
			call.End(now, load.OK, 0)
		}
	}
}

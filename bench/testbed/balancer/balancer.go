// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package balancer is a TCP load balancer in front of a workload's pods, as a
// cloud puts in front of a hosted control plane.
//
// Services cannot route to the testbed's pods (EndpointSlices refuse loopback
// addresses), so the balancer watches the pods itself. A new connection goes to
// the ready pod with the fewest connections, in turn among equals. It does not
// look inside: TLS ends in the pod, and an HTTP/2 client stays on one pod for as
// long as its connection lives.
package balancer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// dialTimeout bounds one attempt to reach a pod.
const dialTimeout = 2 * time.Second

// Options describe a balancer.
type Options struct {
	// Client reads the pods of Namespace that match Selector; their containers
	// listen on Port.
	Client    kubernetes.Interface
	Namespace string
	Selector  string
	Port      int
	// Listen is the balancer's own address, "127.0.0.1:0" for any free port.
	Listen string
	// Logf is told what goes wrong; it may be nil.
	Logf func(string, ...any)
}

// Balancer is a running balancer.
type Balancer struct {
	options  Options
	listener net.Listener
	pool     *pool
	informer cache.SharedIndexInformer
	cancel   context.CancelFunc
	running  sync.WaitGroup
	// following keeps an older look at the pods from overwriting a newer one.
	following sync.Mutex
}

// Start listens and returns once the pods are known. The balancer runs until
// Close, whatever becomes of ctx, which bounds the start alone.
func Start(ctx context.Context, o Options) (*Balancer, error) {
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("starting the balancer of %s: %w", o.Namespace, err)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	b := &Balancer{options: o, listener: listener, pool: newPool(o.Port), cancel: cancel}
	factory := informers.NewSharedInformerFactoryWithOptions(o.Client, 0, informers.WithNamespace(o.Namespace),
		informers.WithTweakListOptions(func(l *metav1.ListOptions) { l.LabelSelector = o.Selector }))
	b.informer = factory.Core().V1().Pods().Informer()
	handler, err := b.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { b.follow() },
		UpdateFunc: func(any, any) { b.follow() },
		DeleteFunc: func(any) { b.follow() },
	})
	if err != nil {
		_ = b.Close()
		return nil, fmt.Errorf("starting the balancer of %s: %w", o.Namespace, err)
	}
	b.running.Go(func() { b.informer.RunWithContext(run) })
	b.running.Go(func() { b.accept(run) })
	if !cache.WaitForCacheSync(ctx.Done(), handler.HasSynced) {
		_ = b.Close()
		return nil, fmt.Errorf("starting the balancer of %s: waiting for its pods: %w", o.Namespace, context.Cause(ctx))
	}
	b.follow()
	return b, nil
}

// follow brings the pool in line with the pods.
func (b *Balancer) follow() {
	b.following.Lock()
	defer b.following.Unlock()
	var pods []*corev1.Pod
	for _, o := range b.informer.GetStore().List() {
		if p, ok := o.(*corev1.Pod); ok {
			pods = append(pods, p)
		}
	}
	b.pool.follow(pods)
}

// Address is where the balancer listens, "127.0.0.1:40123".
func (b *Balancer) Address() string { return b.listener.Addr().String() }

// Backends are the pods and their connections, sorted by name.
func (b *Balancer) Backends() []Backend { return b.pool.backends() }

// Carrier is the name of the pod that carries a client's connection, by the client's own
// address as in "127.0.0.1:50123"; "" when none does.
func (b *Balancer) Carrier(client string) string { return b.pool.carrier(client) }

// Close stops listening and ends every connection.
func (b *Balancer) Close() error {
	err := b.listener.Close()
	b.cancel()
	b.pool.close()
	b.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (b *Balancer) accept(ctx context.Context) {
	for {
		client, err := b.listener.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			b.options.Logf("balancer of %s: accepting a connection: %v", b.options.Namespace, err)
			select { // out of file descriptors, say: do not spin
			case <-ctx.Done():
				return
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		b.running.Go(func() { b.serve(ctx, client) })
	}
}

// serve carries one connection to its end. A pod that cannot be reached is passed
// over for the next best one.
func (b *Balancer) serve(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	from := client.RemoteAddr().String()
	tried := map[*target]bool{}
	for {
		t := b.pool.pick(tried)
		if t == nil {
			return // nobody is ready: the client sees its connection closed
		}
		dialer := net.Dialer{Timeout: dialTimeout}
		server, err := dialer.DialContext(ctx, "tcp", t.address)
		if err != nil {
			b.pool.release(t, from)
			tried[t] = true
			continue
		}
		b.pool.connected(t, from)
		carry(t, client, server)
		b.pool.release(t, from)
		return
	}
}

// carry copies both ways until both ends are done or the pod is gone.
func carry(t *target, client, server net.Conn) {
	stop := context.AfterFunc(t.gone, func() {
		_ = client.Close()
		_ = server.Close()
	})
	defer stop()
	defer func() { _ = server.Close() }()
	var there sync.WaitGroup
	there.Go(func() { half(server, client) })
	half(client, server)
	there.Wait()
}

// half copies one way. At the end of from, to is told so; when that fails, or the
// copy did, both are of no use any more.
func half(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if closer, ok := to.(interface{ CloseWrite() error }); ok && err == nil && closer.CloseWrite() == nil {
		return
	}
	_ = to.Close()
	_ = from.Close()
}

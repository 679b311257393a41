// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fill stores what the loads read: thousands of pods of a given size, and
// the leases of the nodes that are said to run them. The nodes are fictional:
// nothing schedules or runs the pods, an apiserver only has to serve them.
package fill

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// DefaultParallelism is how many objects are created at once.
const DefaultParallelism = 16

// connections is how many connections the workers share: HTTP/2 keeps one
// connection on one replica.
const connections = 6

// Options describe what is stored.
type Options struct {
	// Config may create namespaces, service accounts, pods and leases.
	Config *rest.Config
	// Pods is how many there are; PodBytes about how large each is as JSON in a
	// LIST, in bytes.
	Pods, PodBytes int
	// Nodes is how many node leases there are.
	Nodes int
	// Parallelism is how many objects are created at once.
	Parallelism int
	// Progress is told now and then how many objects are done, and of how many.
	Progress func(done, total int)
}

// NodeName is the name of the fictional node i, from 0.
func NodeName(i int) string { return fmt.Sprintf("node-%04d", i) }

// NodeNames are the names of the fictional nodes.
func NodeNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = NodeName(i)
	}
	return names
}

// Run stores what is missing. What exists already is left as it is, so that Run
// may be repeated.
func Run(ctx context.Context, o Options) error {
	if o.Parallelism <= 0 {
		o.Parallelism = DefaultParallelism
	}
	clients, err := newClients(o.Config)
	if err != nil {
		return err
	}
	f := &filler{options: o, clients: clients, total: Namespaces + o.Nodes + o.Pods}
	// Pods need their namespace and its service account.
	if err := f.each(ctx, Namespaces, f.namespace); err != nil {
		return err
	}
	if err := f.each(ctx, o.Nodes, f.lease); err != nil {
		return err
	}
	return f.each(ctx, o.Pods, f.pod)
}

type filler struct {
	options Options
	clients []kubernetes.Interface
	total   int
	done    atomic.Int64
}

func newClients(c *rest.Config) ([]kubernetes.Interface, error) {
	clients := make([]kubernetes.Interface, connections)
	for i := range clients {
		own := rest.CopyConfig(c)
		own.ContentType = runtime.ContentTypeProtobuf
		own.AcceptContentTypes = runtime.ContentTypeProtobuf
		own.QPS = -1
		own.Timeout = 30 * time.Second
		// A dialer of its own keeps client-go from sharing one connection.
		own.Dial = newDial()
		client, err := kubernetes.NewForConfig(own)
		if err != nil {
			return nil, fmt.Errorf("preparing to fill %s: %w", c.Host, err)
		}
		clients[i] = client
	}
	return clients, nil
}

// each runs work for 0..n-1 on a bounded number of workers; the first failure
// ends it.
func (f *filler) each(ctx context.Context, n int, work func(ctx context.Context, c kubernetes.Interface, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for w := range min(f.options.Parallelism, n) {
		client := f.clients[w%len(f.clients)]
		workers.Go(func() {
			for {
				i := int(next.Add(1) - 1)
				if i >= n || ctx.Err() != nil {
					return
				}
				if err := work(ctx, client, i); err != nil {
					cancel(err)
					return
				}
				f.progress()
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

func (f *filler) progress() {
	done := int(f.done.Add(1))
	if f.options.Progress != nil && (done%250 == 0 || done == f.total) {
		f.options.Progress(done, f.total)
	}
}

func (f *filler) namespace(ctx context.Context, c kubernetes.Interface, i int) error {
	name := namespaceName(i)
	err := create(ctx, "Namespace "+name, func(ctx context.Context) error {
		_, err := c.CoreV1().Namespaces().Create(ctx,
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	// No controller-manager runs for the tenant, and pods are refused without it.
	return create(ctx, "ServiceAccount "+name+"/default", func(ctx context.Context) error {
		_, err := c.CoreV1().ServiceAccounts(name).Create(ctx,
			&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default"}}, metav1.CreateOptions{})
		return err
	})
}

func (f *filler) lease(ctx context.Context, c kubernetes.Interface, i int) error {
	name := NodeName(i)
	seconds := int32(40)
	now := metav1.NowMicro()
	return create(ctx, "Lease kube-node-lease/"+name, func(ctx context.Context) error {
		_, err := c.CoordinationV1().Leases(corev1.NamespaceNodeLease).Create(ctx, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: &name, LeaseDurationSeconds: &seconds, RenewTime: &now},
		}, metav1.CreateOptions{})
		return err
	})
}

func (f *filler) pod(ctx context.Context, c kubernetes.Interface, i int) error {
	pod := Pod(i, NodeName(i%max(f.options.Nodes, 1)), f.options.PodBytes)
	return create(ctx, "Pod "+pod.Namespace+"/"+pod.Name, func(ctx context.Context) error {
		_, err := c.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{})
		return err
	})
}

// create tries again while the server is too busy or not reachable, for about
// half a minute. An object that exists is as good as created.
func create(ctx context.Context, what string, try func(context.Context) error) error {
	backoff := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 9, Cap: 5 * time.Second}
	var last error
	err := wait.ExponentialBackoffWithContext(ctx, backoff, func(ctx context.Context) (bool, error) {
		last = try(ctx)
		switch {
		case last == nil || apierrors.IsAlreadyExists(last):
			return true, nil
		case ctx.Err() == nil && transient(last):
			return false, nil
		default:
			return false, last
		}
	})
	if err == nil {
		return nil
	}
	return fmt.Errorf("creating %s: %w", what, errors.Join(last, context.Cause(ctx)))
}

func transient(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return true // refused, reset, timed out: there was no answer
	}
	return apierrors.IsTooManyRequests(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServerTimeout(err) || apierrors.IsInternalError(err) || apierrors.IsServiceUnavailable(err) ||
		apierrors.IsUnexpectedServerError(err)
}

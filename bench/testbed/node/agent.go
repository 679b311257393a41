// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"

	"evenkeel.dev/evenkeel/bench/testbed/node/serve"
	"evenkeel.dev/evenkeel/bench/testbed/node/volume"
	"evenkeel.dev/evenkeel/bench/testbed/process"
)

// Agent is a running node.
type Agent struct {
	o         Options
	client    kubernetes.Interface
	clock     clock.WithTicker
	recorder  record.EventRecorder
	addresses *addresses
	ledger    *ledger
	mounter   *volume.Mounter
	server    *serve.Server

	// end ends everything that does not end by itself.
	end       context.CancelFunc
	endEvents func()
	tasks     sync.WaitGroup

	mu      sync.Mutex
	workers map[types.UID]*worker
	halted  bool
	// images are those that stand for another command than the node was started with.
	images map[string][]string
	// spent is the CPU time of pods that are gone.
	spent float64

	launching sync.Mutex
	processes map[*process.Process]struct{}
	dark      bool
}

// Start registers the Node, and runs the pods bound to it until Stop or Kill.
// ctx bounds the start alone.
func Start(ctx context.Context, o Options) (*Agent, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("starting node %s: %w", o.Name, err)
	}
	a, err := newAgent(&o)
	if err != nil {
		return nil, fmt.Errorf("starting node %s: %w", o.Name, err)
	}
	running, cancel := context.WithCancel(klog.NewContext(context.WithoutCancel(ctx), a.logger()))
	a.end = cancel
	a.recorder, a.endEvents = a.startEvents(running)
	if err := a.start(ctx, running); err != nil {
		a.Kill()
		return nil, fmt.Errorf("starting node %s: %w", o.Name, err)
	}
	return a, nil
}

func newAgent(o *Options) (*Agent, error) {
	config := rest.CopyConfig(o.Config)
	config.QPS, config.Burst = 50, 100
	config.UserAgent = "kubelet/" + kubeletVersion + " (evenkeel testbed)"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("preparing the client: %w", err)
	}
	pods := filepath.Join(o.Dir, "pods")
	if err := os.MkdirAll(pods, 0o700); err != nil {
		return nil, fmt.Errorf("making the node's folder: %w", err)
	}
	now := clock.RealClock{}
	return &Agent{
		o: *o, client: client, clock: now,
		addresses: newAddresses(o.PodCIDR), ledger: newLedger(o.capacity()),
		mounter: &volume.Mounter{Dir: pods, Objects: volume.Objects{Client: client}, Config: o.Config, Clock: now},
		workers: map[types.UID]*worker{}, processes: map[*process.Process]struct{}{},
	}, nil
}

func (a *Agent) start(ctx, running context.Context) error {
	var err error
	a.server, err = serve.Start(ctx, serve.Options{
		Node: a.o.Name, Address: a.o.Address,
		Cert: a.o.ServingPair.CertPEM, Key: a.o.ServingPair.KeyPEM, ClientCA: a.o.ClientCA,
		Client: a.client, Usage: a.usage, Log: a.log,
	})
	if err != nil {
		return err
	}
	registered, err := a.register(ctx)
	if err != nil {
		return err
	}
	if err := a.beat(ctx, registered.UID); err != nil {
		return err
	}
	a.tasks.Go(func() { a.heartbeat(running, registered.UID) })
	return a.watchPods(ctx, running)
}

// Stop stops every pod's containers with their grace periods, as a machine that
// is shut down, and removes what the node has made but its logs. When ctx ends
// first, what is left is killed. The pods' objects stay.
func (a *Agent) Stop(ctx context.Context) error {
	a.mu.Lock()
	a.halted = true
	var workers []*worker
	for _, w := range a.workers {
		workers = append(workers, w)
	}
	a.mu.Unlock()
	a.sayNotReady(ctx)
	for _, w := range workers {
		w.halt()
	}
	for _, w := range workers {
		select {
		case <-w.done:
		case <-ctx.Done():
		}
	}
	if err := a.shut(); err != nil {
		return fmt.Errorf("stopping node %s: %w", a.o.Name, err)
	}
	if err := os.RemoveAll(a.mounter.Dir); err != nil {
		return fmt.Errorf("stopping node %s: %w", a.o.Name, err)
	}
	return nil
}

// Kill is a power cut: every process of the node is killed at once, and nobody is
// told. Peers see their connections reset, where a real one would leave them
// hanging.
func (a *Agent) Kill() {
	if err := a.shut(); err != nil {
		a.o.Logf("killing node %s: %v", a.o.Name, err)
	}
}

// shut ends all that still runs. It may be called again.
func (a *Agent) shut() error {
	a.end()
	err := a.killAll()
	if a.server != nil {
		_ = a.server.Close() // it only has connections to lose
	}
	a.tasks.Wait()
	a.endEvents()
	return err
}

// usage is what the server shows.
func (a *Agent) usage() serve.Usage {
	a.mu.Lock()
	u := serve.Usage{CPUSeconds: a.spent}
	var workers []*worker
	for _, w := range a.workers {
		workers = append(workers, w)
	}
	a.mu.Unlock()
	for _, w := range workers {
		p := w.usage()
		u.CPUSeconds += p.CPUSeconds
		if len(p.Containers) > 0 {
			u.Pods = append(u.Pods, p)
		}
	}
	return u
}

// log finds a container's log for the server.
func (a *Agent) log(namespace, pod, container string, previous bool) (serve.Log, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range a.workers {
		s := w.shown.Load()
		if s == nil || s.namespace != namespace || s.name != pod || w.finished() {
			continue
		}
		for _, c := range s.containers {
			switch {
			case c.name != container:
			case previous && c.previous != "":
				return serve.Log{Path: c.previous}, nil
			case !previous && c.life != nil:
				return serve.Log{Path: c.log, Ended: c.life.process.Done()}, nil
			case !previous && c.log != "":
				return serve.Log{Path: c.log}, nil
			}
		}
	}
	return serve.Log{}, fmt.Errorf("container %s of pod %s/%s: %w", container, namespace, pod, serve.ErrNoLog)
}

// pokeAll makes every pod look again, for what the node has to give has changed.
func (a *Agent) pokeAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range a.workers {
		w.poke()
	}
}

// worker of a pod that is to be run; nil when the node is being stopped.
func (a *Agent) worker(running context.Context, pod *corev1.Pod) *worker {
	a.mu.Lock()
	defer a.mu.Unlock()
	if w, ok := a.workers[pod.UID]; ok || a.halted {
		return w
	}
	w := newWorker(a, pod)
	a.workers[pod.UID] = w
	a.tasks.Go(func() {
		w.run(running)
		a.settle(w)
	})
	return w
}

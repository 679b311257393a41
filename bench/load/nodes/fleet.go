// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/load/fill"
)

const (
	// joinsAtOnce bounds how many nodes are on their way in: where a server cannot
	// keep up, the others come later.
	joinsAtOnce = 24
	// makers is how many connections the pods are made over: HTTP/2 keeps one
	// connection on one replica.
	makers = 6
)

// Fleet is the nodes of a tenant.
type Fleet struct {
	// Renewals holds every renewal of every Lease, from when it was due.
	Renewals *load.Recorder

	options Options
	makers  []*load.Conn
	// live runs something until the fleet is stopped.
	live    func(func(context.Context))
	stop    context.CancelFunc
	running sync.WaitGroup
	// numbers counts the pods that were ever made, pods those that are there.
	numbers, pods atomic.Int64

	mu    sync.Mutex
	nodes []*node
}

// Size is what the fleet has brought.
type Size struct{ Nodes, Pods int }

// Start prepares a fleet of no nodes; it lives until Stop, or until ctx ends.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	f := &Fleet{Renewals: load.NewRecorder(), options: o}
	for range makers {
		conn, err := load.NewConn(o.Admin)
		if err != nil {
			return nil, fmt.Errorf("preparing to make the nodes' pods: %w", err)
		}
		f.makers = append(f.makers, conn)
	}
	// The namespaces and their service accounts, no more.
	if err := fill.Run(ctx, fill.Options{Config: o.Admin}); err != nil {
		return nil, err
	}
	if err := f.settings(ctx); err != nil {
		return nil, err
	}
	ctx, f.stop = context.WithCancel(ctx)
	f.live = func(work func(context.Context)) { f.running.Go(func() { work(ctx) }) }
	if o.Churn > 0 {
		f.live(f.churn)
	}
	return f, nil
}

// Grow has nodes join until there are so many, and returns when all have joined with
// their pods, or one cannot.
func (f *Fleet) Grow(ctx context.Context, to int) error {
	joins, joining := errgroup.WithContext(ctx)
	joins.SetLimit(joinsAtOnce)
	start, first := time.Now(), f.Size().Nodes
	for i := first; i < to; i++ {
		due := start.Add(time.Duration(float64(i-first) / f.options.Rate * float64(time.Second)))
		if !sleep(joining, time.Until(due)) {
			break
		}
		joins.Go(func() error { return f.join(joining, i) })
	}
	if err := joins.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// join brings in one node; it lives on as long as the fleet.
func (f *Fleet) join(ctx context.Context, i int) error {
	n, err := f.newNode(i)
	if err != nil {
		return err
	}
	if err := n.register(ctx); err != nil {
		return err
	}
	n.start()
	f.mu.Lock()
	f.nodes = append(f.nodes, n)
	f.mu.Unlock()
	return n.pack(ctx, f.options.PodsPerNode)
}

// Pack makes pods until each node has so many, at the rate of so many a second.
func (f *Fleet) Pack(ctx context.Context, podsPerNode int, rate float64) error {
	pods, packing := errgroup.WithContext(ctx)
	pods.SetLimit(joinsAtOnce)
	start, made := time.Now(), 0
	for each := 1; each <= podsPerNode; each++ {
		for _, n := range f.all() {
			if n.has() >= each {
				continue
			}
			if !sleep(packing, time.Until(start.Add(time.Duration(float64(made)/rate*float64(time.Second))))) {
				break
			}
			made++
			pods.Go(func() error { return n.pack(packing, each) })
		}
	}
	if err := pods.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// Size is what is there now.
func (f *Fleet) Size() Size { return Size{Nodes: len(f.all()), Pods: int(f.pods.Load())} }

func (f *Fleet) all() []*node {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clip(f.nodes)
}

// Stop ends what the nodes do and returns when it has ended; what they have stored
// stays. A nil fleet has nothing to stop.
func (f *Fleet) Stop() {
	if f == nil {
		return
	}
	f.stop()
	f.running.Wait()
	for _, n := range f.all() {
		n.conn.Close()
	}
	for _, c := range f.makers {
		c.Close()
	}
}

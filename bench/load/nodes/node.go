// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/load/fill"
)

const (
	nodesPath = "/api/v1/nodes"
	// readyAfter is when a node that has joined reports that it is ready.
	readyAfter = 2 * time.Second
)

// node is one of them.
type node struct {
	fleet *Fleet
	// number is from 0.
	number int
	name   string
	conn   *load.Conn
	// lease is as the server has it, as far as the node knows.
	lease coordinationv1.Lease

	// packing keeps two from filling up the same node at once.
	packing         sync.Mutex
	settingsWatched sync.Once
	mu              sync.Mutex
	// pods are those that run on it, the oldest first.
	pods []int
}

func (f *Fleet) newNode(i int) (*node, error) {
	name := fill.NodeName(i)
	config, err := f.options.ConfigFor(name)
	if err != nil {
		return nil, fmt.Errorf("preparing the identity of node %s: %w", name, err)
	}
	conn, err := load.NewConn(config)
	if err != nil {
		return nil, fmt.Errorf("preparing the connection of node %s: %w", name, err)
	}
	return &node{fleet: f, number: i, name: name, conn: conn}, nil
}

// register makes the Node and its Lease; what is there already is taken over.
func (n *node) register(ctx context.Context) error {
	object := newNodeObject(n.number, n.name, n.fleet.options.Images)
	var stored corev1.Node
	if err := n.obtain(ctx, request{method: http.MethodPost, path: nodesPath}, nodesPath+"/"+n.name, object, &stored); err != nil {
		return fmt.Errorf("registering node %s: %w", n.name, err)
	}
	return n.lend(ctx, &stored)
}

// obtain creates an object, or reads it where it exists.
func (n *node) obtain(ctx context.Context, create request, path string, object, stored message) error {
	body, err := encode(object)
	if err != nil {
		return err
	}
	create.body = body
	return insist(ctx, func(ctx context.Context) (int, error) {
		status, answer, err := ask(ctx, n.conn, create)
		if err == nil && status == http.StatusConflict {
			status, answer, err = ask(ctx, n.conn, request{method: http.MethodGet, path: path})
		}
		if err == nil && good(status) {
			err = decode(answer, stored)
		}
		return status, err
	})
}

// start begins the node's life.
func (n *node) start() {
	n.fleet.live(n.beat)
	n.fleet.live(n.report)
	for _, path := range n.watches() {
		n.fleet.live(func(ctx context.Context) { n.watch(ctx, path) })
	}
}

// report patches the node's status, soon after it has joined and now and then.
func (n *node) report(ctx context.Context) {
	every := n.fleet.options.Report
	// As a kubelet, whose first report is anywhere in the period: all nodes that start
	// together would go on reporting together.
	for wait := min(readyAfter, every); sleep(ctx, wait); wait = every {
		status, err := n.patchStatus(ctx)
		if ctx.Err() == nil && (err != nil || !good(status)) {
			n.fleet.options.Logf("node %s: patching its status: %s", n.name, outcome(status, err))
		}
		if wait != every {
			if !sleep(ctx, time.Duration(rand.Int64N(int64(every)))) { //nolint:gosec // spreads a load
				return
			}
		}
	}
}

func (n *node) patchStatus(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, _, err := ask(ctx, n.conn, request{
		method: http.MethodPatch, path: nodesPath + "/" + n.name + "/status", kind: strategicMerge, body: statusPatch(time.Now()),
	})
	return status, err
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package victim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load"
)

// connectWorkers bounds how many nodes connect at once.
const connectWorkers = 8

// LeasesOptions describe the nodes.
type LeasesOptions struct {
	// Nodes are their names; each has a Lease in kube-node-lease.
	Nodes []string
	// ConfigFor gives a node's own identity: user system:node:<name>, group
	// system:nodes. Requests of that group for leases are of FlowSchema
	// system-node-high, and the node authorizer lets a node touch its own only.
	ConfigFor func(node string) (*rest.Config, error)
	// Rate is how many renewals a second there are in all.
	Rate float64
	// Carrier names what carries the connection of a client with this address of its
	// own, and Tell is told of every renewal when it has ended; both may be nil.
	Carrier func(client string) string
	Tell    func(Renewal)
}

// Renewal is one renewal, sent once: nothing is tried again.
type Renewal struct {
	// Due is when it was to be sent, Sent when it had a connection to be sent on (zero
	// when it never had one), and Ended when it was over.
	Due, Sent, Ended time.Time
	// Carrier is what carried the connection, where that is known.
	Carrier string
	// Status is that of the answer, and Err why there was none.
	Status int
	Err    error
}

// OK is true for a renewal that succeeded.
func (r Renewal) OK() bool { return r.Err == nil && r.Status >= 200 && r.Status < 300 }

// Leases renews the nodes' leases in turn, each node over its own connection, as
// real nodes do; a balancer spreads them over all replicas.
type Leases struct {
	// Recorder holds every renewal.
	Recorder *load.Recorder
	options  LeasesOptions
	conns    []*load.Conn
}

// NewLeases prepares the nodes' identities; nothing is sent.
func NewLeases(o LeasesOptions) (*Leases, error) {
	if len(o.Nodes) == 0 || o.ConfigFor == nil {
		return nil, errors.New("preparing lease renewals: no nodes or no identities")
	}
	l := &Leases{Recorder: load.NewRecorder(), options: o}
	for _, node := range o.Nodes {
		config, err := o.ConfigFor(node)
		if err != nil {
			return nil, fmt.Errorf("preparing the identity of node %s: %w", node, err)
		}
		conn, err := load.NewConn(config)
		if err != nil {
			return nil, fmt.Errorf("preparing the connection of node %s: %w", node, err)
		}
		l.conns = append(l.conns, conn)
	}
	return l, nil
}

// Connect reads every node's lease once, unrecorded: the TLS handshakes of
// hundreds of nodes are no part of what is measured, and a missing Lease or
// permission shows before the run.
func (l *Leases) Connect(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan int)
	var workers sync.WaitGroup
	for range connectWorkers {
		workers.Go(func() {
			for i := range work {
				if err := l.read(ctx, i); err != nil {
					cancel(fmt.Errorf("reading the lease of node %s: %w", l.options.Nodes[i], err))
				}
			}
		})
	}
	for i := range l.conns {
		work <- i
	}
	close(work)
	workers.Wait()
	return context.Cause(ctx)
}

func (l *Leases) read(ctx context.Context, i int) error {
	if ctx.Err() != nil {
		return nil // another node's failure is the one to report
	}
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.url(i), http.NoBody)
	if err != nil {
		return err
	}
	status, err := l.conns[i].Exchange(request)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("answered %d %s", status, http.StatusText(status))
	}
	return err
}

// Run renews until ctx ends.
func (l *Leases) Run(ctx context.Context) error {
	defer func() {
		for _, c := range l.conns {
			c.Close()
		}
	}()
	return load.Schedule(ctx, l.options.Rate, func(ctx context.Context, due time.Time, n int) {
		l.renew(ctx, due, n%len(l.conns))
	})
}

func (l *Leases) renew(parent context.Context, due time.Time, i int) {
	ctx, cancel := context.WithDeadline(parent, due.Add(Deadline))
	defer cancel()
	call := l.Recorder.Begin(due)
	told := Renewal{Due: due}
	if l.options.Tell != nil {
		ctx = httptrace.WithClientTrace(ctx, l.trace(&told))
	}
	body := `{"spec":{"renewTime":"` + time.Now().UTC().Format(metav1.RFC3339Micro) + `"}}`
	request, err := http.NewRequestWithContext(ctx, http.MethodPatch, l.url(i), strings.NewReader(body))
	if err != nil {
		call.End(time.Now(), load.Failed, 0)
		return
	}
	request.Header.Set("Content-Type", "application/merge-patch+json")
	request.Header.Set("User-Agent", "kubelet")
	status, err := l.conns[i].Exchange(request)
	load.Conclude(parent, call, status, err)
	if l.options.Tell != nil && parent.Err() == nil {
		told.Ended, told.Status, told.Err = time.Now(), status, err
		l.options.Tell(told)
	}
}

// trace notes when a renewal is sent, and who carries it: by then the connection has been
// through its handshake, and so is carried.
func (l *Leases) trace(told *Renewal) *httptrace.ClientTrace {
	return &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		told.Sent = time.Now()
		if l.options.Carrier != nil {
			told.Carrier = l.options.Carrier(c.Conn.LocalAddr().String())
		}
	}}
}

func (l *Leases) url(i int) string {
	return l.conns[i].Base + "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/" + l.options.Nodes[i]
}

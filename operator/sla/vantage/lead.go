// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vantage

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"evenkeel.dev/evenkeel/recommender/sla"
)

const (
	// freshWithin is by how much the clocks of two operator replicas may differ: a vantage
	// point renewed longer ago is of a pod that is gone, and nobody waits for it.
	freshWithin = time.Minute
	// renewsWithin is how soon one that lives is seen to be renewed.
	renewsWithin = renewEvery + 2*pointsEvery
)

// Lead is the lock of the operator's leader election, with one thing more: a process that has
// just begun leaves the lead to another operator replica that has looked for longer, and takes
// it when none has within twenty seconds. Who led and was killed is often back before its
// Lease has run out; it has no memory of the minutes in between, and the one beside it has.
type Lead struct {
	resourcelock.Interface
	Points *Points

	began time.Time
	held  atomic.Bool
}

// Get implements resourcelock.Interface.
func (l *Lead) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if l.began.IsZero() {
		l.began = l.Points.Now()
	}
	return l.Interface.Get(ctx)
}

// Update implements resourcelock.Interface. It waits before it takes the lead from another,
// and fails where that one was faster.
func (l *Lead) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	takes := r.HolderIdentity == l.Identity() && !l.held.Load()
	if takes {
		if err := l.wait(ctx); err != nil {
			return err
		}
		now := metav1.NewTime(l.Points.Now())
		r.AcquireTime, r.RenewTime = now, now
	}
	if err := l.Interface.Update(ctx, r); err != nil {
		return err
	}
	if takes {
		l.held.Store(true)
	}
	return nil
}

// Create implements resourcelock.Interface. Nobody has led before.
func (l *Lead) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	if err := l.Interface.Create(ctx, r); err != nil {
		return err
	}
	l.held.Store(true)
	return nil
}

func (l *Lead) wait(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		now := l.Points.Now()
		age := now.Sub(l.began)
		if age < 0 || age >= cmp.Or(l.Points.Settle, settleIn) || !l.Points.Rival(now.Round(0), age) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for others to take the Lease %s: %w", l.Describe(), ctx.Err())
		case <-tick.C:
		}
	}
}

// Rival tells whether another operator replica may live that has looked for longer than this
// one, which began age ago.
func (p *Points) Rival(now time.Time, age time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ledAll {
		return true // nobody has been heard yet
	}
	for _, o := range p.others {
		switch {
		case !o.candidate:
		case !o.heard.IsZero():
			if now.Sub(o.heard) <= sla.Alive {
				return true
			}
		case age < renewsWithin && now.Sub(o.renewed).Abs() < freshWithin:
			return true
		}
	}
	return false
}

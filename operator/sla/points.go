// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sla"
)

const (
	// renewEvery is how often a vantage point says that it looks, and pointsEvery how often
	// it reads what others say and tells what has changed.
	renewEvery, pointsEvery = 10 * time.Second, 2 * time.Second
	// pointsWithin bounds one write.
	pointsWithin = 5 * time.Second
	// forgotten is how old a vantage point may be that nobody renews before it is deleted.
	forgotten = 24 * time.Hour
	// mostSeen bounds the control planes of each kind in the object, as the CRD does.
	mostSeen = 2000
	// settleIn is for how long after its start a vantage point says nothing: it has not looked
	// at everybody before.
	settleIn = 20 * time.Second
	// asOf is how much earlier than its renewal a vantage point has looked at a control plane
	// that is not named there: a round is so long ago at the most.
	asOf = 12 * time.Second
)

// Points are the vantage points: this one tells what it sees in an object of its own, and
// hears what the others say. It is a Runnable that every operator replica runs.
type Points struct {
	Client client.Client
	// Reader reads the API itself.
	Reader client.Reader
	// Self and Namespace are the object's, Zone is where this one runs, where that is known.
	Self, Namespace, Zone string
	Now                   func() time.Time
	// Leading closes when this operator replica leads.
	Leading <-chan struct{}
	// Settle is for how long after its start it says nothing; 0 is twenty seconds.
	Settle time.Duration
	// Seen is what this one last saw of each control plane.
	Seen func() map[types.NamespacedName]sla.Look

	mu     sync.Mutex
	others []other
	// led is when another vantage point, or this one in a life before, last led.
	led    time.Time
	ledAll bool
	began  time.Time
}

// other is what another vantage point has said.
type other struct {
	name    string
	renewed time.Time
	down    map[types.NamespacedName]sla.Look
	blind   map[types.NamespacedName]bool
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (*Points) NeedLeaderElection() bool { return false }

// Start tells and hears until ctx ends.
func (p *Points) Start(ctx context.Context) error {
	tick := time.NewTicker(pointsEvery)
	defer tick.Stop()
	var told v1alpha1.VantagePoint
	for {
		if err := p.turn(ctx, &told); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "What this vantage point sees is not told")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// turn hears the others, and tells what is new; told is what was last told.
func (p *Points) turn(ctx context.Context, told *v1alpha1.VantagePoint) error {
	ctx, cancel := context.WithTimeout(ctx, pointsWithin)
	defer cancel()
	var list v1alpha1.VantagePointList
	if err := p.Reader.List(ctx, &list, client.InNamespace(p.Namespace)); err != nil {
		return fmt.Errorf("listing the vantage points of namespace %s: %w", p.Namespace, err)
	}
	p.hear(list.Items)
	now := p.Now()
	if p.began.IsZero() {
		p.began = now
	}
	if now.Sub(p.began) < cmp.Or(p.Settle, settleIn) {
		return nil
	}
	point := p.point(now)
	if told.Renewed != nil && now.Sub(told.Renewed.Time) < renewEvery && same(told, point) {
		return nil
	}
	if err := p.put(ctx, point, list.Items); err != nil {
		return fmt.Errorf("writing the vantage point %s/%s: %w", p.Namespace, p.Self, err)
	}
	*told = *point
	if p.leads() {
		return p.clean(ctx, now, list.Items)
	}
	return nil
}

func (p *Points) leads() bool {
	select {
	case <-p.Leading:
		return true
	default:
		return false
	}
}

// hear takes in what the others say and, the first time, when somebody last led.
func (p *Points) hear(all []v1alpha1.VantagePoint) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.others = p.others[:0:0]
	for _, v := range all {
		if v.Renewed == nil {
			continue
		}
		if v.Leading && (v.Name != p.Self || !p.ledAll) && v.Renewed.After(p.led) {
			p.led = v.Renewed.Time
		}
		if v.Name == p.Self {
			continue
		}
		o := other{name: v.Name, renewed: v.Renewed.Time, down: map[types.NamespacedName]sla.Look{}, blind: map[types.NamespacedName]bool{}}
		for _, d := range v.Down {
			o.down[types.NamespacedName{Namespace: d.Namespace, Name: d.Name}] = sla.Look{Point: v.Name, Verdict: sla.Down, At: d.At.Time, Why: d.Why}
		}
		for _, b := range v.Blind {
			o.blind[types.NamespacedName{Namespace: b.Namespace, Name: b.Name}] = true
		}
		p.others = append(p.others, o)
	}
	p.ledAll = true
}

// Led is when an operator replica last led before this one did; zero where none is known.
// heard is false until the others have been heard for the first time.
func (p *Points) Led() (at time.Time, heard bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.led, p.ledAll
}

// Others are what the other vantage points last said of a control plane. One that is full
// says of those that found no place only that they are not known.
func (p *Points) Others(key types.NamespacedName) (looks []sla.Look) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.others {
		l, down := o.down[key]
		switch {
		case down:
			l.At = laterOf(l.At, o.renewed.Add(-asOf))
			looks = append(looks, l)
		case o.blind[key], len(o.down) >= mostSeen, len(o.blind) >= mostSeen:
			looks = append(looks, sla.Look{Point: o.name, Verdict: sla.Blind, At: o.renewed})
		default:
			looks = append(looks, sla.Look{Point: o.name, Verdict: sla.Up, At: o.renewed.Add(-asOf)})
		}
	}
	return looks
}

// Alive is how many vantage points look, this one among them.
func (p *Points) Alive(now time.Time) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 1
	for _, o := range p.others {
		if now.Sub(o.renewed) <= sla.Alive {
			n++
		}
	}
	return n
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// clean deletes vantage points that nobody renews any more: operator replicas get new names.
func (p *Points) clean(ctx context.Context, now time.Time, all []v1alpha1.VantagePoint) error {
	for i := range all {
		v := &all[i]
		if v.Name == p.Self || v.Renewed != nil && now.Sub(v.Renewed.Time) < forgotten || now.Sub(v.CreationTimestamp.Time) < forgotten {
			continue
		}
		if err := p.Client.Delete(ctx, v, client.Preconditions{UID: &v.UID, ResourceVersion: &v.ResourceVersion}); client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			return fmt.Errorf("deleting the vantage point %s/%s, which nobody renews: %w", v.Namespace, v.Name, err)
		}
	}
	return nil
}

// put writes this one's object.
func (p *Points) put(ctx context.Context, point *v1alpha1.VantagePoint, all []v1alpha1.VantagePoint) error {
	for i := range all {
		if all[i].Name != p.Self {
			continue
		}
		after := all[i].DeepCopy()
		after.Zone, after.Renewed, after.Leading = point.Zone, point.Renewed, point.Leading
		after.ControlPlanes, after.DownCount, after.Down = point.ControlPlanes, point.DownCount, point.Down
		after.BlindCount, after.Blind = point.BlindCount, point.Blind
		return p.Client.Patch(ctx, after, client.MergeFrom(&all[i]))
	}
	made := point.DeepCopy()
	made.Labels = map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy}
	return p.Client.Create(ctx, made)
}

// same tells whether nothing is new but the time.
func same(a, b *v1alpha1.VantagePoint) bool {
	if a.Leading != b.Leading || a.ControlPlanes != b.ControlPlanes || len(a.Down) != len(b.Down) || len(a.Blind) != len(b.Blind) {
		return false
	}
	for i := range a.Down {
		if a.Down[i].Namespace != b.Down[i].Namespace || a.Down[i].Name != b.Down[i].Name {
			return false
		}
	}
	for i := range a.Blind {
		if a.Blind[i] != b.Blind[i] {
			return false
		}
	}
	return true
}

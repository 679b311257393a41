// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vantage

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
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
	// that is not named there: rounds are so far apart at the most.
	asOf = 17 * time.Second
)

// Points are the vantage points: this one tells what it sees in an object of its own, and
// hears what the others say. It is a Runnable that every operator replica runs.
type Points struct {
	Client client.Client
	// Reader reads the API itself.
	Reader client.Reader
	// Self and Namespace are the object's, Node is where this one runs, where that is known.
	Self, Namespace, Node string
	Now                   func() time.Time
	// Leading closes when this operator replica leads; nil is a prober, which never does.
	Leading <-chan struct{}
	// Settle is for how long after its start it says nothing; 0 is twenty seconds.
	Settle time.Duration
	// Unwritten are the control planes of which not all that this one knows is written down,
	// where it leads; nil is none.
	Unwritten func(now time.Time) []types.NamespacedName
	// Seen is what this one last saw of each control plane.
	Seen func() map[types.NamespacedName]sla.Look

	mu     sync.Mutex
	others map[string]other
	// reign is when another vantage point, or this one in a life before, last led.
	reign  reign
	ledAll bool
	began  time.Time
	// planes is how many control planes this one looks at, and zone that of its node.
	planes int
	zone   string
}

// other is what another vantage point has said. Its clock is not trusted: heard is when, by
// one's own, its renewal was last seen to be another one; zero while it has not been.
type other struct {
	name           string
	renewed        time.Time
	heard          time.Time
	candidate      bool
	planes, asleep int
	blinded        int
	down           map[types.NamespacedName]sla.Look
	blind          map[types.NamespacedName]bool
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
	now := p.Now().Round(0) // as others' clocks are compared with it
	p.hear(list.Items, now)
	if p.began.IsZero() {
		p.began = now
	}
	if now.Sub(p.began) < cmp.Or(p.Settle, settleIn) {
		return nil
	}
	p.place(ctx)
	point := p.point(now)
	p.mu.Lock()
	p.planes = int(point.ControlPlanes)
	p.mu.Unlock()
	if told.Renewed != nil && same(told, point) {
		if ago := now.Sub(told.Renewed.Time); ago >= 0 && ago < renewEvery {
			return nil
		}
	}
	if err := p.put(ctx, point, list.Items); err != nil {
		return fmt.Errorf("writing the vantage point %s/%s: %w", p.Namespace, p.Self, err)
	}
	*told = *point
	if p.Leads() {
		return p.clean(ctx, now, list.Items)
	}
	return nil
}

// place finds the zone of the node, once. Where it cannot be found it is left out.
func (p *Points) place(ctx context.Context) {
	if p.Node == "" {
		return
	}
	var n corev1.Node
	if err := p.Reader.Get(ctx, client.ObjectKey{Name: p.Node}, &n); err != nil && !apierrors.IsForbidden(err) && !apierrors.IsNotFound(err) {
		return // it is asked for again
	}
	p.Node = ""
	p.mu.Lock()
	defer p.mu.Unlock()
	p.zone = n.Labels[corev1.LabelTopologyZone]
}

func (p *Points) inZone() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.zone
}

// Leads tells whether this operator replica leads.
func (p *Points) Leads() bool {
	select {
	case <-p.Leading:
		return true
	default:
		return false
	}
}

// hear takes in what the others say and, the first time, when somebody last led.
func (p *Points) hear(all []v1alpha1.VantagePoint, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	others := map[string]other{}
	for _, v := range all {
		if v.Renewed == nil {
			continue
		}
		if v.Name == p.Self {
			continue
		}
		renewed := v.Renewed.Time
		o := other{name: v.Name, renewed: renewed, candidate: v.Candidate, planes: int(v.ControlPlanes), asleep: int(v.AsleepCount), blinded: int(v.BlindCount)}
		if was, known := p.others[v.Name]; known {
			if o.heard = was.heard; !was.renewed.Equal(renewed) {
				o.heard = now
			}
		}
		o.down, o.blind = map[types.NamespacedName]sla.Look{}, map[types.NamespacedName]bool{}
		for _, d := range v.Down {
			ago := min(max(renewed.Sub(d.At.Time), 0), asOf)
			o.down[types.NamespacedName{Namespace: d.Namespace, Name: d.Name}] = sla.Look{Point: v.Name, Verdict: sla.Down, At: o.heard.Add(-ago), Why: d.Why}
		}
		for _, b := range v.Blind {
			o.blind[types.NamespacedName{Namespace: b.Namespace, Name: b.Name}] = true
		}
		others[v.Name] = o
	}
	p.reign = p.reign.after(all, now, func(v *v1alpha1.VantagePoint) bool { return v.Name != p.Self || !p.ledAll })
	p.others, p.ledAll = others, true
}

// Others are what the other vantage points that live last said of a control plane. One that
// looks at fewer than this one, or has more to tell than it may hold, does not know what it
// does not name.
func (p *Points) Others(key types.NamespacedName) (looks []sla.Look) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(p.others)) {
		o := p.others[name]
		if o.heard.IsZero() {
			continue
		}
		l, down := o.down[key]
		switch {
		case down:
			looks = append(looks, l)
		case o.blind[key], len(o.down) >= mostSeen, len(o.blind) >= mostSeen, o.planes < p.planes:
			looks = append(looks, sla.Look{Point: o.name, Verdict: sla.Blind, At: o.heard})
		default:
			looks = append(looks, sla.Look{Point: o.name, Verdict: sla.Up, At: o.heard.Add(-asOf)})
		}
	}
	return looks
}

// Alive is how many vantage points look and see anything, this one among them. Where there is
// nothing to be seen that is no blindness.
func (p *Points) Alive(now time.Time) (n int) {
	sees := func(planes, asleep, blinded int) bool { return planes <= asleep || blinded < planes-asleep }
	own := p.point(now)
	if sees(int(own.ControlPlanes), int(own.AsleepCount), int(own.BlindCount)) {
		n++
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.others {
		if !o.heard.IsZero() && now.Sub(o.heard) <= sla.Alive && sees(o.planes, o.asleep, o.blinded) {
			n++
		}
	}
	return n
}

// clean deletes vantage points that nobody renews any more: operator replicas get new names.
func (p *Points) clean(ctx context.Context, now time.Time, all []v1alpha1.VantagePoint) error {
	for i := range all {
		v := &all[i]
		age := now.Sub(v.CreationTimestamp.Time)
		if v.Renewed != nil {
			age = min(age, now.Sub(v.Renewed.Time).Abs())
		}
		if v.Name == p.Self || age < forgotten {
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
		after.Zone, after.Renewed = point.Zone, point.Renewed
		after.Candidate, after.Leading, after.Unwritten = point.Candidate, point.Leading, point.Unwritten
		after.ControlPlanes, after.DownCount, after.Down = point.ControlPlanes, point.DownCount, point.Down
		after.AsleepCount, after.BlindCount, after.Blind = point.AsleepCount, point.BlindCount, point.Blind
		return p.Client.Patch(ctx, after, client.MergeFrom(&all[i]))
	}
	made := point.DeepCopy()
	made.Labels = map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy}
	return p.Client.Create(ctx, made)
}

// same tells whether nothing is new but the time.
func same(a, b *v1alpha1.VantagePoint) bool {
	if a.Leading != b.Leading || a.ControlPlanes != b.ControlPlanes || len(a.Down) != len(b.Down) || !slices.Equal(a.Blind, b.Blind) || !slices.Equal(a.Unwritten, b.Unwritten) {
		return false
	}
	for i := range a.Down {
		if a.Down[i].Namespace != b.Down[i].Namespace || a.Down[i].Name != b.Down[i].Name {
			return false
		}
	}
	return true
}

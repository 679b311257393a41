// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/etcdcare"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// careWithin bounds what is done to etcd's members in one go until etcd is asked for it.
	// What etcd has begun has a bound of its own (etcdcare.Within).
	careWithin = 30 * time.Second
	// defaultFragmentation, in percent, and defaultReclaims, in bytes, are the CRD's, for
	// profiles that were stored before.
	defaultFragmentation = 45
	defaultReclaims      = 100 << 20
)

// careProfile is what the spec allows of the members beyond their sizes.
func (p *pass) careProfile() plane.CareProfile {
	etcd := p.cpp.Spec.Etcd
	if etcd == nil || etcd.ClientTLS == nil {
		return plane.CareProfile{Mode: plane.Off}
	}
	out := plane.CareProfile{
		Mode:          effective(p.cpp.Spec.Mode, etcd.Care.Mode),
		Fragmentation: float64(orDefault(etcd.Care.FragmentationPercent, defaultFragmentation)) / 100,
		Reclaims:      defaultReclaims,
	}
	if r := etcd.Care.Reclaims; r != nil && r.Value() > 0 {
		out.Reclaims = r.Value()
	}
	return out
}

// applyEtcd has a step about etcd carried out beside the passes, as a defragmentation takes
// longer than a pass may. Its outcome says that it was ordered; the one of what became of it
// comes with a later look.
func (p *pass) applyEtcd(ctx context.Context, step plane.Step) plane.Outcome {
	out := plane.Outcome{Kind: step.Kind, Name: step.About()}
	refused := func(reason, format string, args ...any) plane.Outcome {
		out.Fault = &plane.Fault{Reason: reason, Message: fmt.Sprintf(format, args...)}
		return out
	}
	a := p.kept.etcd.access
	members, err := p.careMembers(ctx)
	if err != nil || a == nil {
		return refused(v1alpha1.ReasonMembersUnseen, "etcd's members cannot be reached to be cared for (%s): %v", step.Kind, err)
	}
	var do func(context.Context) (etcdcare.Done, *plane.Fault)
	switch e := step.Etcd; step.Kind {
	case plane.Defragment:
		do = func(ctx context.Context) (etcdcare.Done, *plane.Fault) {
			return etcdcare.Defragment(ctx, a, e.Member, e.UID, members)
		}
	case plane.Compact:
		do = func(ctx context.Context) (etcdcare.Done, *plane.Fault) {
			return etcdcare.Compact(ctx, a, members, e.Revision)
		}
	case plane.Disarm:
		do = func(ctx context.Context) (etcdcare.Done, *plane.Fault) { return etcdcare.Disarm(ctx, a, members) }
	default:
		return refused(v1alpha1.ReasonWriteFailed, "no way is known to carry out %q", step.Kind)
	}
	out.Written = p.r.Now()
	ended := out
	began := p.kept.care.start(careWithin, func(ctx context.Context) plane.Outcome {
		if _, ended.Fault = do(ctx); ended.Fault == nil {
			ended.InForce = p.r.Now()
		}
		return ended
	})
	if !began {
		out.Written = time.Time{}
		return refused(v1alpha1.ReasonStepsWait, "not done: something else is being done to etcd's members, one thing at a time")
	}
	return out
}

// careMembers are all members of etcd as its pods are now, those that do not run without an
// address.
func (p *pass) careMembers(ctx context.Context) ([]etcdcare.Member, error) {
	if p.cpp.Spec.Etcd == nil {
		return nil, fault(v1alpha1.ReasonMembersUnseen, "the profile names no etcd")
	}
	targets, missing, err := p.memberTargets(ctx)
	if err != nil {
		return nil, err
	}
	members := make([]etcdcare.Member, 0, len(targets)+len(missing))
	for _, t := range targets {
		m := etcdcare.Member{Name: t.Name, UID: t.UID, Address: t.Address}
		if i := slices.IndexFunc(p.snapshot.Members, func(one plane.Member) bool { return one.Name == t.Name }); i >= 0 {
			m.Quota = p.snapshot.Members[i].Quota
		}
		members = append(members, m)
	}
	for _, m := range missing {
		members = append(members, etcdcare.Member{Name: m.Name})
	}
	return members, nil
}

// careStops has what is being done to etcd's members given up where nothing is to be done to
// them any more, but for what etcd has begun.
func (p *pass) careStops(profile plane.Profile) {
	if profile.Paused || profile.Care.Mode != plane.Enforce {
		p.kept.care.stop()
	}
}

// forsaken has the decisions that were under way in a process before this one tell that
// nobody knows their end: whoever waited for it is gone.
func forsaken(decisions []v1alpha1.DecisionStatus) {
	for i := range decisions {
		if decisions[i].Outcome == underWay {
			decisions[i].Outcome = "ordered; how it ended is not known, as the operator has restarted meanwhile"
		}
	}
}

// amend tells of a decision that was under way what became of it.
func (p *pass) amend(o plane.Outcome) {
	i := slices.IndexFunc(p.status.Decisions, func(d v1alpha1.DecisionStatus) bool {
		return d.Step == string(o.Kind) && d.Outcome == underWay
	})
	if i < 0 {
		return
	}
	d := &p.status.Decisions[i]
	if o.Fault == nil {
		d.Outcome = fmt.Sprintf("done, and read back %s after it was ordered", o.InForce.Sub(o.Written).Round(100*time.Millisecond))
	} else {
		p.came(d, false, o.Fault.Reason+": "+o.Fault.Message)
		p.kept.news = append(p.kept.news, *d.DeepCopy())
	}
	p.recorded = append(p.recorded, *d.DeepCopy())
}

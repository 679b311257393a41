// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

func (p *pass) sizingMode() plane.Mode {
	return effective(p.cpp.Spec.Mode, p.cpp.Spec.Sizing.Mode)
}

// readResources reads the resource profile that the spec names. While it is not there no
// size is changed, which a finding tells.
func (p *pass) readResources(ctx context.Context) error {
	ref := p.cpp.Spec.ResourceProfileRef
	if ref == nil || p.sizingMode() == plane.Off {
		return nil
	}
	var rp v1alpha1.ResourceProfile
	err := p.r.Client.Get(ctx, client.ObjectKey{Name: ref.Name}, &rp)
	switch {
	case apierrors.IsNotFound(err):
		p.snapshot.Sizes.ProfileFault = &plane.Fault{
			Reason:  v1alpha1.ReasonProfileNotFound,
			Message: fmt.Sprintf("there is no ResourceProfile %s: create it, or correct resourceProfileRef; no size is changed until then", ref.Name),
		}
		return nil
	case err != nil:
		return fmt.Errorf("reading ResourceProfile %s: %w", ref.Name, err)
	}
	p.resources = resources(&rp)
	return nil
}

// sizingProfile is what the spec allows of sizes, as the recommender takes it.
func (p *pass) sizingProfile() plane.SizingProfile {
	spec := p.cpp.Spec
	out := plane.SizingProfile{
		Mode:      p.sizingMode(),
		InPlace:   spec.Sizing.Apply != v1alpha1.ApplyVPA,
		Limits:    spec.Sizing.ControlledValues == v1alpha1.RequestsAndLimits,
		Evict:     spec.Sizing.Eviction == v1alpha1.EvictWhenStuck,
		Restarts:  spec.Sizing.Restarts == v1alpha1.RestartPlanned,
		Resources: p.resources,
		Bounds: map[sizing.Component]plane.SizeBounds{
			sizing.APIServer: {CPU: bounds(spec.APIServer.CPU), Memory: bounds(spec.APIServer.Memory)},
		},
	}
	if spec.Etcd != nil {
		out.Bounds[sizing.Etcd] = plane.SizeBounds{CPU: bounds(spec.Etcd.CPU), Memory: bounds(spec.Etcd.Memory)}
	}
	return out
}

func bounds(r *v1alpha1.QuantityRange) (b sizing.Bounds) {
	if r == nil {
		return b
	}
	return sizing.Bounds{Least: amountOf(r.Min), Most: amountOf(r.Max)}
}

func amountOf(q *resource.Quantity) float64 {
	if q == nil {
		return 0
	}
	return q.AsApproximateFloat64()
}

// resources is a resource profile as the recommender takes it.
func resources(rp *v1alpha1.ResourceProfile) *sizing.Profile {
	s := rp.Spec
	out := &sizing.Profile{Name: rp.Name, Revision: s.Revision, Measured: drivers(s.Measured)}
	if c := s.APIServer; c != nil {
		out.APIServer = sizing.Needs{CPU: curve(&c.CPU), Memory: curve(&c.Memory), Extra: curve(c.Seats)}
	}
	if c := s.Etcd; c != nil {
		out.Etcd = sizing.Needs{CPU: curve(&c.CPU), Memory: curve(&c.Memory), Extra: curve(c.Quota)}
	}
	for _, t := range s.Tiers {
		tier := sizing.Tier{Name: t.Name, UpTo: drivers(&t.UpTo), APIServer: sizing.Needs{CPU: flat(&t.APIServer.CPU), Memory: flat(&t.APIServer.Memory)}}
		if t.APIServer.Seats != nil {
			tier.APIServer.Extra.Base = float64(*t.APIServer.Seats)
		}
		if t.Etcd != nil {
			tier.Etcd = sizing.Needs{CPU: flat(&t.Etcd.CPU), Memory: flat(&t.Etcd.Memory), Extra: flat(t.Etcd.Quota)}
		}
		out.Tiers = append(out.Tiers, tier)
	}
	return out
}

func flat(q *resource.Quantity) sizing.Curve { return sizing.Curve{Base: amountOf(q)} }

func curve(c *v1alpha1.Curve) sizing.Curve {
	if c == nil {
		return sizing.Curve{}
	}
	return sizing.Curve{
		Base: c.Base.AsApproximateFloat64(),
		Each: sizing.Drivers{
			Nodes: amountOf(c.PerNode), Pods: amountOf(c.PerPod), Objects: amountOf(c.PerObject),
			Bytes: amountOf(c.PerStoredByte), Requests: amountOf(c.PerRequest),
		},
		Error: float64(c.ErrorPercent) / 100, Peak: float64(c.PeakPercent) / 100,
	}
}

func drivers(l *v1alpha1.Load) (d sizing.Drivers) {
	if l == nil {
		return d
	}
	number := func(n *int64) float64 {
		if n == nil {
			return 0
		}
		return float64(*n)
	}
	return sizing.Drivers{
		Nodes: number(l.Nodes), Pods: number(l.Pods), Objects: number(l.Objects), Bytes: amountOf(l.StoredBytes), Requests: number(l.Requests),
	}
}

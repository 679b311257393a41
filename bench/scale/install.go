// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/stage"
)

// sizedWithin is how long Evenkeel may take until it has decided on a first size.
const sizedWithin = 3 * time.Minute

// profile has Evenkeel resize the pods, limits included, and scale the apiservers, within
// what the play allows. It goes by what is used alone: a resource profile would know the
// size beforehand, and the play would not begin as the other does. The protections only
// recommend.
func profile(root string) (*v1alpha1.ControlPlaneProfile, error) {
	cpp, err := stage.LoadProfile(root, 0, 0)
	if err != nil {
		return nil, err
	}
	cpp.Spec.Mode = v1alpha1.ModeEnforce
	p := &cpp.Spec.Protection
	p.Jail, p.LoadLine, p.Shares = v1alpha1.ProtectionRecommend, v1alpha1.ProtectionRecommend, v1alpha1.ProtectionRecommend
	cpp.Spec.ResourceProfileRef = nil
	cpp.Spec.Sizing = v1alpha1.SizingSpec{Mode: v1alpha1.ProtectionEnforce, ControlledValues: v1alpha1.RequestsAndLimits, VerticalPodAutoscaler: v1alpha1.VPAOff}
	cpp.Spec.APIServer.CPU = between(startMilli, evenkeelMilli)
	cpp.Spec.Etcd.CPU = between(etcdMilli, etcdMilli)
	cpp.Spec.APIServer.Replicas = &v1alpha1.Int32Range{Min: new(int32(startReplicas)), Max: new(int32(evenkeelReplicas))}
	cpu := milli(evenkeelMilli * part / parts)
	cpp.Spec.Scaling = v1alpha1.ScalingSpec{Mode: v1alpha1.ProtectionEnforce, CPU: &cpu}
	return cpp, nil
}

func between(least, most int64) *v1alpha1.QuantityRange {
	quantity := func(v int64) *resource.Quantity {
		q := milli(v)
		return &q
	}
	return &v1alpha1.QuantityRange{Min: quantity(least), Max: quantity(most)}
}

// install installs Evenkeel and waits for its first size.
func (r *run) install(ctx context.Context) error {
	cpp, err := profile(r.Root)
	if err != nil {
		return err
	}
	if r.profile, err = r.stage.Install(ctx, r.Root, cpp); err != nil {
		return err
	}
	seen, err := r.profile.Await(ctx, sizedWithin, "the pods to have their first size", func(seen v1alpha1.ControlPlaneProfile) bool {
		for _, c := range seen.Status.Conditions {
			if c.Type == v1alpha1.ConditionSized {
				return c.Status == "True"
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	for _, s := range seen.Status.Sizes {
		r.Logf("%s: %s/%s before the step", s.Component, s.Target.CPU, s.Target.Memory)
	}
	return nil
}

// decisions are Evenkeel's since a time, oldest first, in a line each.
func (r *run) decisions(since time.Time) (all []string) {
	if r.profile == nil {
		return nil
	}
	seen, _ := r.profile.Now()
	for _, d := range seen.Status.Decisions {
		if d.Time.Time.Before(since.Truncate(time.Second)) {
			break
		}
		all = append([]string{fmt.Sprintf("%3.0f s  %s", d.Time.Time.Sub(since).Seconds(), d.Message)}, all...)
	}
	return all
}

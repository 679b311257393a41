// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/stage"
)

// sizedWithin is how long Evenkeel may take until the tenant has its first size.
const sizedWithin = 3 * time.Minute

// install installs Evenkeel with the shipped resource profile and has it resize the pods,
// limits included, and nothing else: the protections only recommend.
func (r *run) install(ctx context.Context) error {
	cpp, err := stage.LoadProfile(r.Root, 0, 0)
	if err != nil {
		return err
	}
	cpp.Spec.Mode = v1alpha1.ModeEnforce
	p := &cpp.Spec.Protection
	p.Jail, p.LoadLine, p.Shares = v1alpha1.ProtectionRecommend, v1alpha1.ProtectionRecommend, v1alpha1.ProtectionRecommend
	cpp.Spec.ResourceProfileRef = &v1alpha1.ResourceProfileRef{Name: "standard"}
	cpp.Spec.Sizing = v1alpha1.SizingSpec{Mode: v1alpha1.ProtectionEnforce, ControlledValues: v1alpha1.RequestsAndLimits, VerticalPodAutoscaler: v1alpha1.VPAOff}
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
		r.Logf("%s", fmt.Sprintf("%s: %s/%s before the first node", s.Component, s.Target.CPU, s.Target.Memory))
	}
	return nil
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/stage"
)

// zonesWanted is over how many zones the tenant is to be spread.
const zonesWanted = 3

// install installs Evenkeel and has it do all that it may: protect, resize (requests alone,
// so that the limits stay what the load was measured against), and mend the spread.
func (r *run) install(ctx context.Context) error {
	cpp, err := stage.LoadProfile(r.Root, 0, 0)
	if err != nil {
		return err
	}
	cpp.Spec.Mode = v1alpha1.ModeEnforce
	cpp.Spec.Sizing.Mode = v1alpha1.ProtectionEnforce
	cpp.Spec.Sizing.ControlledValues = v1alpha1.RequestsOnly
	cpp.Spec.Sizing.VerticalPodAutoscaler = v1alpha1.VPAOff
	cpp.Spec.Availability.Zones = zonesWanted
	cpp.Spec.Availability.Spread = v1alpha1.ProtectionEnforce
	r.profile, err = r.stage.Install(ctx, r.Root, cpp)
	return err
}

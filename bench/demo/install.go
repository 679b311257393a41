// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/stage"
)

// install installs Evenkeel as a user would, with the sample profile in Recommend.
func (p *run) install(ctx context.Context) error {
	p.state.phase("installing Evenkeel", 0)
	cpp, err := stage.LoadProfile(p.Root, p.Scenario.Profile.SentenceSeconds, p.Scenario.Profile.SeatsMax)
	if err != nil {
		return err
	}
	p.profile, err = p.stage.Install(ctx, p.Root, cpp)
	if p.profile != nil {
		p.state.follow(p.profile)
	}
	return err
}

// enforce switches the profile to Enforce and waits for the load line to be held.
func (p *run) enforce(ctx context.Context) error {
	err := p.profile.Patch(ctx, func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeEnforce })
	if err != nil {
		return err
	}
	_, err = p.profile.Await(ctx, storedLimit, "the load line to be held", func(seen v1alpha1.ControlPlaneProfile) bool {
		for _, c := range seen.Status.Conditions {
			if c.Type == v1alpha1.ConditionLoadLineInForce && c.Reason == v1alpha1.ReasonLoadLineHeld {
				return stage.Ready(seen)
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	p.calm, err = stage.ReadFlowControl(ctx, p.stage.Tenant.AdminConfig)
	return err
}

// release waits until the sentence is over and the tenant's objects are as they
// were before the storm.
func (p *run) release(ctx context.Context) error {
	term := time.Duration(0)
	if p.sentence.Since != nil && p.sentence.Until != nil {
		term = p.sentence.Until.Sub(p.sentence.Since.Time)
	}
	allowed := term + tick
	p.state.phase("after the storm", allowed)
	at, err := stage.AwaitFlowControl(ctx, p.stage.Tenant.AdminConfig, p.calm, allowed+storedLimit)
	if err != nil {
		return err
	}
	p.report.Add(report.Released, "s", at.Sub(p.stormOver).Seconds())
	p.report.Add(report.ReleaseAllowed, "s", allowed.Seconds())
	p.picture.mark("released", at)
	p.picture.phase("after", window{p.stormOver, at})
	// By now every request of the storm has ended, one way or the other.
	p.addVictims(report.Evenkeel, p.heldWindow)
	p.addVictims(report.Whole, p.wholeWindow)
	return nil
}

// leave deletes the profile and checks that the tenant is as it was found.
func (p *run) leave(ctx context.Context) error {
	if p.Keep {
		return nil
	}
	p.state.phase("leaving the tenant as found", 0)
	if err := p.profile.Delete(ctx, storedLimit); err != nil {
		return err
	}
	now, err := stage.ReadFlowControl(ctx, p.stage.Tenant.AdminConfig)
	if err != nil {
		return err
	}
	if d := now.Difference(p.asFound); d != "" {
		return fmt.Errorf("the tenant was not left as found: %s", d)
	}
	p.Screen.Logf("the profile is deleted and the tenant's flow control is as it was found")
	return nil
}

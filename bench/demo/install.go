// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/testbed/apply"
)

// hostManifests are applied to the host cluster as they are shipped, in order.
var hostManifests = []string{"crd", "operator/namespace.yaml", "rbac", "tenant-namespace", "operator"}

// install installs Evenkeel as a user would: the manifests as they are shipped,
// the operator as a Deployment with the shipped RBAC and nothing more, the
// tenant-side RBAC, and the sample profile in Recommend.
func (p *run) install(ctx context.Context) error {
	p.state.phase("installing Evenkeel", 0)
	for _, name := range hostManifests {
		if err := apply.Path(ctx, p.stage.host.AdminConfig, p.manifest(name)); err != nil {
			return err
		}
	}
	raw, err := os.ReadFile(p.manifest("tenant/rbac.yaml"))
	if err != nil {
		return fmt.Errorf("reading the tenant-side RBAC: %w", err)
	}
	if err := p.stage.tenant.Apply(ctx, raw); err != nil {
		return err
	}
	cpp, err := loadProfile(p.Root, p.Scenario.Profile.SentenceSeconds, p.Scenario.Profile.SeatsMax)
	if err != nil {
		return err
	}
	raw, err = yaml.Marshal(cpp)
	if err != nil {
		return fmt.Errorf("writing the profile: %w", err)
	}
	if err := apply.Bytes(ctx, p.stage.host.AdminConfig, raw); err != nil {
		return err
	}
	key := types.NamespacedName{Namespace: cpp.Namespace, Name: cpp.Name}
	if p.profile, err = watchProfile(ctx, p.stage.host.AdminConfig, key); err != nil {
		return err
	}
	p.state.follow(p.profile)
	_, err = p.profile.await(ctx, time.Minute, "Evenkeel to observe the tenant", ready)
	return err
}

// ready is true when the profile as it is now is observed and carried out.
func ready(seen v1alpha1.ControlPlaneProfile) bool {
	if seen.Generation == 0 || seen.Status.ObservedGeneration != seen.Generation {
		return false
	}
	for _, c := range seen.Status.Conditions {
		if c.Type == v1alpha1.ConditionReady {
			return c.Status == "True"
		}
	}
	return false
}

// enforce switches the profile to Enforce and waits for the load line to be held.
func (p *run) enforce(ctx context.Context) error {
	err := p.profile.patch(ctx, func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeEnforce })
	if err != nil {
		return err
	}
	_, err = p.profile.await(ctx, storedLimit, "the load line to be held", func(seen v1alpha1.ControlPlaneProfile) bool {
		for _, c := range seen.Status.Conditions {
			if c.Type == v1alpha1.ConditionLoadLineInForce && c.Reason == v1alpha1.ReasonLoadLineHeld {
				return ready(seen)
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	p.calm, err = readFlowControl(ctx, p.stage.tenant.AdminConfig)
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
	at, err := awaitFlowControl(ctx, p.stage.tenant.AdminConfig, p.calm, allowed+storedLimit)
	if err != nil {
		return err
	}
	p.report.Add(report.Released, "s", at.Sub(p.stormOver).Seconds())
	p.report.Add(report.ReleaseAllowed, "s", allowed.Seconds())
	p.picture.mark("released", at)
	p.picture.phase("after", window{p.stormOver, at})
	// By now every request of the storm has ended, one way or the other.
	p.victims.add(p.report, report.Evenkeel, p.heldWindow)
	p.victims.add(p.report, report.Whole, p.wholeWindow)
	return nil
}

// leave deletes the profile and checks that the tenant is as it was found.
func (p *run) leave(ctx context.Context) error {
	if p.Keep {
		return nil
	}
	p.state.phase("leaving the tenant as found", 0)
	if err := p.profile.delete(ctx, storedLimit); err != nil {
		return err
	}
	now, err := readFlowControl(ctx, p.stage.tenant.AdminConfig)
	if err != nil {
		return err
	}
	if d := now.difference(p.asFound); d != "" {
		return fmt.Errorf("the tenant was not left as found: %s", d)
	}
	p.Screen.Logf("the profile is deleted and the tenant's flow control is as it was found")
	return nil
}

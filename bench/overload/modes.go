// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"context"
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/stage"
)

// carriedOutWithin bounds the wait for the profile's own changes, a storm around them.
const carriedOutWithin = 45 * time.Second

// recommend has Evenkeel look and write nothing: the tenant has upstream's defaults.
func (r *run) recommend(ctx context.Context) error {
	return r.set(ctx, "the profile to be followed", stage.Ready, func(spec *v1alpha1.ControlPlaneProfileSpec) {
		spec.Mode, spec.APIServer.Seats = v1alpha1.ModeRecommend, nil
		spec.Protection.Jail, spec.Protection.LoadLine = "", ""
	})
}

// anew has Evenkeel forget the line that it held or would have held, and write nothing:
// the next one is found from the ceiling. What is usual in calm times stays known.
func (r *run) anew(ctx context.Context) error {
	return r.set(ctx, "the load line to be forgotten", settledOn, func(spec *v1alpha1.ControlPlaneProfileSpec) {
		spec.Mode, spec.APIServer.Seats = v1alpha1.ModeRecommend, nil
		spec.Protection.Jail, spec.Protection.LoadLine = "", v1alpha1.ProtectionOff
	})
}

// settledOn is true when the profile as it is has been acted upon, and the tenant has
// all the seats of its flags.
func settledOn(seen v1alpha1.ControlPlaneProfile) bool {
	line := seen.Status.LoadLine
	return stage.Ready(seen) && seen.Status.ObservedGeneration == seen.Generation && line != nil && line.Seats == line.Ceiling
}

// enforce has Evenkeel do all that it does, as it is shipped.
func (r *run) enforce(ctx context.Context) error {
	return r.set(ctx, "the load line to be held", inForce, func(spec *v1alpha1.ControlPlaneProfileSpec) {
		spec.Mode, spec.APIServer.Seats = v1alpha1.ModeEnforce, nil
		spec.Protection.Jail, spec.Protection.LoadLine = v1alpha1.ProtectionEnforce, v1alpha1.ProtectionEnforce
	})
}

// pin holds the line at so many seats by hand and jails nobody. The status may lag
// behind the spec: it counts when it says just that line.
func (r *run) pin(ctx context.Context, seats int32) error {
	return r.byHand(ctx, seats, func(seen v1alpha1.ControlPlaneProfile) bool {
		return inForce(seen) && seen.Status.LoadLine.Seats == seats
	})
}

// lowest is the lowest line that can be held: below it the protected levels would not
// have what they need. It is asked for once, in quiet, and the same for every scenario.
func (r *run) lowest(ctx context.Context) (int32, error) {
	if r.floor > 0 {
		return r.floor, nil
	}
	err := r.byHand(ctx, 1, func(seen v1alpha1.ControlPlaneProfile) bool {
		return inForce(seen) && seen.Status.LoadLine.Seats < seen.Status.LoadLine.Ceiling
	})
	if err != nil {
		return 0, err
	}
	seen, _ := r.profile.Now()
	r.floor = seen.Status.LoadLine.Seats
	return r.floor, nil
}

func (r *run) byHand(ctx context.Context, seats int32, wanted func(v1alpha1.ControlPlaneProfile) bool) error {
	return r.set(ctx, fmt.Sprintf("a load line of %d to be held by hand", seats), wanted, func(spec *v1alpha1.ControlPlaneProfileSpec) {
		spec.Mode, spec.APIServer.Seats = v1alpha1.ModeEnforce, &v1alpha1.Int32Range{Min: &seats, Max: &seats}
		spec.Protection.Jail, spec.Protection.LoadLine = v1alpha1.ProtectionOff, v1alpha1.ProtectionEnforce
	})
}

// set changes the profile and waits until the change has been seen and is as wanted.
func (r *run) set(ctx context.Context, what string, wanted func(v1alpha1.ControlPlaneProfile) bool, change func(*v1alpha1.ControlPlaneProfileSpec)) error {
	if err := r.profile.Patch(ctx, func(cpp *v1alpha1.ControlPlaneProfile) { change(&cpp.Spec) }); err != nil {
		return err
	}
	_, err := r.profile.Await(ctx, carriedOutWithin, what, func(seen v1alpha1.ControlPlaneProfile) bool {
		return made(seen, change) && wanted(seen)
	})
	return err
}

// made is true when a change has been made: what is seen may be older.
func made(seen v1alpha1.ControlPlaneProfile, change func(*v1alpha1.ControlPlaneProfileSpec)) bool {
	wanted := seen.DeepCopy()
	change(&wanted.Spec)
	return same(&wanted.Spec, &seen.Spec)
}

func same(a, b *v1alpha1.ControlPlaneProfileSpec) bool {
	seats := func(s *v1alpha1.ControlPlaneProfileSpec) int32 {
		if s.APIServer.Seats == nil || s.APIServer.Seats.Max == nil {
			return 0
		}
		return *s.APIServer.Seats.Max
	}
	return a.Mode == b.Mode && seats(a) == seats(b) &&
		a.Protection.Jail == b.Protection.Jail && a.Protection.LoadLine == b.Protection.LoadLine
}

// inForce is true when every replica works at the load line.
func inForce(seen v1alpha1.ControlPlaneProfile) bool {
	if seen.Status.LoadLine == nil || seen.Status.ObservedGeneration != seen.Generation {
		return false
	}
	for _, c := range seen.Status.Conditions {
		if c.Type == v1alpha1.ConditionLoadLineInForce {
			return c.Status == "True"
		}
	}
	return false
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/scaler"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// scaleEvery is how often the autoscaler is looked at: upstream's controller looks at
	// its metrics every 15 s.
	scaleEvery = 10 * time.Second
	// scalerEvery is how often it is made sure of when nothing has changed.
	scalerEvery = time.Minute
)

// keptScale is what is kept of the autoscaler from pass to pass.
type keptScale struct {
	// seen is what was seen at that time, for that generation of the profile.
	seen       plane.ScaleSeen
	at         time.Time
	generation int64
	// ensured is what the autoscaler was last made sure of for, at tried, and fault what
	// of it went wrong, or of letting go of it. gone is true once it has been let go of,
	// which was last tried at dropped. mine is whether this process has made sure of one
	// since: it knows it even without its mark.
	ensured        string
	tried, dropped time.Time
	fault          *plane.Fault
	gone, mine     bool
}

// scalingMode is what may be done about the number of replicas. Without a maximum there is
// nothing to decide; a profile that says a mode all the same is told so.
func (p *pass) scalingMode() plane.Mode {
	scaling := p.cpp.Spec.Scaling
	if scaler.Max(p.cpp) == 0 && scaling.Mode == "" {
		return plane.Off
	}
	return effective(p.cpp.Spec.Mode, scaling.Mode)
}

// scales tells whether the number of replicas is decided.
func (p *pass) scales() bool { return p.scalingMode() != plane.Off && scaler.Max(p.cpp) > 0 }

// keepsScaler tells whether the profile asks for an autoscaler.
func (p *pass) keepsScaler() bool { return p.scales() && p.scalingMode() == plane.Enforce }

// scalingProfile is what is allowed of the number of replicas.
func (p *pass) scalingProfile() plane.ScalingProfile {
	out := plane.ScalingProfile{Mode: p.scalingMode(), Max: scaler.Max(p.cpp)}
	if out.Mode == plane.Off {
		return plane.ScalingProfile{Mode: plane.Off}
	}
	cpu := scaler.CPU(p.cpp)
	out.Min, out.CPU = scaler.Min(p.cpp), cpu.AsApproximateFloat64()
	out.ByZone, out.Zones = p.cpp.Spec.Scaling.Step == v1alpha1.ScaleByZone, int(p.cpp.Spec.Availability.Zones)
	out.Drain = p.cpp.Spec.Scaling.Connections == v1alpha1.ConnectionsDrain
	return out
}

// scaler is the profile's autoscaler.
func (p *pass) scaler() scaler.Scaler {
	return scaler.Scaler{Profile: p.cpp, Controller: p.workloadNow.controller, Replicas: int(p.workloadNow.replicas)}
}

// dropScaler lets go of the autoscaler of a profile that asks for none: nobody decides its
// floor any more. It needs no tenant, so it comes before all that does. It fails no pass.
func (p *pass) dropScaler(ctx context.Context) error {
	k := &p.kept.scale
	switch {
	case p.keepsScaler():
		k.gone = false
		return nil
	case k.gone || p.paused():
	case p.now.Sub(k.dropped) >= k.again():
		k.dropped, k.ensured, k.at = p.now, "", time.Time{}
		k.fault = scaler.LetGo(ctx, p.r.Client, p.r.Host, p.cpp, k.mine)
		k.gone = k.fault == nil
		k.mine = k.mine && !k.gone
	}
	p.tellScaler()
	return nil
}

// tellScaler tells what went wrong with the autoscaler, or with letting go of it, and takes
// back what is said of a number of replicas that nobody decides any more.
func (p *pass) tellScaler() {
	fault := p.kept.scale.fault
	denied := fault != nil && fault.Reason == v1alpha1.ReasonAccessDenied
	off := p.scalingMode() == plane.Off
	if off {
		meta.RemoveStatusCondition(&p.status.Conditions, v1alpha1.ConditionConnectionsEven)
	}
	if !p.scales() {
		p.status.Scale = nil
	}
	switch {
	case fault != nil && (p.scales() || !denied): // else nobody has asked for it
		p.set(v1alpha1.ConditionFloorInForce, metav1.ConditionFalse, fault.Reason, fault.Message)
	case off:
		meta.RemoveStatusCondition(&p.status.Conditions, v1alpha1.ConditionFloorInForce)
	}
}

// holdScaler no longer vouches for the floor and the connections, while nothing is decided.
// That letting go went wrong has been said.
func (p *pass) holdScaler(f plane.Fault) {
	if p.scalingMode() != plane.Off {
		p.set(v1alpha1.ConditionConnectionsEven, metav1.ConditionUnknown, f.Reason, "held as it is: "+f.Message)
	}
	if p.scales() && (p.keepsScaler() || p.kept.scale.fault == nil) {
		p.set(v1alpha1.ConditionFloorInForce, metav1.ConditionUnknown, f.Reason, "held as it is: "+f.Message)
	}
}

// again is how long is waited before letting go is tried again: longer where the right to
// look is missing, as for an operator that has never been to scale.
func (k *keptScale) again() time.Duration {
	if k.fault != nil && k.fault.Reason == v1alpha1.ReasonAccessDenied {
		return scalerEvery
	}
	return letGoAgain
}

// seeScale sees the autoscaler, and what the replicas' arguments say of GOAWAY. It fails no
// pass.
func (p *pass) seeScale(ctx context.Context) error {
	if !p.scales() {
		return nil
	}
	k := &p.kept.scale
	if k.at.IsZero() || p.now.Sub(k.at) >= scaleEvery || k.generation != p.cpp.Generation {
		k.seen = p.scaler().Look(ctx, p.r.Host)
		k.at, k.generation = p.now, p.cpp.Generation
	}
	seen := k.seen
	// That none could be made is why there is none.
	if seen.Fault == nil && seen.Autoscaler == "" && p.keepsScaler() {
		seen.Fault = k.fault
	}
	seen.GoAway, seen.Stated = p.goAway()
	p.snapshot.Scale = seen
	return nil
}

// goAway is the least --goaway-chance of the replicas; stated is false unless all of them
// have one.
func (p *pass) goAway() (least float64, stated bool) {
	for i, args := range p.arguments {
		chance, says := scaler.GoAway(args)
		if !says {
			return 0, false
		}
		if i == 0 || chance < least {
			least = chance
		}
	}
	return least, len(p.arguments) > 0
}

// keepScaler makes sure of the autoscaler and says what is in the way. It fails no pass.
func (p *pass) keepScaler(ctx context.Context) error {
	k := &p.kept.scale
	if p.keepsScaler() && !p.paused() {
		every := scalerEvery
		if k.fault != nil {
			every = k.again()
		}
		// A spec that has changed may ask for another one, and one that is gone is made anew.
		want := fmt.Sprintf("%d %s", p.cpp.Generation, k.seen.Autoscaler)
		if k.ensured != want || p.now.Sub(k.tried) >= every {
			k.ensured, k.tried = want, p.now
			k.fault = p.scaler().Ensure(ctx, p.r.Client, p.r.Host)
			k.at = time.Time{} // look anew
			k.mine = k.mine || k.fault == nil
		}
	}
	p.tellScaler()
	return nil
}

// setFloor carries a step out that moves the floor.
func (p *pass) setFloor(ctx context.Context, step plane.Step) plane.Outcome {
	out := plane.Outcome{Kind: step.Kind, Name: plane.FloorName}
	p.kept.scale.at = time.Time{} // look anew
	if out.Fault = p.scaler().SetFloor(ctx, p.r.Client, p.r.Host, step.Floor.To); out.Fault == nil {
		out.Written = p.r.Now()
	}
	return out
}

// leaveScaler lets go of the autoscaler of a profile that is deleted. A right that is
// missing keeps no profile: what Evenkeel made goes with the profile that it refers to, and
// a floor is safe to leave in place.
func (p *pass) leaveScaler(ctx context.Context) *plane.Fault {
	ctx, cancel := context.WithTimeout(ctx, passWithin)
	defer cancel()
	return scaler.LetGo(ctx, p.r.Client, p.r.Host, p.cpp, p.kept.scale.mine)
}

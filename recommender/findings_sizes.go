// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// sized tells whether every pod requests what was decided.
func (d *pass) sized() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionSized}
	switch {
	case d.profile.Sizing.Mode == plane.Off:
		f.Reason, f.Message = v1alpha1.ReasonOff, "the profile has switched sizing off"
		return f
	case !d.seen.Sizes.Recalled:
		f.Unknown, f.Reason = true, v1alpha1.ReasonUsageUnknown
		f.Message = "what was learnt of sizes before cannot be read yet: nothing is decided about them until then"
		return f
	}
	words := d.sizeWords()
	for _, fault := range []*plane.Fault{d.misnamed(), d.unusable()} {
		if fault != nil {
			f.Unknown, f.Reason, f.Message = len(d.plan.Sizes) == 0, fault.Reason, strings.TrimSuffix(fault.Message+"; "+words, "; ")
			return f
		}
	}
	switch {
	case len(d.plan.Sizes) == 0:
		f.Unknown, f.Reason = true, v1alpha1.ReasonUsageUnknown
		f.Message = "nothing is known yet of what the containers need: neither a profile and its load, nor what they use"
		if d.seen.Sizes.UsageFault != nil {
			f.Message += "; " + d.seen.Sizes.UsageFault.Message
		}
	case d.profile.Sizing.Mode == plane.Recommend:
		f.Reason, f.Message = v1alpha1.ReasonRecommendOnly, "recommended only: "+words
	case d.profile.Paused:
		f.Reason, f.Message = v1alpha1.ReasonPaused, "paused by a person: "+words
	default:
		return d.sizedInPlace(f, words)
	}
	return f
}

// sizedInPlace is the finding of sizes that are carried out.
func (d *pass) sizedInPlace(f plane.Finding, words string) plane.Finding {
	m := d.memory.Sizes
	reason, waiting := d.waiting()
	switch {
	case d.now.Before(m.Stopped):
		f.Reason, f.Message = v1alpha1.ReasonSizingWorse, fmt.Sprintf("nothing is made smaller until %s: %s; %s", clock(m.Stopped), m.StoppedWhy, words)
	case m.Resizing != nil:
		f.Reason = v1alpha1.ReasonResizing
		f.Message = fmt.Sprintf("%s is resized from %s to %s since %s; %s", m.Resizing.Pod, m.Resizing.From, m.Resizing.To, clock(m.Resizing.Began), words)
	case waiting != "":
		f.Reason, f.Message = reason, waiting+"; "+words
	case !d.allSized():
		f.Reason, f.Message = v1alpha1.ReasonResizing, "not every pod requests it yet: "+words
	case d.cappedAny() != "":
		f.True, f.Reason, f.Message = true, v1alpha1.ReasonCapped, words+"; "+d.cappedAny()
	default:
		f.True, f.Reason, f.Message = true, v1alpha1.ReasonAsExpected, words
	}
	return f
}

func (d *pass) allSized() bool {
	for _, p := range d.seen.Sizes.Pods {
		if want := d.wantOf(p); p.Fault == nil && want != (plane.Amounts{}) && !p.Requested.Same(want) {
			return false
		}
	}
	return true
}

// misnamed says that a container that is to be sized does not exist; nil when all do.
func (d *pass) misnamed() *plane.Fault {
	for _, p := range d.seen.Sizes.Pods {
		if p.Fault != nil {
			return &plane.Fault{Reason: p.Fault.Reason, Message: fmt.Sprintf("%s is not sized: %s", p.Component, p.Fault.Message)}
		}
	}
	return nil
}

// cappedAny names the components that the bounds keep from being larger.
func (d *pass) cappedAny() string {
	for _, s := range d.plan.Sizes {
		if capped(s) {
			return string(s.Component) + ": " + caps
		}
	}
	return ""
}

// sizeWords is what each component should request.
func (d *pass) sizeWords() string {
	words := make([]string, 0, len(d.plan.Sizes))
	for _, s := range d.plan.Sizes {
		line := fmt.Sprintf("%s %s", s.Component, s.Want)
		if s.Component == sizing.Etcd && s.Extra > 0 && d.seen.Sizes.Quota > 0 && d.seen.Sizes.Quota < s.Extra {
			line += fmt.Sprintf(" (its quota of %s is below what the profile gives)", sizing.Words(sizing.Memory, d.seen.Sizes.Quota))
		}
		if d.byUseAlone(s.Component) {
			line += fmt.Sprintf(" (by use alone: ResourceProfile %s says nothing of it)", d.profile.Sizing.Resources.Name)
		}
		words = append(words, line)
	}
	return strings.Join(words, ", ")
}

// usageSeen tells whether it is known what the containers use.
func (d *pass) usageSeen() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionUsageSeen}
	switch fault := d.seen.Sizes.UsageFault; {
	case d.profile.Sizing.Mode == plane.Off:
		f.Reason, f.Message = v1alpha1.ReasonOff, "the profile has switched sizing off"
	case fault != nil:
		f.Reason, f.Message = fault.Reason, fault.Message+". Nothing is made smaller"
	case d.usageUnseen():
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonUsageUnknown, "no sample of use is fresh: nothing is made smaller"
	default:
		f.True, f.Reason, f.Message = true, v1alpha1.ReasonAsExpected, "the host cluster tells what the containers use"
	}
	return f
}

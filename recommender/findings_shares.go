// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
	"evenkeel.dev/evenkeel/recommender/shares"
)

// reportBeside adds a finding about what stands beside the line and the sentences: the
// division and the flags. One that failed keeps the profile from being ready; a level
// that a person holds does not: that is as the person wants.
func (d *pass) reportBeside(f plane.Finding) {
	d.plan.Findings = append(d.plan.Findings, f)
	if f.True || slices.Contains([]string{v1alpha1.ReasonOff, v1alpha1.ReasonRecommendOnly, v1alpha1.ReasonPaused, v1alpha1.ReasonFlagsKept}, f.Reason) {
		return
	}
	for i, ready := range d.plan.Findings {
		if ready.Condition == v1alpha1.ConditionReady && ready.True {
			ready.True, ready.Unknown, ready.Reason, ready.Message = false, f.Unknown, f.Reason, f.Message
			d.plan.Findings[i] = ready
		}
	}
}

// sharesInForce compares what every ready replica shows with the division that the
// tenant's configuration holds.
func (d *pass) sharesInForce() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionSharesInForce}
	c := d.seen.Config
	switch {
	case d.profile.Shares != plane.Enforce && d.profile.Shares != plane.Recommend:
		f.Reason, f.Message = v1alpha1.ReasonOff, "the profile has switched the division of the seats off"
		return f
	case c == nil:
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonTenantUnreachable, "the tenant's flow-control configuration cannot be read"
		return f
	case d.profile.Shares == plane.Recommend:
		f.Reason, f.Message = v1alpha1.ReasonRecommendOnly, "recommended only: no level's shares are written"
		return f
	case d.profile.Paused:
		f.Reason, f.Message = v1alpha1.ReasonPaused, "paused by a person: the seats stay divided as they are"
		return f
	}
	if failed, ok := d.memory.Failed[plane.SharesName]; ok {
		f.Reason, f.Message = failed.Fault.Reason, failed.Fault.Message
		return f
	}
	divided, held := d.divided()
	if waiting := d.notYet(divided); waiting != "" {
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonNotReadBack, waiting
		return f
	}
	f.True, f.Reason = true, v1alpha1.ReasonAsExpected
	f.Message = fmt.Sprintf("%d levels have the seats of the division on each of %d replicas", len(divided), d.sight.ready)
	if len(held) > 0 {
		f.Reason = held[0].Reason
		messages := make([]string, 0, len(held))
		for _, h := range held {
			messages = append(messages, h.Message)
		}
		f.Message += "; left alone: " + strings.Join(messages, "; ")
	}
	return f
}

// divided are the levels that Evenkeel has changed, and why others were left alone.
func (d *pass) divided() (levels []plane.Level, held []plane.Fault) {
	for _, l := range d.seen.Config.Levels {
		switch {
		case l.Held != nil:
			held = append(held, *l.Held)
		case l.Original != nil:
			levels = append(levels, l)
		}
	}
	return levels, held
}

// notYet says what a division lacks to be in force; empty when nothing.
func (d *pass) notYet(divided []plane.Level) string {
	if changes(shares.Protect(d.tenancy())) {
		return "not yet divided: it is written when every replica can be seen"
	}
	total := 0
	for _, l := range d.seen.Config.Levels {
		total += l.Shares
	}
	for _, r := range d.seen.Replicas {
		i := slices.IndexFunc(divided, func(l plane.Level) bool {
			return r.Ready && nominal(r, l.Name) != seats.Nominal(r.Ceiling, l.Shares, total)
		})
		if i >= 0 {
			l := divided[i]
			return fmt.Sprintf("%s gives %s %d seats instead of %d", r.Name, l.Name, nominal(r, l.Name), seats.Nominal(r.Ceiling, l.Shares, total))
		}
	}
	return ""
}

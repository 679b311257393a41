// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
)

// advice is what somebody who was woken needs first: what is wrong and since when, what
// Evenkeel does about it, and what is left to him.
type advice struct {
	// State is one word, Class its look, Since when it began.
	State, Class string
	Since        *time.Time
	What, Does   string
	// DoesAt is when it was decided.
	DoesAt *time.Time
	// You are what a person has to do; nothing, where there is none.
	You []string
}

// advise finds it in what is known; it makes up nothing.
func advise(p *v1alpha1.ControlPlaneProfile, r *row, entries []entry) advice {
	a := advice{State: "Up", Class: "ok", What: serves(r)}
	ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case r.Down:
		a.State, a.Class, a.Since, a.What = "Down", "bad", r.Since, orElse(r.Why, "No probe is answered.")
	case r.Unseen && (ready != nil || !r.heard.none()):
		a.State, a.Class, a.What = "Unseen", "warn", orElse(r.Why, "Nobody can tell whether it serves: no vantage point sees.")
	case ready == nil:
		a.State, a.Class, a.What = "New", "warn", "Evenkeel has not looked at it yet."
	case ready.Status != metav1.ConditionTrue:
		a.State, a.Class, a.What, a.Since = "Not ready", "warn", r.Message, new(ready.LastTransitionTime.UTC())
	case len(r.Needs) > 0:
		a.State, a.Class, a.What = "Needs you", "warn", "It serves, and something that Evenkeel cannot mend is wrong with it."
	case r.Blind > 0:
		a.State, a.Class, a.What = "Partly blind", "warn", fmt.Sprintf("%d of %d ready replicas cannot be observed; Evenkeel holds what it has set.", r.Blind, r.Ready)
	case r.Jailed > 0:
		a.State, a.Class, a.What = "Protected", "warn", fmt.Sprintf("It serves. %d jailed: the others are served in time.", r.Jailed)
	}
	if i := slices.IndexFunc(entries, func(e entry) bool { return e.Kind == history.Decision }); i >= 0 {
		e := entries[i]
		a.Does, a.DoesAt = e.Word()+": "+e.Message, &e.At
		if e.Outcome != "" {
			a.Does += " – " + e.Outcome
		}
	}
	a.You = todo(p, r)
	if len(a.You) == 0 {
		a.You = []string{nothing(r, a)}
	}
	return a
}

// serves says that it serves, and by what that is known.
func serves(r *row) string {
	out := "It serves"
	if r.LastStatus {
		out += " as of the last status; this operator replica does not look at it itself"
	}
	if r.Observed {
		return out + ", and is observed on every ready replica."
	}
	return out + ". Its replicas are not observed."
}

// nothing is what is said to a person where no condition asks for one.
func nothing(r *row, a advice) string {
	switch {
	case a.Class == "ok":
		return "Nothing to do."
	case r.Down || r.Unseen || r.Blind > 0:
		return "Evenkeel cannot mend this by itself, and no condition says what is to be done. Look into it: " + a.What
	case r.Jailed > 0:
		return "Nothing at once: sentences end by themselves. Whoever runs the jailed client can mend it."
	default:
		return "No condition asks for a person yet; look again if it stays so."
	}
}

// todo is what only a person can do: conditions say so themselves.
func todo(p *v1alpha1.ControlPlaneProfile, r *row) (out []string) {
	add := func(text string) {
		if text != "" && !slices.Contains(out, text) && len(out) < 4 {
			out = append(out, text)
		}
	}
	switch {
	case r.Status == metav1.ConditionTrue:
	case r.Reason == v1alpha1.ReasonNotReadBack: // for a second after every write that is so
		add("Nothing at once: it is read back with every pass. Where it stays so, look at the replicas below, and at what the tenant lets Evenkeel write.")
	default:
		add(r.Message)
	}
	if plan := p.Status.Plan; plan != nil && (plan.State == "Stopped" || plan.State == "Paused") {
		add("The plan is " + plain(plan.State) + ": " + plain(plan.Message))
	}
	for _, o := range p.Status.Offenders {
		if o.Phase == v1alpha1.OffenderCannotBeJailed || o.Phase == v1alpha1.OffenderRecommended {
			add(fmt.Sprintf("%s: %s", plain(string(o.Phase)), plain(orElse(o.Message, o.Client))))
		}
	}
	for _, text := range r.Needs {
		add(text)
	}
	for _, text := range r.Unsure {
		add(text)
	}
	return out
}

// needs are what the conditions say that only a person can mend, and those of them of which
// it is not known.
func needs(conditions []metav1.Condition) (failing, unsure []string) {
	for _, kind := range []string{v1alpha1.ConditionEtcdHealthy, v1alpha1.ConditionZonesSpread, v1alpha1.ConditionEtcdKept, v1alpha1.ConditionCeilingReached} {
		c := meta.FindStatusCondition(conditions, kind)
		switch {
		case c == nil || c.Status == healthy(kind):
		case known(*c):
			failing = append(failing, plain(orElse(c.Message, kind+": "+c.Reason)))
		default:
			unsure = append(unsure, kind+" is not known: "+plain(orElse(c.Message, c.Reason)))
		}
	}
	return failing, unsure
}

func orElse(text, other string) string {
	if text != "" {
		return text
	}
	return other
}

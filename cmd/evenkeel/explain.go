// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// newExplain prints the last decisions about a control plane with their reasons.
func newExplain() *cobra.Command {
	var namespace, kubeconfig string
	c := &cobra.Command{
		Use:   "explain NAME",
		Short: "Say what was decided about a control plane, and why",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			host, in, err := hostOf(kubeconfig, namespace)
			if err != nil {
				return err
			}
			var cpp v1alpha1.ControlPlaneProfile
			if err := host.Get(c.Context(), client.ObjectKey{Namespace: in, Name: args[0]}, &cpp); err != nil {
				return fmt.Errorf("reading ControlPlaneProfile %s/%s: %w", in, args[0], err)
			}
			return explain(c.OutOrStdout(), &cpp)
		},
	}
	hostFlags(c, &kubeconfig, &namespace)
	return c
}

// explain writes the decisions, the newest first, and where things stand.
func explain(w io.Writer, cpp *v1alpha1.ControlPlaneProfile) error {
	p := &printer{w: w}
	p.line("%s/%s: mode %s, %d replicas ready", cpp.Namespace, cpp.Name, cpp.Spec.Mode, cpp.Status.ReadyReplicas)
	if l := cpp.Status.LoadLine; l != nil {
		p.line("load line %s seats a replica, %s used on the busiest", l.Summary, l.Used)
	}
	p.promise(cpp.Status.SLA)
	p.standing(&cpp.Status)
	for _, c := range cpp.Status.Conditions {
		p.line("  %-16s %-7s %s: %s", c.Type, c.Status, c.Reason, plain(c.Message))
	}
	for _, o := range cpp.Status.Offenders {
		p.line("  %s %s %s: %s", o.Name, o.Phase, o.Grade, plain(o.Client))
	}
	if len(cpp.Status.Decisions) == 0 {
		p.line("nothing has been decided yet")
	}
	for i := range cpp.Status.Decisions {
		p.decision(&cpp.Status.Decisions[i])
	}
	return p.err
}

// decision writes one, with its evidence and what came of it.
func (p *printer) decision(d *v1alpha1.DecisionStatus) {
	p.line("")
	p.line("%s  %s", d.Time.UTC().Format("15:04:05"), plain(d.Message))
	for _, e := range d.Evidence {
		p.line("          %s", plain(e))
	}
	if d.Outcome != "" {
		p.line("          %s", plain(d.Outcome))
	}
	if at := d.AppliedAt; at != nil && at.Sub(d.Time.Time) >= time.Minute { // it failed at first
		p.line("          carried out at %s", at.UTC().Format(time.TimeOnly))
	}
	if d.BudgetAfter != "" {
		p.line("          error budget %s before it, %s five minutes after", d.BudgetBefore, d.BudgetAfter)
	} else if d.BudgetBefore != "" {
		p.line("          error budget %s before it", d.BudgetBefore)
	}
	for _, r := range d.Rejected {
		p.line("          rejected: %s", plain(r))
	}
}

// promise writes what was promised and what was kept.
func (p *printer) promise(s *v1alpha1.SLAStatus) {
	if s == nil {
		return
	}
	if s.Available != "" {
		p.line("%s%% promised, %s kept in %s: %d bad minutes, %s of the budget left", s.Target, s.Available, s.Month, s.BadMinutes, s.BudgetLeft)
	}
	p.serves(s)
}

// standing writes what the control plane survives, how many replicas there are to be, and
// which disruptive steps are due.
func (p *printer) standing(s *v1alpha1.ControlPlaneProfileStatus) {
	if a := s.Availability; a != nil && a.Class != "" {
		p.line("class %s: %s", a.Class, plain(a.Message))
		for _, z := range a.Zones {
			left := ""
			if z.HeadroomPercent != nil {
				left = fmt.Sprintf(", the others would have %d%% left", *z.HeadroomPercent)
			}
			p.line("  without zone %-8s %d replicas and %d members fewer, quorum %s%s", plain(z.Name), z.Replicas, z.Members, strings.ToLower(z.Quorum), left)
		}
	}
	if f := s.Scale; f != nil && f.Wanted > 0 {
		p.line("floor %d of at most %d replicas, wanted %d: %s", f.Floor, f.Max, f.Wanted, plain(f.Message))
	}
	if plan := s.Plan; plan != nil {
		p.line("disruptive steps (%s): %s", plan.State, plain(plan.Message))
		for _, step := range plan.Steps {
			p.line("  %-10s %s in zone %s: %s", step.Step, plain(step.Pod), plain(step.Zone), plain(step.Message))
		}
	}
}

type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	_, err := fmt.Fprintf(p.w, format+"\n", args...)
	p.err = errors.Join(p.err, err)
}

// plain drops what a terminal would obey: names in messages come from tenants.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || slices.Contains([]rune{0x2028, 0x2029}, r) || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, text)
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/controller"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// newSLA prints what was kept of what was promised.
func newSLA() *cobra.Command {
	var namespace, kubeconfig, month string
	c := &cobra.Command{
		Use:   "sla NAME",
		Short: "Say what was promised of a control plane, what was kept, and what its bad minutes are put down to",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			now := time.Now().UTC()
			if month != "" {
				first, err := time.Parse("2006-01", month)
				if err != nil {
					return fmt.Errorf("reading --month, which is written as in 2026-11: %w", err)
				}
				if end := first.AddDate(0, 1, 0).Add(-time.Minute); end.Before(now) {
					now = end
				} else if first.After(now) {
					return fmt.Errorf("%s has not begun", month)
				}
			}
			host, in, err := hostOf(kubeconfig, namespace)
			if err != nil {
				return err
			}
			key := client.ObjectKey{Namespace: in, Name: args[0]}
			var cpp v1alpha1.ControlPlaneProfile
			if err := host.Get(c.Context(), key, &cpp); client.IgnoreNotFound(err) != nil {
				return fmt.Errorf("reading ControlPlaneProfile %s: %w", key, err)
			}
			var kept v1alpha1.AvailabilityLedger
			if err := host.Get(c.Context(), key, &kept); err != nil {
				return fmt.Errorf("reading AvailabilityLedger %s: %w", key, err)
			}
			return printSLA(c.OutOrStdout(), &cpp, &kept, now)
		},
	}
	hostFlags(c, &kubeconfig, &namespace)
	c.Flags().StringVar(&month, "month", "", "month of UTC, as in 2026-11 (default: this one)")
	return c
}

// printSLA writes the month to date: the budget, the availability by its definitions, and the
// bad minutes with their causes.
func printSLA(w io.Writer, cpp *v1alpha1.ControlPlaneProfile, kept *v1alpha1.AvailabilityLedger, now time.Time) error {
	l, spoilt := ledger.Load(kept)
	p := &printer{w: w}
	if spoilt != nil {
		p.line("what cannot be read counts as not seen: %s", plain(spoilt.Error()))
	}
	from, to := sla.Month(now)
	first, any := l.First()
	if !any || first >= to {
		p.line("%s/%s: nothing is known of %s", kept.Namespace, kept.Name, now.Format("January 2006"))
		return p.err
	}
	until := sla.MinuteOf(now) + 1
	if through, _ := l.Through(); kept.Saved != nil && through < until {
		// What is not written down since is good, or not written yet.
		until = through + 1
	}
	t := l.Totals(max(from, first), min(until, to))
	target, word := controller.Promised(cpp)
	if cpp.Name == "" && kept.Summary != nil { // the profile is gone, and the ledger says what it promised
		if percent, err := strconv.ParseFloat(kept.Summary.Target, 64); err == nil {
			target, word = percent/100, kept.Summary.Target
		}
	}
	budget := sla.BudgetOf(t, target, int(to-from))
	p.line("%s/%s, %s, class %s: %d of %.1f minutes of budget used, %s left; %d minutes not seen",
		kept.Namespace, kept.Name, now.Format("January 2006"), word, budget.Used, budget.Allowed, ledger.Left(budget), t.Unseen())
	if kept.Saved != nil {
		p.line("written down until %s UTC; minutes since were good, or are not written yet", kept.Saved.UTC().Format("01-02 15:04"))
	}
	p.serves(cpp.Status.SLA)
	a := t.Availability()
	requests := "not asked"
	if a.Asked {
		requests = sla.Percent(a.Requests)
	}
	p.line("availability  by bad minutes %s   in runs of five %s   by requests %s", sla.Percent(a.Minutes), sla.Percent(a.Runs), requests)
	if n := t.Sums.Requests; n > 0 {
		p.line("of %.0f requests %.3f%% failed, %.3f%% were shed, %.3f%% were slow; %.2f s waited in queues per 1,000",
			n, 100*t.Sums.Failed/n, 100*t.Sums.Shed/n, 100*t.Sums.Slow/n, 1000*t.Sums.Waited/n)
	}
	p.outages(l, from, to)
	return p.err
}

// serves writes whether it does, where it does not.
func (p *printer) serves(s *v1alpha1.SLAStatus) {
	switch {
	case s == nil:
	case s.DownSince != nil:
		p.line("DOWN since %s UTC: %s", s.DownSince.UTC().Format("01-02 15:04:05"), plain(s.Message))
	case s.Message != "":
		p.line("%s", plain(s.Message))
	}
}

// outages writes the bad minutes of a month, the newest first.
func (p *printer) outages(l sla.Ledger, from, to sla.Minute) {
	for _, o := range slices.Backward(l.Outages) {
		if o.From < from || o.From >= to {
			continue
		}
		p.line("%s  %3d min  %-8s  %s", o.From.Time().Format("01-02 15:04"), o.Minutes, o.Cause, strings.TrimSpace(plain(o.Why)))
	}
}

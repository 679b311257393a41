// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
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
			of := now
			if month != "" {
				var err error
				if of, err = time.Parse("2006-01", month); err != nil {
					return fmt.Errorf("reading --month, which is written as in 2026-11: %w", err)
				}
				if of.After(now) {
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
			return printSLA(c.OutOrStdout(), &cpp, &kept, of, now)
		},
	}
	hostFlags(c, &kubeconfig, &namespace)
	c.Flags().StringVar(&month, "month", "", "month of UTC, as in 2026-11 (default: this one)")
	return c
}

// printSLA writes a month as far as it is over now: the budget, the availability by its
// definitions, and the bad minutes with their causes.
func printSLA(w io.Writer, cpp *v1alpha1.ControlPlaneProfile, kept *v1alpha1.AvailabilityLedger, of, now time.Time) error {
	l, spoilt := ledger.Load(kept)
	p := &printer{w: w}
	if spoilt != nil {
		p.line("what cannot be read counts as not seen: %s", plain(spoilt.Error()))
	}
	m := ledger.MonthOf(l, of, now)
	t := l.Totals(m.Begin, m.End)
	if gone := m.Gone(); gone != "" {
		p.line("%s/%s, %s: %s", kept.Namespace, kept.Name, of.Format("January 2006"), gone)
		p.rest(t)
		p.outages(l, m.From, m.To)
		return p.err
	}
	if t.Seen == 0 {
		p.line("%s/%s: nothing is known of %s", kept.Namespace, kept.Name, of.Format("January 2006"))
		if _, any := l.First(); any {
			p.written(l, m)
			p.serves(cpp.Status.SLA)
		}
		return p.err
	}
	target, word := promised(cpp, kept, of, now)
	budget := sla.BudgetOf(t, target, int(m.To-m.From))
	p.line("%s/%s, %s, class %s: %d of %.1f minutes of budget used, %s left; %d minutes not seen",
		kept.Namespace, kept.Name, of.Format("January 2006"), word, budget.Used, budget.Allowed, ledger.Left(budget), t.Unseen())
	p.written(l, m)
	p.serves(cpp.Status.SLA)
	a := t.Availability()
	requests := "not asked"
	if a.Asked {
		requests = sla.Percent(a.Requests)
	}
	p.line("availability  by bad minutes %s   in runs of five %s   by requests %s", sla.Percent(a.Minutes), sla.Percent(a.Runs), requests)
	p.requests(t.Sums)
	p.outages(l, m.From, m.To)
	if untold := m.Untold(l, t.Bad); untold != "" {
		p.line("%s", untold)
	}
	return p.err
}

// rest writes what is known of a month that is not kept whole.
func (p *printer) rest(t sla.Totals) {
	if t.Seen > 0 {
		p.line("in what is kept  %d bad minutes; %d minutes not seen", t.Bad, t.Unseen())
		p.requests(t.Sums)
	}
}

// promised is what a month is judged by, from 0 to 1 and in percent; of one that is over, and
// where the profile is gone, the ledger says what was promised.
func promised(cpp *v1alpha1.ControlPlaneProfile, kept *v1alpha1.AvailabilityLedger, of, now time.Time) (target float64, word string) {
	target, word = controller.Promised(cpp)
	noted := ledger.Promises(kept.Promises).Of(of, now)
	if cpp.Name == "" && kept.Summary != nil {
		noted = cmp.Or(noted, kept.Summary.Target)
	}
	if percent, err := strconv.ParseFloat(noted, 64); err == nil {
		target, word = percent/100, plain(noted)
	}
	return target, word
}

// written writes up to when the ledger knows, where the month goes on after that, and what is
// to be thought of the minutes since.
func (p *printer) written(l sla.Ledger, m ledger.Month) {
	through, _ := l.Through()
	until := (through + 1).Time().Format("01-02 15:04")
	switch {
	case through+1 >= m.To:
	case m.Uncounted:
		p.line("written down until %s UTC, and nobody has counted since: minutes after it are not seen", until)
	default:
		p.line("written down until %s UTC; minutes since were good, or are not written yet", until)
	}
}

// requests writes what became of requests.
func (p *printer) requests(s sla.Sums) {
	if n := s.Requests; n > 0 {
		p.line("of %.0f requests %.3f%% failed, %.3f%% were shed, %.3f%% were slow; %.2f s waited in queues per 1,000",
			n, 100*s.Failed/n, 100*s.Shed/n, 100*s.Slow/n, 1000*s.Waited/n)
	}
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

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// month is a month of a ledger, as the calendar and the report have it.
type month struct {
	Name, Title        string
	Target             string
	Minutes, Runs, Req string
	Left, Worst        string
	LeftWidth          int
	LeftClass          string
	Allowed            string
	Totals             sla.Totals
	Unseen             int
	Causes             []causeSum
	Weeks              [][]day
	Days               []day
	Outages            []outage
	// Untold says what outages are missing; empty where none is.
	Untold string
	// Kept is whether anything of the month is known.
	Kept bool
	// Gone says what of the month is no longer kept; empty where all of it is. KeptFrom is
	// since when it is then, and the totals are of what is kept alone.
	Gone     string
	KeptFrom time.Time
	// AsOf is up to when the ledger knows.
	AsOf time.Time
}

type causeSum struct {
	Letter, Word string
	Minutes      int
}

// day is a day of the calendar; Nr is 0 for one that is not of the month.
type day struct {
	Nr     int
	Date   time.Time
	Totals sla.Totals
	// Letter is the cause of most of the day's bad minutes; empty without any.
	Letter, Word string
	// Gone is whether it is no longer kept.
	Gone bool
	// Class is good, unseen (more than a tenth of it), none (not kept, or still to come) or the cause's letter.
	Class  string
	Unseen int
}

type outage struct {
	From         time.Time
	Minutes      int
	Letter, Word string
	Why          string
}

// targetOf is what is promised of a control plane, in percent.
func targetOf(p *v1alpha1.ControlPlaneProfile) string {
	if s := p.Status.SLA; s != nil && s.Target != "" {
		return s.Target
	}
	if t := p.Spec.Availability.Target; t != "" {
		return t
	}
	if p.Spec.Availability.Zones >= 3 {
		return "99.95"
	}
	return "99.5"
}

// monthOf is the month of a time, as far as it is over now, by what is promised; one that is over
// by what was promised then.
func monthOf(read readLedger, target string, of, now time.Time) month {
	l := read.ledger
	target = cmp.Or(plain(read.promises.Of(of, now)), target)
	known := ledger.MonthOf(l, of, now)
	through, any := l.Through()
	m := month{Name: of.UTC().Format("2006-01"), Title: of.UTC().Format("January 2006"), Target: target, Minutes: "–", Runs: "–", Req: "–", Left: "–", Worst: "–"}
	if any {
		m.AsOf = (through + 1).Time().UTC()
	}
	m.Totals = l.Totals(known.Begin, known.End)
	m.Kept = any && m.Totals.Seen > 0
	if m.Kept {
		m.Unseen = m.Totals.Unseen()
	}
	if gone := known.Gone(); gone != "" {
		m.Gone, m.KeptFrom = m.Title+": "+gone+".", known.KeptFrom.Time()
	} else if m.Kept {
		m.sum(target, int(known.To-known.From))
	}
	for _, letter := range sla.Causes() {
		m.Causes = append(m.Causes, causeSum{string(letter), letter.String(), m.Totals.By[letter]})
	}
	for at := known.From; at < known.To; at += 24 * 60 {
		m.Days = append(m.Days, dayOf(l, at, known))
	}
	m.Weeks = weeks(m.Days)
	for _, o := range slices.Backward(l.Outages) {
		if o.From < known.To && o.From+sla.Minute(o.Minutes) > known.From {
			m.Outages = append(m.Outages, outage{o.From.Time(), o.Minutes, string(o.Cause), o.Cause.String(), plain(o.Why)})
		}
	}
	if untold := known.Untold(l, m.Totals.Bad); untold != "" {
		m.Untold = m.Title + ": " + untold + "."
	}
	return m
}

// sum fills in what was kept, and what is left.
func (m *month) sum(target string, period int) {
	a := m.Totals.Availability()
	if a.Known {
		m.Minutes, m.Runs = sla.Percent(a.Minutes), sla.Percent(a.Runs)
	}
	if a.Asked {
		m.Req = sla.Percent(a.Requests)
	}
	t, err := strconv.ParseFloat(target, 64)
	if err != nil {
		return
	}
	b := sla.BudgetOf(m.Totals, t/100, period)
	m.Left, m.Worst = ledger.Left(b), ledger.Left(sla.Budget{Allowed: b.Allowed, Used: b.Used + b.Unseen})
	m.LeftWidth, m.LeftClass = width(100*b.Left()), level(100-100*b.Left(), 100-littleBudget, 100)
	m.Allowed = fmt.Sprintf("%.1f", b.Allowed)
}

func dayOf(l sla.Ledger, at sla.Minute, of ledger.Month) day {
	t := at.Time()
	begin := max(at, of.Begin)
	d := day{Nr: t.Day(), Date: t, Totals: l.Totals(begin, max(begin, min(at+24*60, of.End))), Gone: at < of.KeptFrom, Class: "none"}
	if d.Totals.Minutes == 0 {
		return d
	}
	d.Unseen = d.Totals.Unseen()
	most := 0
	for _, letter := range sla.Causes() {
		if n := d.Totals.By[letter]; n > most {
			most, d.Letter, d.Word = n, string(letter), letter.String()
		}
	}
	switch {
	case d.Totals.Bad > 0:
		d.Class = d.Letter
	case 10*d.Unseen > d.Totals.Minutes:
		d.Class = "unseen"
	default:
		d.Class = "good"
	}
	return d
}

// weeks are days in rows of seven, Mondays first.
func weeks(days []day) (out [][]day) {
	week := make([]day, (int(days[0].Date.Weekday())+6)%7, 7)
	for _, d := range days {
		if week = append(week, d); len(week) == 7 {
			out, week = append(out, week), nil
		}
	}
	if len(week) > 0 {
		out = append(out, append(week, make([]day, 7-len(week))...))
	}
	return out
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sla"
	"evenkeel.dev/evenkeel/recommender/zones"
)

// objectives are within how many seconds the requests of a scope are to be answered
// (kubernetes/community sig-scalability/slos/api_call_latency.md): those of one object,
// writes among them, within one, and those of a namespace or the cluster within thirty.
var objectives = map[string]float64{"resource": 1, "namespace": 30, "cluster": 30}

// keptSLA is what is kept of what was promised, between passes.
type keptSLA struct {
	// counted is when the page was read of which each replica's requests were last counted,
	// by UID.
	counted map[string]time.Time
	// told is when the figures were last written, and of how many bad minutes.
	told time.Time
	bad  int
}

// percentage is the availability in percent that is promised.
func percentage(cpp *v1alpha1.ControlPlaneProfile) string {
	if t := cpp.Spec.Availability.Target; t != "" {
		return t
	}
	return zones.Class(int(cpp.Spec.Availability.Zones))
}

// promised is the same from 0 to 1.
func promised(cpp *v1alpha1.ControlPlaneProfile) float64 {
	percent, err := strconv.ParseFloat(percentage(cpp), 64)
	if err != nil {
		percent, _ = strconv.ParseFloat(zones.Class(0), 64)
	}
	const thousandths = 1000 // of a percent, as the CRD allows them
	return math.Round(percent*thousandths) / (100 * thousandths)
}

// Promised is the availability that a profile promises: from 0 to 1, and as a word.
func Promised(cpp *v1alpha1.ControlPlaneProfile) (target float64, word string) {
	return promised(cpp), percentage(cpp)
}

func (p *pass) key() types.NamespacedName {
	return types.NamespacedName{Namespace: p.cpp.Namespace, Name: p.cpp.Name}
}

// account tells the control plane's book what became of requests since the pass before and
// what is going on, and the status how it stands. It is taken by every pass, also one that
// holds.
func (p *pass) account() {
	if p.r.Books == nil {
		return
	}
	book := p.r.Books.Of(p.key())
	if book == nil {
		return // it is being deleted, or has only just been made
	}
	if p.fault == nil {
		p.served(book)
		book.During(p.now, p.plan.Around)
	}
	s := book.Standing(p.r.Points.Self, p.r.Points.Others(p.key()), promised(p.cpp), p.now)
	p.reportSLA(s)
	p.remember(s)
}

// served counts what became of the requests of each replica since it was last counted.
func (p *pass) served(book *ledger.Book) {
	k := &p.kept.sla
	counted := map[string]time.Time{}
	var sums sla.Sums
	slow, bytes, jailed := map[string]float64{}, 0.0, 0.0
	for _, r := range p.snapshot.Replicas {
		before := k.counted[r.UID]
		counted[r.UID] = slices.MaxFunc([]time.Time{before, r.Observed}, time.Time.Compare)
		if r.Window <= 0 || !r.Observed.After(before) {
			continue
		}
		more, refused := servedBy(r, slow)
		sums, jailed = sums.Plus(more), jailed+refused
		bytes += r.Answers.Bytes + r.Answers.WatchBytes
	}
	k.counted = counted
	book.Served(p.now, sums, ledger.Beside{Slow: slow, Bytes: bytes, Jailed: jailed})
}

// servedBy is what became of the requests of one replica, and how many were refused to jailed
// clients, which are not among them; those that were slow are added to slow by scope.
func servedBy(r plane.Replica, slow map[string]float64) (s sla.Sums, jailed float64) {
	s = sla.Sums{Requests: r.Answers.Requests, Failed: r.Answers.Errors}
	for _, d := range r.Delays {
		if within, known := objectives[d.Scope]; known && d.Requests > 0 {
			late := max(0, d.Requests*(1-d.Part(within)))
			slow[d.Scope] += late
			s.Slow += late
		}
	}
	for _, f := range r.Flows {
		if strings.HasPrefix(f.Level, plane.JailPrefix) {
			jailed += f.Rejected
		} else {
			s.Waited += f.WaitSeconds
		}
	}
	// What is refused to a jailed client is nobody's loss, and would drown what is.
	jailed = min(jailed, r.Answers.Refused)
	s.Shed, s.Requests = r.Answers.Refused-jailed, s.Requests-jailed
	return s, jailed
}

// figuresEvery is how often the figures of the month are written when no minute was bad:
// they creep, and a thousand profiles share one etcd.
const figuresEvery = time.Hour

// reportSLA is what was promised and what was kept, as the status has it.
func (p *pass) reportSLA(s ledger.Standing) {
	if !s.Known && p.status.SLA == nil {
		return
	}
	now := &v1alpha1.SLAStatus{}
	if p.status.SLA != nil {
		now = p.status.SLA.DeepCopy()
	}
	serving(now, s)
	if p.figuresAreDue(now, s) {
		p.kept.sla.told, p.kept.sla.bad = p.now, s.Month.Bad
		figures(now, s)
		now.Month, now.Target = monthOf(p.now), percentage(p.cpp)
	}
	p.status.SLA = now
	if s.Known {
		p.effects(ledger.Left(s.MonthBudget))
	}
}

// serving says whether it serves.
func serving(into *v1alpha1.SLAStatus, s ledger.Standing) {
	since, said := into.DownSince, into.Message
	into.DownSince, into.Message = nil, ""
	switch s.Verdict {
	case sla.Down:
		into.Message = v1alpha1.Fit(s.Why, lineText)
		if !s.DownFrom.IsZero() {
			into.DownSince = &metav1.Time{Time: s.DownFrom.Truncate(time.Second)}
		}
		if since.Equal(into.DownSince) && since != nil {
			into.Message = said // each round meets with it in words of its own: the first stay
		}
	case sla.Blind:
		into.Message = v1alpha1.Fit("it is not known whether it serves: "+orNobody(s.Why), lineText)
		if s.Asleep {
			into.Message = v1alpha1.Fit(s.Why, lineText)
		}
	case sla.Up:
	}
}

func monthOf(t time.Time) string { return t.UTC().Format("2006-01") }

// figuresAreDue tells whether the figures of the month are to be written: when there are any
// for the first time, when a minute was bad, another month or promise began, and every hour.
func (p *pass) figuresAreDue(was *v1alpha1.SLAStatus, s ledger.Standing) bool {
	next := was.Month != monthOf(p.now)
	switch {
	case !s.Known || !s.Served: // until then the ledger is of whoever was there before
		return false
	case s.Month.Seen == 0:
		return next && was.Month != "" // those of a month that is over are not this one's
	}
	k := &p.kept.sla
	return k.told.IsZero() || was.Available == "" || s.Month.Bad != k.bad || p.now.Sub(k.told) >= figuresEvery || next || was.Target != percentage(p.cpp)
}

func orNobody(why string) string {
	if why = strings.TrimSpace(why); why != "" {
		return why
	}
	return "no probe has come to a result lately"
}

// figures are those of the month and of thirty days.
func figures(into *v1alpha1.SLAStatus, s ledger.Standing) {
	into.Available, into.AvailableByRuns, into.AvailableByRequests = "", "", ""
	if a := s.Month.Availability(); a.Known {
		into.Available, into.AvailableByRuns = sla.Percent(a.Minutes), sla.Percent(a.Runs)
		if a.Asked {
			into.AvailableByRequests = sla.Percent(a.Requests)
		}
	}
	into.BudgetLeft, into.BudgetLeft30Days = ledger.Left(s.MonthBudget), ledger.Left(s.ThirtyBudget)
	into.BadMinutes, into.UnseenMinutes = int32(s.Month.Bad), int32(s.Month.Unseen()) //nolint:gosec // minutes of a month
}

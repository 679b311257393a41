// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// littleBudget is how little of a budget, in percent, is a problem.
const littleBudget = 25

// row is one control plane of the fleet.
type row struct {
	Namespace, Name, Mode string
	// Down is that it does not serve, Since since when; nil where that is not known. Why is
	// why, Unseen that nobody can tell, and LastStatus that only the status says it serves.
	Down, Unseen, LastStatus bool
	Since                    *time.Time
	Why                      string
	// Observed is whether every ready replica is, and Current whether seats are of now.
	Observed, Current bool
	// Needs are the conditions that need somebody, Unsure those of which it is not known.
	Needs, Unsure []string
	// Promised and Kept are the target and what was kept, and Left the budget in percent.
	Promised, Kept, LeftText string
	Left                     float64
	// Load is how much of the load line is in use, in percent.
	Load                 float64
	Used, Seats, Ceiling int32
	Ready, Replicas      int32
	Size, Wanted         string
	Jailed, Blind        int32
	Status               metav1.ConditionStatus
	Reason, Message      string
	Stopped              bool

	key      types.NamespacedName
	resource string
	heard    heard
	changed  int64
	html     template.HTML
}

// rowOf is what the fleet shows of a profile, by its status and by what was heard of it.
func rowOf(p *v1alpha1.ControlPlaneProfile, h heard) *row {
	s := &p.Status
	r := &row{
		Namespace: p.Namespace, Name: p.Name, Mode: cmp.Or(string(p.Spec.Mode), string(v1alpha1.ModeRecommend)), Left: math.NaN(), Load: math.NaN(),
		Ready: s.ReadyReplicas, Replicas: max(s.ReadyReplicas, int32(min(len(s.Replicas), math.MaxInt16))), Size: plain(s.Size), Jailed: s.Jailed,
		Status: metav1.ConditionUnknown, Reason: "not looked at yet", key: types.NamespacedName{Namespace: p.Namespace, Name: p.Name}, resource: p.ResourceVersion, heard: h,
	}
	if c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady); c != nil {
		r.Status, r.Reason, r.Message = c.Status, plain(c.Reason), plain(c.Message)
	}
	if a := s.SLA; a != nil {
		r.Promised, r.Kept, r.LeftText, r.Left = plain(a.Target), plain(a.Available), plain(a.BudgetLeft), percentOf(a.BudgetLeft)
	}
	r.serving(s.SLA, h)
	if l := s.LoadLine; l != nil {
		r.Seats, r.Ceiling, r.Load = l.Seats, l.Ceiling, percentOf(l.Used)
	}
	for _, one := range s.Replicas {
		r.Used = max(r.Used, one.UsedSeats)
		if one.Ready && one.Fault != "" {
			r.Blind++
		}
	}
	r.Observed, r.Current = r.seeing(s.Conditions, h)
	if !r.Current {
		r.Load = math.NaN()
	}
	r.Needs, r.Unsure = needs(s.Conditions)
	r.Wanted = wanted(s)
	r.Stopped = s.Plan != nil && s.Plan.State == "Stopped"
	return r
}

// wanted is the size that one apiserver replica should have; empty where it has it.
func wanted(s *v1alpha1.ControlPlaneProfileStatus) string {
	for _, size := range s.Sizes {
		t := size.Target
		if size.Component != v1alpha1.ComponentAPIServer || t.CPU == nil || t.Memory == nil {
			continue
		}
		if text := fmt.Sprintf("%s/%s", t.CPU, t.Memory); text != s.Size {
			return text
		}
	}
	return ""
}

// Problem tells whether somebody should look.
func (r *row) Problem() bool {
	return r.Down || r.Unseen || len(r.Needs) > 0 || r.Blind > 0 || r.Jailed > 0 || r.Status != metav1.ConditionTrue || r.Left < littleBudget || r.Stopped
}

// rank is how urgent a control plane is: who is down, who may be, and then by budget.
func (r *row) rank() int {
	switch {
	case r.Down:
		return 0
	case r.Unseen:
		return 1
	case !math.IsNaN(r.Left):
		return 2
	default:
		return 3
	}
}

// worst orders rows: the worst first.
func worst(a, b *row) int {
	if c := cmp.Compare(a.rank(), b.rank()); c != 0 {
		return c
	}
	if a.Since != nil && b.Since != nil {
		if c := a.Since.Compare(*b.Since); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(b.Needs), len(a.Needs)); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Left, b.Left); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// What follows is for the template.

// ID names the row in the page.
func (r *row) ID() string { return r.Namespace + "/" + r.Name }

// BudgetWidth is how much of a bar the budget is, from 0 to 100.
func (r *row) BudgetWidth() int { return width(r.Left) }

// LoadWidth is how much of a bar the load is.
func (r *row) LoadWidth() int { return width(r.Load) }

func width(percent float64) int {
	if math.IsNaN(percent) {
		return 0
	}
	return int(max(0, min(100, percent)))
}

// BudgetClass is how the bar looks.
func (r *row) BudgetClass() string { return level(100-r.Left, 100-littleBudget, 100) }

// LoadClass is how the bar looks.
func (r *row) LoadClass() string { return level(r.Load, 85, 100) }

func level(f, warn, bad float64) string {
	switch {
	case math.IsNaN(f):
		return "none"
	case f >= bad:
		return "bad"
	case f >= warn:
		return "warn"
	default:
		return "ok"
	}
}

// Sort values: what is not known comes last, whatever the order.
func sortable(f float64) string {
	if math.IsNaN(f) {
		return ""
	}
	return number(f)
}

// SortLeft is the budget to sort by.
func (r *row) SortLeft() string { return sortable(r.Left) }

// SortLoad is the load to sort by.
func (r *row) SortLoad() string { return sortable(r.Load) }

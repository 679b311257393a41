// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// weekdays are the days by their names in the API.
var weekdays = map[v1alpha1.Weekday]time.Weekday{
	"Mon": time.Monday, "Tue": time.Tuesday, "Wed": time.Wednesday, "Thu": time.Thursday, "Fri": time.Friday, "Sat": time.Saturday, "Sun": time.Sunday,
}

// windows are the maintenance windows as the recommender takes them. One that cannot be
// read is one that never opens, and a fault: to leave it out could leave none, which is at
// any time.
func (p *pass) windows() (all []rollout.Window, fault *plane.Fault) {
	for i, w := range p.cpp.Spec.Maintenance.Windows {
		read, err := window(w)
		if err != nil {
			fault = &plane.Fault{
				Reason:  v1alpha1.ReasonWindowInvalid,
				Message: fmt.Sprintf("maintenance.windows[%d] is never open: %v", i, err),
			}
		}
		all = append(all, read)
	}
	return all, fault
}

func window(w v1alpha1.MaintenanceWindow) (rollout.Window, error) {
	var closed rollout.Window
	from, err := time.Parse("15:04", w.From)
	if err != nil {
		return closed, fmt.Errorf("from is %q, and not a time like 22:30", w.From)
	}
	zone, err := timeZone(w.TimeZone)
	if err != nil {
		return closed, err
	}
	out := rollout.Window{
		From: time.Duration(from.Hour())*time.Hour + time.Duration(from.Minute())*time.Minute, Length: time.Duration(w.Minutes) * time.Minute, Zone: zone,
	}
	for _, day := range w.Days {
		weekday, known := weekdays[day]
		if !known {
			return closed, fmt.Errorf("%q is no day of the week", day)
		}
		out.Days = append(out.Days, weekday)
	}
	return out, nil
}

// timeZones are those that have been read, by name: every pass asks for them.
var timeZones sync.Map

func timeZone(name string) (*time.Location, error) {
	if read, known := timeZones.Load(name); known {
		if zone, is := read.(*time.Location); is {
			return zone, nil
		}
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // which is the operator's pod, and nobody's zone
		return nil, fmt.Errorf("%q is no name of the IANA time zone database", name)
	}
	timeZones.Store(name, zone)
	return zone, nil
}

// reportWindows tells of a window that cannot be read where the plan of disruptive steps
// is told of, whatever the plan says: a person waits for it in vain.
func (p *pass) reportWindows() {
	_, fault := p.windows()
	said := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionPlanProceeds)
	switch planned := slices.ContainsFunc(p.plan.Findings, func(f plane.Finding) bool { return f.Condition == v1alpha1.ConditionPlanProceeds }); {
	case fault != nil:
		p.set(v1alpha1.ConditionPlanProceeds, metav1.ConditionFalse, fault.Reason, fault.Message)
	case !planned && said != nil && said.Reason == v1alpha1.ReasonWindowInvalid:
		meta.RemoveStatusCondition(&p.status.Conditions, v1alpha1.ConditionPlanProceeds)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// zone is the replicas of one zone.
type zone struct {
	Name     string
	Replicas []replica
	Members  int32
	Headroom string
	Quorum   string
}

type replica struct {
	Name, Fault string
	// Door is what came of the last probes at its own address; nil where it was not asked.
	Door *door
	// Seen is whether its seats are of now.
	Ready, Seen bool
	Used, Line  int32
	Width       int
	Class       string
}

type member struct {
	Name, Zone, Role, Database, InUse string
	Quota                             int32
	Width                             int
	Class                             string
}

// size is what a component requests and should.
type size struct {
	Component, Target, Message string
	Pods                       []podSize
}

type podSize struct {
	Name, Requests, State, Message string
	Same                           bool
}

type condition struct {
	Type, Status, Reason, Message string
	Since                         time.Time
}

// state fills in what the control plane is made of.
func (p *planePage) state(cpp *v1alpha1.ControlPlaneProfile) {
	s := &cpp.Status
	p.Zones = zones(s)
	for _, z := range p.Zones {
		for i := range z.Replicas {
			z.Replicas[i].Seen = p.Current && z.Replicas[i].Ready && z.Replicas[i].Fault == ""
		}
	}
	for _, m := range s.Members {
		p.Members = append(p.Members, member{
			Name: plain(m.Name), Zone: plain(m.Zone), Role: plain(cmp.Or(m.Role, "unknown")), Database: quantity(m.Database), InUse: quantity(m.InUse),
			Quota: m.QuotaPercent, Width: width(float64(m.QuotaPercent)), Class: level(float64(m.QuotaPercent), 75, 90),
		})
	}
	for _, one := range s.Sizes {
		out := size{Component: string(one.Component), Target: resources(one.Target), Message: plain(one.Message)}
		for _, pod := range one.Pods {
			out.Pods = append(out.Pods, podSize{
				Name: plain(pod.Name), Requests: resources(pod.Requests), State: plain(pod.State), Message: plain(pod.Message), Same: resources(pod.Requests) == out.Target,
			})
		}
		p.Sizes = append(p.Sizes, out)
	}
	p.Prisoner = s.Offenders
	for _, c := range s.Conditions {
		one := condition{plain(c.Type), string(c.Status), plain(c.Reason), plain(c.Message), c.LastTransitionTime.UTC()}
		if c.Status == healthy(c.Type) {
			p.Holding = append(p.Holding, one)
		} else {
			p.Failing = append(p.Failing, one)
		}
	}
}

// healthy is what a condition is when all is well: those that name a harm are False then.
func healthy(kind string) metav1.ConditionStatus {
	if kind == v1alpha1.ConditionOffenderFound || kind == v1alpha1.ConditionCeilingReached {
		return metav1.ConditionFalse
	}
	return metav1.ConditionTrue
}

// zones are the zones with what runs in them; pods of no known zone come last.
func zones(s *v1alpha1.ControlPlaneProfileStatus) (out []zone) {
	at := func(name string) *zone {
		i := slices.IndexFunc(out, func(z zone) bool { return z.Name == name })
		if i < 0 {
			out, i = append(out, zone{Name: name}), len(out)
		}
		return &out[i]
	}
	if a := s.Availability; a != nil {
		for _, one := range a.Zones {
			z := at(plain(one.Name))
			z.Members, z.Quorum = one.Members, plain(one.Quorum)
			if one.HeadroomPercent != nil {
				z.Headroom = fmt.Sprintf("%d%%", *one.HeadroomPercent)
			}
		}
	}
	for _, r := range s.Replicas {
		z := at(plain(r.Zone))
		load := 0.
		if r.LoadLine > 0 {
			load = 100 * float64(r.UsedSeats) / float64(r.LoadLine)
		}
		z.Replicas = append(z.Replicas, replica{
			Name: plain(r.Name), Fault: plain(r.Fault), Ready: r.Ready, Used: r.UsedSeats, Line: r.LoadLine, Width: width(load), Class: level(load, 85, 100),
		})
	}
	slices.SortStableFunc(out, func(a, b zone) int {
		if (a.Name == "") != (b.Name == "") {
			return cmp.Compare(b.Name, a.Name)
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return out
}

func quantity(q *resource.Quantity) string {
	if q == nil {
		return "–"
	}
	return bytes(q.AsApproximateFloat64())
}

func resources(r v1alpha1.ResourceSize) string {
	cpu, memory := "–", "–"
	if r.CPU != nil {
		cpu = r.CPU.String()
	}
	if r.Memory != nil {
		memory = r.Memory.String()
	}
	if r.CPU == nil && r.Memory == nil {
		return "–"
	}
	return cpu + " / " + memory
}

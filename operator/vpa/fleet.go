// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vpa is Evenkeel as a recommender of upstream's VerticalPodAutoscaler, for people
// who want nothing else of it: it writes the status of those that ask for it by
// spec.recommenders, and upstream's updater and admission-controller act on that.
//
// What is written is what is to be done, and not where usage is at the moment: the target
// stays as it was decided until a change is due (sizing.Both), the lower bound is the need,
// and the upper bound is never below the target. So a pod that requests less than it needs
// is below the lower bound and is updated at once, one whose excess has been worth giving
// back for an hour is above the upper bound, and all others are left alone: the updater acts
// as Evenkeel would.
//
// There are no curves here: what a control plane carries is known to the operator alone, so
// sizes follow from what was used. A VerticalPodAutoscaler that a ControlPlaneProfile owns
// is the operator's to write.
package vpa

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// goneFor is how long what was learnt is kept of a VerticalPodAutoscaler that is gone.
const goneFor = 24 * time.Hour

// Target is a VerticalPodAutoscaler and what runs of its target.
type Target struct {
	Object *vpav1.VerticalPodAutoscaler
	Pods   []Pod
	// Unsupported says why the target's pods cannot be found; empty when they can.
	Unsupported string
	// UsageFault is why it is not known what pods use; nil when it is.
	UsageFault *plane.Fault
}

// Pod is one pod of a target.
type Pod struct {
	UID        string
	Containers []Container
}

// Container is one of its containers, and what it used last; Used.At is zero while that is
// not known. Killed is when it was last killed for memory, zero when never, and Had what it
// requested then, in bytes.
type Container struct {
	Name   string
	Used   sizing.Usage
	Killed time.Time
	Had    float64
}

// Fleet is what is kept of all VerticalPodAutoscalers. Nothing is kept of a pod that is
// gone. It is not safe for concurrent use.
type Fleet struct {
	known map[types.NamespacedName]*known
}

// known is what is kept of one.
type known struct {
	// containers are in the order of their names.
	containers []named
	// since is when it was first seen by this process, and seen when last.
	since, seen time.Time
	// heard is true once it is known what it says.
	heard bool
}

type named struct {
	name   string
	kept   sizing.Container
	killed time.Time
	// told is what its VerticalPodAutoscaler says of it, and found when that was found
	// there, as another process had written it; zero when it was not.
	told  recommendation
	found time.Time
}

// NewFleet is a fleet of none.
func NewFleet() *Fleet { return &Fleet{known: map[types.NamespacedName]*known{}} }

// of is what is kept of a VerticalPodAutoscaler, made where there is nothing yet.
func (f *Fleet) of(o *vpav1.VerticalPodAutoscaler, now time.Time) *known {
	key := types.NamespacedName{Namespace: o.Namespace, Name: o.Name}
	k := f.known[key]
	if k == nil {
		k = &known{since: now}
		f.known[key] = k
	}
	k.seen = now
	return k
}

// Take learns from what a target's pods used, and tells whether its VerticalPodAutoscaler
// is to be written: what to write is Status, and after that comes Told.
func (f *Fleet) Take(now time.Time, t Target) (due bool) {
	k := f.of(t.Object, now)
	cpu, memory := sizing.Unit(sizing.CPU), sizing.Unit(sizing.Memory)
	for _, p := range t.Pods {
		for _, c := range p.Containers {
			if off(t.Object, c.Name) {
				continue
			}
			n := k.of(c.Name)
			if !c.Used.At.IsZero() {
				n.kept.Add(p.UID, c.Used, cpu, memory)
			}
			n.wound(c, memory)
		}
	}
	return k.due(now, t)
}

// wound takes a kill for memory, once. One from before what was found to be told was
// answered by that: what the container requests by now is what it got for it.
func (n *named) wound(c Container, memory sizing.Reference) {
	if !c.Killed.After(n.killed) {
		return
	}
	n.killed = c.Killed
	if answer := n.told.target.memory; answer > 0 && c.Killed.Before(n.found) {
		c.Had = min(c.Had, sizing.Answered(answer))
	}
	n.kept.Memory.Wound(c.Killed, c.Had, memory.Now)
}

// of is what is kept of a container, made where there is nothing yet.
func (k *known) of(name string) *named {
	i, there := slices.BinarySearchFunc(k.containers, name, func(n named, name string) int {
		switch {
		case n.name < name:
			return -1
		case n.name > name:
			return 1
		}
		return 0
	})
	if !there {
		k.containers = slices.Insert(k.containers, i, named{name: name, kept: sizing.New(sizing.APIServer)})
	}
	return &k.containers[i]
}

// Status is what a VerticalPodAutoscaler should say.
func (f *Fleet) Status(now time.Time, t Target) vpav1.VerticalPodAutoscalerStatus {
	return f.of(t.Object, now).status(now, t)
}

// Heard tells whether it is known what a VerticalPodAutoscaler says.
func (f *Fleet) Heard(o *vpav1.VerticalPodAutoscaler) bool {
	k := f.known[types.NamespacedName{Namespace: o.Namespace, Name: o.Name}]
	return k != nil && k.heard
}

// Told takes what a VerticalPodAutoscaler says: what was written, or what a process before
// this one has written. The latter is what the pods are to request until something else is
// due.
func (f *Fleet) Told(now time.Time, o *vpav1.VerticalPodAutoscaler, s *vpav1.VerticalPodAutoscalerStatus) {
	k := f.of(o, now)
	k.heard = true
	for i := range k.containers {
		k.containers[i].told = recommendation{}
	}
	if s.Recommendation == nil {
		return
	}
	for _, r := range s.Recommendation.ContainerRecommendations {
		n := k.of(r.ContainerName)
		n.told = told(r)
		if q := &n.kept.Requests; *q == (sizing.Requests{}) {
			q.CPU.Request, q.Memory.Request, n.found = n.told.target.cpu, n.told.target.memory, now
		}
	}
}

// Forget drops what is kept of those that have not been seen for a day.
func (f *Fleet) Forget(now time.Time) {
	for key, k := range f.known {
		if now.Sub(k.seen) > goneFor {
			delete(f.known, key)
		}
	}
}

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
	seen       time.Time
}

type named struct {
	name   string
	kept   sizing.Container
	killed time.Time
}

// NewFleet is a fleet of none.
func NewFleet() *Fleet { return &Fleet{known: map[types.NamespacedName]*known{}} }

// Take learns from what a target's pods used, and gives the status that it should have.
func (f *Fleet) Take(now time.Time, t Target) vpav1.VerticalPodAutoscalerStatus {
	key := types.NamespacedName{Namespace: t.Object.Namespace, Name: t.Object.Name}
	k := f.known[key]
	if k == nil {
		k = &known{}
		f.known[key] = k
	}
	k.seen = now
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
			if c.Killed.After(n.killed) {
				n.killed = c.Killed
				n.kept.Memory.Wound(c.Killed, c.Had, memory.Now)
			}
		}
	}
	return k.status(now, t)
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

// Forget drops what is kept of those that have not been seen for a day.
func (f *Fleet) Forget(now time.Time) {
	for key, k := range f.known {
		if now.Sub(k.seen) > goneFor {
			delete(f.known, key)
		}
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"time"

	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/vpa"
)

// evenkeelFleet is `evenkeel recommender` in process: its fleet, over an API that answers
// at once.
type evenkeelFleet struct {
	planes, generation int
	fleet              *vpa.Fleet
	targets            []vpa.Target
	saved              map[string]time.Time
	// written are bytes of status and of what was learnt.
	written int
}

func newEvenkeelFleet() fleet {
	return &evenkeelFleet{fleet: vpa.NewFleet(), saved: map[string]time.Time{}}
}

func (f *evenkeelFleet) roll(planes, generation int) {
	f.planes, f.generation = planes, generation
	if f.targets == nil {
		for plane := range planes {
			for _, w := range workloads {
				f.targets = append(f.targets, vpa.Target{Object: object(plane, w)})
			}
		}
	}
	for i := range f.targets {
		w := workloads[i%len(workloads)]
		f.targets[i].Pods = nil
		for replica := range w.pods {
			p := vpa.Pod{UID: podName(w, replica, generation)}
			for _, c := range w.containers {
				p.Containers = append(p.Containers, vpa.Container{Name: c})
			}
			f.targets[i].Pods = append(f.targets[i].Pods, p)
		}
	}
}

func (f *evenkeelFleet) sample(now time.Time) {
	for i := range f.targets {
		n := 10 * i
		for _, p := range f.targets[i].Pods {
			for j := range p.Containers {
				n++
				c := &p.Containers[j]
				c.Used.At = now
				c.Used.CPU, c.Used.Memory = used(i/len(workloads), n, now)
			}
		}
	}
}

func (f *evenkeelFleet) loop(now time.Time) {
	for _, t := range f.targets {
		if !f.fleet.Take(now, t) {
			continue
		}
		status := f.fleet.Status(now, t)
		if raw, err := json.Marshal(vpav1.VerticalPodAutoscaler{Status: status}); err == nil {
			f.written += len(raw)
		}
		f.fleet.Told(now, t.Object, &status)
		t.Object.Status = status
		if _, err := vpa.Slim(t.Object); err != nil { // as it comes back from the cache
			return
		}
	}
	due := map[string]bool{}
	for _, ns := range f.fleet.Namespaces() {
		if now.Sub(f.saved[ns]) >= time.Hour {
			due[ns], f.saved[ns] = true, now
		}
	}
	all, err := f.fleet.Save(now, due)
	if err != nil {
		return
	}
	for _, h := range all {
		if raw, err := json.Marshal(h); err == nil {
			f.written += len(raw)
		}
	}
}

// restart reads what was kept, as it comes from the API, and begins with all pods.
func (f *evenkeelFleet) restart() fleet {
	again, _ := newEvenkeelFleet().(*evenkeelFleet)
	every := map[string]bool{}
	for _, ns := range f.fleet.Namespaces() {
		every[ns] = true
	}
	all, err := f.fleet.Save(begin, every)
	if err != nil {
		return again
	}
	histories := make([]v1alpha1.UsageHistory, 0, len(all))
	for _, h := range all {
		histories = append(histories, *h)
	}
	if err := again.fleet.Restore(begin, histories); err != nil {
		return again
	}
	again.roll(f.planes, f.generation)
	return again
}

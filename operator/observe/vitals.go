// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import "evenkeel.dev/evenkeel/operator/observe/page"

// Vitals are a replica's process as its pages tell, and what looking at it has
// cost.
type Vitals struct {
	Name string
	// CPUSeconds and ResidentBytes are the process's own account; Started is when
	// it began, in seconds since 1970. All are 0 when unknown.
	CPUSeconds, ResidentBytes, Started float64
	// Inflight counts the requests that execute, watches excepted.
	Inflight int
	// Pages, Dumps and Pulses count what was read, Requests what was asked for,
	// Bytes what came back in bodies.
	Pages, Dumps, Pulses, Requests, Bytes int64
	// PageBytes is the size of the last page.
	PageBytes int64
	// Fell counts counters that went backwards within one process.
	Fell int64
}

func (v *Vitals) take(p *page.Page) {
	v.CPUSeconds, _ = p.First(cpuSeconds)
	v.ResidentBytes, _ = p.First(residentBytes)
	v.Started, _ = p.First(startSeconds)
	v.Inflight = 0
	for _, s := range p.Series(inflightRequests) {
		v.Inflight += count(s.Value)
	}
	v.Pages++
	v.PageBytes = p.Bytes
}

// Vitals are those of every replica, sorted by name.
func (p *Plane) Vitals() []Vitals {
	replicas := p.all()
	vitals := make([]Vitals, len(replicas))
	for i, r := range replicas {
		r.mu.Lock()
		vitals[i] = r.vitals
		vitals[i].Name = r.target.Name
		r.mu.Unlock()
		if r.door != nil {
			vitals[i].Requests, vitals[i].Bytes = r.door.sent.Load(), r.door.received.Load()
		}
	}
	return vitals
}

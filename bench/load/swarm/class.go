// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import (
	"time"

	"evenkeel.dev/evenkeel/bench/load"
)

// The Kubernetes API SLOs (sig-scalability, api_call_latency): how late an answer may
// be and still be of use.
const (
	SLOObject    = time.Second
	SLONamespace = 5 * time.Second
	SLOCluster   = 30 * time.Second
)

// Class are requests that are of one size and judged alike.
type Class struct {
	Name string
	// SLO is how late an answer may be and still be of use.
	SLO time.Duration
	// Work is how much an answer counts for: a list of all pods is not the work of a
	// get, and a control plane that serves only gets would look its best.
	Work     float64
	Recorder *load.Recorder
}

func newClass(name string, slo time.Duration, work float64) *Class {
	return &Class{Name: name, SLO: slo, Work: work, Recorder: load.NewRecorder()}
}

// Goodput is the work that was answered with success and in time in [from, to), per
// second. It counts answers by when they ended: what began before from and ended within
// is as much as what begins within and ends later, in a steady load.
func Goodput(from, to time.Time, classes ...*Class) float64 {
	length := to.Sub(from).Seconds()
	if length <= 0 {
		return 0
	}
	work := 0.0
	for _, c := range classes {
		work += c.Work * float64(c.Recorder.Served(from, to, c.SLO))
	}
	return work / length
}

// Rejected counts the answers 429 to requests that were due in [from, to).
func Rejected(from, to time.Time, classes ...*Class) int {
	n := 0
	for _, c := range classes {
		n += c.Recorder.Window(from, to).Rejected
	}
	return n
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"slices"
	"sync"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/observe/page"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// replica is what is kept of one replica between looks.
type replica struct {
	options Options
	// door is nil when there is no way to the replica; seen.Fault says why.
	door *door

	// These belong to whoever reads the page: one at a time.
	decoder *page.Decoder
	page    page.Page
	tally   tally // of the last page
	spare   tally // memory for the next

	// mu guards what follows, and is held for moments only.
	mu     sync.Mutex
	target Target
	seen   plane.Replica
	// paging closes when the page that is on its way is in; nil while none is.
	// dumping is the same of the dump, and dump what came of the last.
	paging, dumping    chan struct{}
	dump               dumped
	pageFail, dumpFail backoff
	vitals             Vitals
	flags              flags
	pulses             pulses
}

func newReplica(a *access.Access, t Target, o Options) *replica {
	r := &replica{options: o, target: t}
	door, err := newDoor(a, t.Address, o)
	if err != nil {
		r.seen.Fault = &plane.Fault{Reason: v1alpha1.ReasonAccessInvalid, Message: fmt.Sprintf("%v: check the access Secret", err)}
		return r
	}
	r.door = door
	r.decoder = page.NewDecoder(wanted(), o.page())
	return r
}

// tooMany stands for a replica past maxTargets.
func tooMany(t Target) *replica {
	r := &replica{target: t}
	r.seen.Fault = &plane.Fault{
		Reason:  v1alpha1.ReasonOversize,
		Message: fmt.Sprintf("the control plane has more than %d replicas, and Evenkeel looks at no more of them", maxTargets),
	}
	return r
}

func (r *replica) key() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.target.key()
}

func (r *replica) retarget(t Target) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = t
}

func (r *replica) close() {
	if r.door != nil {
		r.door.close()
	}
}

// stalePulse is the age past which a pulse is no longer shown.
const stalePulse = 10 * time.Second

// snapshot is what was last seen, for the recommender to keep.
func (r *replica) snapshot() plane.Replica {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.seen
	out.Name, out.UID, out.Zone = r.target.Name, r.target.UID, r.target.Zone
	out.Ready, out.Ending, out.Ceiling = r.target.Ready, r.target.Ending, r.target.Ceiling
	out.Levels, out.Flows = slices.Clone(r.seen.Levels), slices.Clone(r.seen.Flows)
	if r.flags.ceiling > 0 {
		out.Ceiling = r.flags.ceiling
	}
	out.Served = slices.Clone(r.seen.Served)
	out.Process.CPULimit, out.Process.MemoryLimit = r.target.CPULimit, r.target.MemoryLimit
	if time.Since(r.pulses.at) < stalePulse {
		out.Pulse, out.Pulsed = r.pulses.last, r.pulses.at.Add(-r.pulses.last)
	}
	return out
}

// addDump adds the last dump, if it is not too old to say who is there, and what
// went wrong with it.
func (r *replica) addDump(out *plane.Replica, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if age := now.Sub(r.dump.at); age >= 0 && age <= r.options.DumpTimeout {
		out.Dumped, out.Held = r.dump.at, r.dump.held
	}
	if out.Fault == nil {
		out.Fault = r.dump.fault
	}
}

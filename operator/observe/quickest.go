// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// evenPulse is the pulse below which one replica is as good as another.
const evenPulse = 50 * time.Millisecond

// Quickest are the addresses of the ready replicas, to send API requests to: those
// that were seen without fault first, and of them the one with the shortest last
// pulse. Replicas with short pulses take turns, which spreads the cost.
func (p *Plane) Quickest() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.turn++
	var paced []pace
	for i := range p.replicas {
		r := p.replicas[(i+p.turn)%len(p.replicas)]
		if pace, ready := r.pace(); ready {
			paced = append(paced, pace)
		}
	}
	slices.SortStableFunc(paced, func(a, b pace) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(max(a.took, evenPulse), max(b.took, evenPulse)))
	})
	addresses := make([]string, len(paced))
	for i, p := range paced {
		addresses[i] = p.address
	}
	return addresses
}

// RoundTripper sends requests to the replica whose address they name, over the
// connection that it is observed by: one more would cost it a TLS handshake, and
// seconds in a storm. It adds no credentials but the certificate.
func (p *Plane) RoundTripper() http.RoundTripper { return roundTripper{p} }

type roundTripper struct{ plane *Plane }

// RoundTrip implements http.RoundTripper.
func (t roundTripper) RoundTrip(request *http.Request) (*http.Response, error) {
	for _, r := range t.plane.all() {
		if r.door != nil && r.door.address == request.URL.Host {
			return r.door.client.Transport.RoundTrip(request)
		}
	}
	return nil, fmt.Errorf("%s %s: there is no replica at %s any more", request.Method, request.URL.Path, request.URL.Host)
}

// pace is how good a way in a replica is.
type pace struct {
	address string
	// rank is 0 for a replica that answers, 1 for one that answers late, and 2 for
	// one that fails otherwise or was never seen.
	rank int
	took time.Duration
}

func (r *replica) pace() (p pace, ready bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.door == nil || !r.target.Ready {
		return pace{}, false
	}
	p = pace{address: r.door.address, took: r.pulses.last}
	switch fault := r.seen.Fault; {
	case fault == nil && !r.seen.Observed.IsZero():
	case fault != nil && fault.Reason == v1alpha1.ReasonReplicaTimeout:
		p.rank = 1
	default:
		p.rank = 2
	}
	return p, true
}

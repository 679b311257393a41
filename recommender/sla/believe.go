// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import "fmt"

// Silent tells whether a round met with silence alone: something was asked, and of nothing
// came an answer, not even a refusal. That is how a control plane is whose nodes are gone,
// and how everything is for one whose own way there is broken.
func Silent(round []Probe) (silent bool) {
	for _, p := range round {
		switch {
		case p.Unasked:
		case p.Result != Failed || !p.Silent:
			return false
		default:
			silent = true
		}
	}
	return silent
}

// Around is what else a vantage point knows when it meets with silence.
type Around struct {
	// Reached is whether it has reached another control plane lately.
	Reached bool
	// Ready is how many replicas the host cluster calls ready: their kubelets ask them on
	// their own nodes.
	Ready int
}

// Believe says whether a round that met with silence is an outage: not where this vantage
// point reaches nobody else either and the host cluster calls replicas ready. Then its own
// way is taken for broken, and it is blind. Should the nodes be gone, their replicas are
// called ready no longer before a minute is over.
func Believe(v Verdict, why string, silent bool, a Around) (Verdict, string) {
	if v != Down || !silent || a.Reached || a.Ready == 0 {
		return v, why
	}
	return Blind, fmt.Sprintf("%s; no other control plane is reached either, and the host cluster calls %d replicas ready: the way there is taken for broken", why, a.Ready)
}

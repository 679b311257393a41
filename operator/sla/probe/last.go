// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/evenkeel/recommender/sla"
)

// keep keeps the probes of a round, in place of those of the one before it: the series of
// probes tell no replica from another, and what a round says as a whole does not tell of the
// one that fails beside others that serve. A round that could not ask says nothing of that.
func (w *Watch) keep(ctx context.Context, key types.NamespacedName, probes []sla.Probe) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, is := w.asked[key]; !is || ctx.Err() != nil {
		return // what is broken off has failed for that
	}
	if w.last == nil {
		w.last = map[types.NamespacedName][]sla.Probe{}
	}
	w.last[key] = probes
}

// Last are the probes of the last round that has asked, in the order of their doors, the
// balancer's first; none while there was no such round.
func (w *Watch) Last(key types.NamespacedName) []sla.Probe {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.last[key])
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package regress

import "testing"

// Healthy rollouts end, all pods restarted and no more, and few are stopped by chance.
func TestHealthyRollouts(t *testing.T) {
	h, err := PlayHealthy(t.Context(), 40)
	if err != nil || h.Unfinished > 0 || len(h.Aborted) > 1 {
		t.Errorf("%d aborted, %d did not end: %v, %v", len(h.Aborted), h.Unfinished, h.Aborted, err)
	}
	if h.Steps != 6*h.Rollouts {
		t.Errorf("%d pods were restarted in %d rollouts, want 6 in each", h.Steps, h.Rollouts)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// With nobody to be asked nothing is said to be in force.
func TestSentencesWithoutReplicas(t *testing.T) {
	at := noon.Add(-time.Minute)
	for ready, want := range map[int]string{3: "1 sentences are in force on all 3 replicas", 0: "no apiserver replica is ready to be asked"} {
		d := &pass{profile: plane.Profile{Jail: plane.Enforce}}
		d.sight.ready = ready
		d.plan.Offenders = []plane.Sentence{{Name: "x", Phase: plane.PhaseJailed, InForce: at}}
		if f := d.protected(); !strings.HasPrefix(f.Message, want) || f.Unknown != (ready == 0) || f.True == f.Unknown {
			t.Errorf("with %d replicas: %+v", ready, f)
		}
	}
}

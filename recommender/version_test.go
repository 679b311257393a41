// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

func TestAVersionThatIsNotKnownIsTold(t *testing.T) {
	for version, known := range map[string]bool{
		"v1.34.0": true, "v1.36.3": true, "v1.36.3-eks-1": true, "v1.3.6": false, "v1.37.0": false, "v2.36.0": false, "": false,
	} {
		w := newWorld()
		w.version = version
		w.run(time.Minute)
		got := finding(t, w, v1alpha1.ConditionVersionKnown)
		if got.True != known || !known && !strings.Contains(got.Message, `kube-apiserver-0 runs "`+version+`"`) {
			t.Errorf("%s: %+v", version, got)
		}
		if ready := finding(t, w, v1alpha1.ConditionReady); !ready.True {
			t.Errorf("%s: Ready = %+v", version, ready)
		}
	}
}

// What a CPU limit does to the Go runtime is told by the version that all replicas run.
func TestTheVersionTellsTheRuntime(t *testing.T) {
	for version, words := range map[string]string{
		"v1.36.3": "GOMAXPROCS follows the CPU limit of 4 cores",
		"v1.34.1": "go 1.24 does not heed a CPU limit",
		"v1.99.0": "the Go version is unknown",
	} {
		w := newWorld()
		h := hosts(w, small)
		w.version = version
		for i := range h.pods {
			h.pods[i].Limit.CPU = 4
		}
		w.run(time.Minute)
		if !strings.Contains(w.log.String(), words) {
			t.Errorf("%s: nothing says %q:\n%s", version, words, w.log.String())
		}
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"math"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// What jailed clients were refused is not shed, and of a part of the replicas nothing is told.
func TestWhatIsRememberedOfRequests(t *testing.T) {
	one := plane.Replica{Ready: true, Window: 10 * time.Second}
	one.Answers.Requests, one.Answers.Refused = 100, 50
	one.Flows = []plane.FlowLoad{{Level: plane.JailPrefix + "a", Rejected: 40}}
	p := &pass{status: &v1alpha1.ControlPlaneProfileStatus{ReadyReplicas: 2}}
	p.snapshot.Replicas = []plane.Replica{one, {Ready: true}}
	s := history.None()
	if p.sampleRequests(&s); !math.IsNaN(float64(s.Requests)) {
		t.Errorf("of one of two replicas %v requests are told", s.Requests)
	}
	p.snapshot.Replicas[1] = one
	if p.sampleRequests(&s); s.Shed != 2 || s.Requests != 12 {
		t.Errorf("%v requests and %v shed a second, want 12 and 2", s.Requests, s.Shed)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// The followers come first; but a leader that has less than half of what it should, and is
// further from it than they are, hands over to the one that has most and is next.
func TestAStarvedLeaderIsNotLeftForLast(t *testing.T) {
	tests := []struct {
		name          string
		parts         [3]float64 // of its size each member requests; etcd-1 leads
		first, second string
	}{
		{"a starved leader", [3]float64{0.8, 0.3, 0.9}, "MoveLeader (done): has etcd-2 lead etcd instead of etcd-1", "resizes etcd-1 "},
		{"as starved as a follower", [3]float64{0.3, 0.3, 0.9}, "resizes etcd-0 ", "MoveLeader (done)"},
		{"short and not starved", [3]float64{0.9, 0.6, 0.9}, "resizes etcd-0 ", "resizes etcd-2 "},
		{"the followers have their size", [3]float64{1, 0.3, 1}, "MoveLeader (done): has etcd-0 lead etcd instead of etcd-1", "resizes etcd-1 "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld()
			h := hosts(w, small)
			w.run(10 * time.Minute)
			h.leader = "etcd-1"
			for i, part := range tt.parts {
				p := &h.pods[3+i]
				p.Requested = told(plane.Amounts{CPU: p.Requested.CPU * part, Memory: float64(int(p.Requested.Memory * part))})
				p.Allocated, p.InForce = p.Requested, p.Requested
			}
			before := w.log.Len()
			w.run(time.Minute)
			log := w.log.String()[before:]
			first, second := strings.Index(log, tt.first), strings.Index(log, tt.second)
			if first < 0 || second < first {
				t.Errorf("%q at %d, then %q at %d:\n%s", tt.first, first, tt.second, second, log)
			}
		})
	}
}

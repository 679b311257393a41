// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"evenkeel.dev/evenkeel/recommender/plane"
)

func TestReadCeiling(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want int
	}{
		"both":          {`{"kind":"Flagz","flags":{"max-requests-inflight":"400","max-mutating-requests-inflight":"200","v":"2"}}`, 600},
		"switched off":  {`{"flags":{"max-requests-inflight":"0","max-mutating-requests-inflight":"0"}}`, 0},
		"one is absent": {`{"flags":{"max-requests-inflight":"400"}}`, -1},
		"below nothing": {`{"flags":{"max-requests-inflight":"-1","max-mutating-requests-inflight":"2"}}`, -1},
		"no number":     {`{"flags":{"max-requests-inflight":"many","max-mutating-requests-inflight":"2"}}`, -1},
		"too large":     {`{"flags":{"max-requests-inflight":"99999999999","max-mutating-requests-inflight":"2"}}`, -1},
		"text":          {"kube-apiserver flagz\nmax-requests-inflight=400\n", -1},
		"without end":   {`{"flags":{"x":"` + strings.Repeat("x", mostFlags) + `"}}`, -1},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readCeiling(strings.NewReader(c.body))
			if err != nil {
				got = -1
			}
			if got != c.want {
				t.Errorf("%d, want %d; %v", got, c.want, err)
			}
		})
	}
}

// A real process tells its flags, and they count more than what its pod seems to say.
func TestRealFlags(t *testing.T) {
	s := real(t)
	for _, o := range objects() {
		if err := s.admin.Create(t.Context(), o); client.IgnoreAlreadyExists(err) != nil {
			t.Fatal(err)
		}
	}
	p := s.plane(t, s.access)
	p.Retarget([]Target{{Name: "real", UID: "1", Zone: "a", Address: s.address, Ready: true, Ceiling: 7}})
	r := eventually(t, p, false, func(r plane.Replica) bool { return r.Fault == nil })
	if !strings.HasPrefix(r.Version, "v1.") || r.Process.Resident == 0 {
		t.Errorf("the version is %q, the process %+v", r.Version, r.Process)
	}
	if r.Ceiling != 600 {
		t.Errorf("the ceiling is %d, want the server's own 600", r.Ceiling)
	}
	before := p.Vitals()[0].Requests
	p.Look(t.Context(), time.Now().Add(time.Minute), false)
	if asked := p.Vitals()[0].Requests - before; asked != 1 {
		t.Errorf("the next look makes %d requests, want the page alone", asked)
	}
}

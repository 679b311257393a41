// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla_test

import (
	"testing"

	"evenkeel.dev/evenkeel/recommender/sla"
)

func TestSilence(t *testing.T) {
	silent := sla.Probe{Result: sla.Failed, Phase: sla.Dial, Silent: true}
	refused := sla.Probe{Result: sla.Failed, Phase: sla.Dial}
	for name, c := range map[string]struct {
		round []sla.Probe
		want  bool
	}{
		"nothing asked":        {nil, false},
		"nobody answers":       {[]sla.Probe{silent, silent}, true},
		"one refuses":          {[]sla.Probe{silent, refused}, false},
		"one serves":           {[]sla.Probe{silent, {Result: sla.Served}}, false},
		"one turns us away":    {[]sla.Probe{silent, {Result: sla.Denied}}, false},
		"all refuse the dial":  {[]sla.Probe{refused, refused}, false},
		"one was never asked":  {[]sla.Probe{unasked(""), silent}, true},
		"nobody was asked":     {[]sla.Probe{unasked(""), unasked("a")}, false},
		"silence and lateness": {[]sla.Probe{silent, {Result: sla.Late, Silent: true}}, false},
	} {
		if got := sla.Silent(c.round); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhatIsBelieved(t *testing.T) {
	for name, c := range map[string]struct {
		v      sla.Verdict
		silent bool
		around sla.Around
		want   sla.Verdict
		why    string
	}{
		"an answer":                 {sla.Down, false, sla.Around{Ready: 3}, sla.Down, "no answer"},
		"up":                        {sla.Up, false, sla.Around{}, sla.Up, "no answer"},
		"silence, others answer":    {sla.Down, true, sla.Around{Reached: true, Ready: 3}, sla.Down, "no answer"},
		"silence, nothing is ready": {sla.Down, true, sla.Around{}, sla.Down, "no answer"},
		"the way is broken": {
			sla.Down, true, sla.Around{Ready: 3}, sla.Blind,
			"no answer; no other control plane is reached either, and the host cluster calls 3 replicas ready: the way there is taken for broken",
		},
	} {
		if v, why := sla.Believe(c.v, "no answer", c.silent, c.around); v != c.want || why != c.why {
			t.Errorf("%s: %s, %s", name, v, why)
		}
	}
}

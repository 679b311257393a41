// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler_test

import (
	"testing"

	"evenkeel.dev/evenkeel/operator/scaler"
)

func TestGoAway(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		want   float64
		stated bool
	}{
		"none":                    {[]string{"kube-apiserver", "--v=2"}, 0, false},
		"with an equals sign":     {[]string{"kube-apiserver", "--goaway-chance=0.001"}, 0.001, true},
		"in two":                  {[]string{"kube-apiserver", "--goaway-chance", "0.001", "--v=2"}, 0.001, true},
		"with low lines":          {[]string{"--goaway_chance=0.001"}, 0.001, true},
		"zero":                    {[]string{"--goaway-chance=0"}, 0, true},
		"the most":                {[]string{"--goaway-chance=0.02"}, 0.02, true},
		"too much":                {[]string{"--goaway-chance=0.021"}, 0, false},
		"below zero":              {[]string{"--goaway-chance=-0.001"}, 0, false},
		"no number":               {[]string{"--goaway-chance=often"}, 0, false},
		"a number that is none":   {[]string{"--goaway-chance=NaN"}, 0, false},
		"empty":                   {[]string{"--goaway-chance="}, 0, false},
		"without value":           {[]string{"--goaway-chance=0.001", "--goaway-chance"}, 0, false},
		"the last one counts":     {[]string{"--goaway-chance=0.001", "--goaway-chance=0.01"}, 0.01, true},
		"in a shell's line":       {[]string{"sh", "-c", "exec kube-apiserver --goaway-chance=0.001 --v=2"}, 0.001, true},
		"another flag":            {[]string{"--goaway-chance-of-rain=0.001"}, 0, false},
		"a value that looks like": {[]string{"--feature-gates", "A=true", "--goaway-chance", "1e-3"}, 0.001, true},
		"nothing at all":          {nil, 0, false},
	} {
		if got, stated := scaler.GoAway(c.args); got != c.want || stated != c.stated {
			t.Errorf("%s: %g, %t; want %g, %t", name, got, stated, c.want, c.stated)
		}
	}
}

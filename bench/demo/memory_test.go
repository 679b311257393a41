// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"strings"
	"testing"
)

func TestShortOfMemory(t *testing.T) {
	for name, c := range map[string]struct {
		need, free float64
		want       string
	}{
		"too little":   {5.5, 2, "only 2.0 GiB of memory are free, and this scenario took 5.5 GiB"},
		"just enough":  {2, 2, ""},
		"need unknown": {0, 2, ""},
		"free unknown": {5, 0, ""},
	} {
		if got := shortOfMemory(c.need, c.free); !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

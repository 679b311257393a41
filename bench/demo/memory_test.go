// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"strings"
	"testing"
)

func TestShortOfMemory(t *testing.T) {
	const two = "MemTotal:       16384000 kB\nMemFree:          100000 kB\nMemAvailable:    2097152 kB\n"
	for name, c := range map[string]struct {
		need    float64
		meminfo string
		want    string
	}{
		"too little":     {5.5, two, "only 2.0 GiB of memory are free, and this scenario took 5.5 GiB"},
		"just enough":    {2, two, ""},
		"need unknown":   {0, two, ""},
		"no such line":   {5, "MemTotal: 1 kB\n", ""},
		"not a number":   {5, "MemAvailable: much kB\n", ""},
		"nothing at all": {5, "", ""},
	} {
		if got := shortOfMemory(c.need, c.meminfo); !strings.HasPrefix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

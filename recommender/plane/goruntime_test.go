// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane_test

import (
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const gib = 1 << 30

func TestWhatTheGoRuntimeMakesOfAResize(t *testing.T) {
	for name, c := range map[string]struct {
		is         plane.ContainerSize
		to, limit  plane.Amounts
		goLine     string
		want, also string
	}{
		"no limit":                 {goLine: "1.26", want: "no CPU limit"},
		"a limit that it follows":  {limit: plane.Amounts{CPU: 1.5}, goLine: "1.26", want: "follows the CPU limit of 1.5 cores"},
		"the first that does":      {limit: plane.Amounts{CPU: 2}, goLine: "go1.25.0", want: "follows the CPU limit of 2 cores"},
		"the last that does not":   {limit: plane.Amounts{CPU: 2}, goLine: "1.24", want: "go 1.24 does not heed a CPU limit"},
		"nobody knows":             {limit: plane.Amounts{CPU: 2}, want: "unknown"},
		"no version":               {limit: plane.Amounts{CPU: 2}, goLine: "devel", want: "unknown"},
		"set by the environment":   {is: plane.ContainerSize{MaxProcs: "2"}, limit: plane.Amounts{CPU: 4}, goLine: "1.26", want: "GOMAXPROCS is set to 2"},
		"memory just above":        {is: plane.ContainerSize{MemLimit: "2GiB"}, to: plane.Amounts{Memory: 2.5 * gib}, goLine: "1.26", want: "no CPU limit"},
		"memory below":             {is: plane.ContainerSize{MemLimit: "2GiB"}, to: plane.Amounts{Memory: 1 * gib}, want: "no CPU limit", also: "request of 1024Mi is not above it"},
		"memory far above":         {is: plane.ContainerSize{MemLimit: "2048MiB"}, to: plane.Amounts{Memory: 4 * gib}, want: "no CPU limit", also: "the rest is not used"},
		"the limit, not a request": {is: plane.ContainerSize{MemLimit: "2147483648"}, to: plane.Amounts{Memory: 4 * gib}, limit: plane.Amounts{Memory: 2.2 * gib}, want: "no CPU limit"},
		"in bytes":                 {is: plane.ContainerSize{MemLimit: "2147483648B"}, to: plane.Amounts{Memory: 2 * gib}, want: "no CPU limit", also: "request of 2048Mi is not above it"},
		"switched off":             {is: plane.ContainerSize{MemLimit: "off"}, to: plane.Amounts{Memory: 1 * gib}, want: "no CPU limit"},
		"from a field":             {is: plane.ContainerSize{MemLimit: plane.FromElsewhere}, to: plane.Amounts{Memory: 1 * gib}, want: "no CPU limit", also: "does not follow"},
		"nonsense":                 {is: plane.ContainerSize{MemLimit: "-3Gi"}, to: plane.Amounts{Memory: 1 * gib}, want: "no CPU limit", also: "does not follow"},
	} {
		lines := c.is.Runtime(c.to, c.limit, c.goLine)
		if len(lines) == 0 || !strings.Contains(lines[0], c.want) {
			t.Errorf("%s: %q, want %q", name, lines, c.want)
		}
		if rest := strings.Join(lines[1:], "\n"); (rest == "") != (c.also == "") || !strings.Contains(rest, c.also) {
			t.Errorf("%s: then %q, want %q", name, rest, c.also)
		}
	}
}

func TestAKillForMemoryIsOneOfItsEnds(t *testing.T) {
	at := time.Unix(100, 0)
	killed := plane.ContainerSize{Ended: "OOMKilled", EndedAt: at}
	ended := plane.ContainerSize{Ended: "Error", EndedAt: at}
	if !killed.OOMKilledAt().Equal(at) || !ended.OOMKilledAt().IsZero() {
		t.Errorf("killed at %s, and at %s by another end", killed.OOMKilledAt(), ended.OOMKilledAt())
	}
}

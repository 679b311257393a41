// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/bench/load/victim"
)

// writeLog writes what happened a line each, by its time: the faults, the critical
// requests that failed, and Evenkeel's steps. That it cannot be written is told, and no
// failure of the play.
func (r *run) writeLog(failed []victim.Renewal) {
	type line struct {
		at   time.Time
		text string
	}
	var lines []line
	for i := range r.out.Strikes {
		s := &r.out.Strikes[i]
		lines = append(lines, line{s.At, fmt.Sprintf("FAULT %s %s: leader before %s", s.Kind, s.Target, s.Leader)})
	}
	for _, f := range failed {
		text := fmt.Sprintf("failed after %.3f s by %s: status %d, %v", f.Ended.Sub(f.Due).Seconds(), cmp.Or(f.Carrier, "nobody known"), f.Status, f.Err)
		if s := blamed(r.out.Strikes, f); s != nil {
			sent := "never sent"
			if !f.Sent.IsZero() {
				sent = fmt.Sprintf("sent %+.3f s", f.Sent.Sub(s.At).Seconds())
			}
			text = fmt.Sprintf("%s of %s, in flight %v; %s", sent, s.Target, s.inFlight(f), text)
		}
		lines = append(lines, line{f.Ended, text})
	}
	for _, s := range r.watch.taken() {
		lines = append(lines, line{s.At, strings.TrimSuffix("STEP "+s.Kind+": "+s.Message+" | "+s.Saw, " | ")})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	for _, l := range lines {
		if _, err := fmt.Fprintln(r.Log, l.at.UTC().Format("15:04:05.000"), l.text); err != nil {
			r.Logf("writing the log: %v", err)
			return
		}
	}
}

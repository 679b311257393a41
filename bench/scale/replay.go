// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/scale/turns"
)

const (
	// replayWithin bounds the replays.
	replayWithin = 15 * time.Minute
	// tail is how much of what a failed replay says is told, in bytes.
	tail = 2 << 10
)

// errNothing is a replay that has played no day.
var errNothing = errors.New("it has played nothing")

// Replay runs the replay's binary, which is a test binary of bench/replay, and gives what
// it saw.
func Replay(ctx context.Context, binary string) (r turns.Result, err error) {
	dir, err := os.MkdirTemp("", "replay")
	if err != nil {
		return r, fmt.Errorf("preparing the replay: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "result.json")
	ctx, cancel := context.WithTimeout(ctx, replayWithin)
	defer cancel()
	// All of its tests: a plant that is not what it is said to be is no measure.
	c := exec.CommandContext(ctx, binary, "-result="+path) //nolint:gosec // the person who runs the bench names it
	said, err := c.CombinedOutput()
	if err != nil {
		return r, fmt.Errorf("replaying days with %s: %w; it said last: %s", binary, err, said[max(0, len(said)-tail):])
	}
	raw, err := os.ReadFile(path) //nolint:gosec // in a folder made above
	if err != nil {
		return r, fmt.Errorf("reading what the replay saw: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return r, fmt.Errorf("reading what the replay saw: %w", err)
	}
	if len(r.Replays) == 0 {
		return r, fmt.Errorf("replaying days with %s: %w", binary, errNothing)
	}
	return r, nil
}

// short is the length of the day that is judged; the long one is shown.
const (
	short = 2 * time.Hour
	long  = 24 * time.Hour
)

// replayName is the name of a figure of the replays of one length.
func replayName(day time.Duration, arm, figure string) string {
	if day == short {
		return "scale.replay." + arm + "." + figure
	}
	return fmt.Sprintf("scale.replay%.0fh.%s.%s", day.Hours(), arm, figure)
}

// RecordReplays puts the replays into a report. scale.oscillations is the sum over the
// short days under Evenkeel, of replicas and of sizes.
func RecordReplays(r *report.Report, seen turns.Result) {
	oscillations, days := 0, 0
	for _, p := range seen.Replays {
		if p.Arm == turns.ArmEvenkeel && p.Day == short {
			oscillations += len(p.Replicas) + len(p.Sizes)
			days++
		}
	}
	for _, day := range []time.Duration{short, long} {
		for _, arm := range []string{turns.ArmHPA, turns.ArmEvenkeel} {
			for _, figure := range replayFigures {
				var samples []float64
				for _, p := range seen.Replays {
					if p.Arm == arm && p.Day == day {
						samples = append(samples, figure.of(p))
					}
				}
				r.Add(replayName(day, arm, figure.name), figure.unit, samples...)
			}
		}
	}
	if days == 0 {
		r.Miss(oscillationsName, "no short day was replayed under Evenkeel")
		return
	}
	r.Add(oscillationsName, report.UnitCount, float64(oscillations))
	r.Add("scale.replay_days", report.UnitCount, float64(days))
}

// replayFigures are what is told of each replay.
var replayFigures = []struct {
	name, title, unit string
	of                func(turns.Replay) float64
}{
	{"replica_changes", "changes of replicas", report.UnitCount, func(p turns.Replay) float64 { return float64(p.ReplicaChanges) }},
	{"turns", "of those taken back within half an hour", report.UnitCount, func(p turns.Replay) float64 { return float64(len(p.Replicas)) }},
	{"resizes", "resizes", report.UnitCount, func(p turns.Replay) float64 { return float64(p.SizeChanges) }},
	{"size_turns", "sizes taken back within an hour", report.UnitCount, func(p turns.Replay) float64 { return float64(len(p.Sizes)) }},
	{"floor_changes", "changes of the floor", report.UnitCount, func(p turns.Replay) float64 { return float64(p.Floors) }},
	{"short_minutes", "for how long a replica was short", unitMinutes, func(p turns.Replay) float64 { return p.ShortMinutes }},
	{"requested_of_used", "CPU requested, of what was used", report.UnitCount, func(p turns.Replay) float64 { return p.CoreHours / p.UsedCoreHours }},
}

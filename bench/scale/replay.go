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
	c := exec.CommandContext(ctx, binary, "-test.run=^TestReplay$", "-result="+path) //nolint:gosec // the person who runs the bench names it
	said, err := c.CombinedOutput()
	if err != nil {
		return r, fmt.Errorf("replaying days with %s: %w; it said last: %s", binary, err, said[max(0, len(said)-tail):])
	}
	raw, err := os.ReadFile(path)
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

// short is the length of the day that is judged; the others are shown.
const short = 2 * time.Hour

// RecordReplays puts the replays into a report. scale.oscillations is the sum over the
// short days under Evenkeel, of replicas and of sizes.
func RecordReplays(r *report.Report, seen turns.Result) {
	oscillations, days := 0, 0
	for _, arm := range []string{turns.ArmHPA, turns.ArmEvenkeel} {
		for _, day := range lengths(seen) {
			name := func(figure string) string { return fmt.Sprintf("scale.replay%.0fh.%s.%s", day.Hours(), arm, figure) }
			var replicas, sizes, changes, resizes, floors, short, slack []float64
			for _, p := range seen.Replays {
				if p.Arm != arm || p.Day != day {
					continue
				}
				replicas = append(replicas, float64(len(p.Replicas)))
				sizes = append(sizes, float64(len(p.Sizes)))
				changes = append(changes, float64(p.ReplicaChanges))
				resizes = append(resizes, float64(p.SizeChanges))
				floors = append(floors, float64(p.Floors))
				short = append(short, p.ShortMinutes)
				slack = append(slack, p.CoreHours/p.UsedCoreHours)
				if judged(p) {
					oscillations += len(p.Replicas) + len(p.Sizes)
					days++
				}
			}
			r.Add(name("turns"), report.UnitCount, replicas...)
			r.Add(name("size_turns"), report.UnitCount, sizes...)
			r.Add(name("replica_changes"), report.UnitCount, changes...)
			r.Add(name("resizes"), report.UnitCount, resizes...)
			r.Add(name("floor_changes"), report.UnitCount, floors...)
			r.Add(name("short_minutes"), unitMinutes, short...)
			r.Add(name("requested_of_used"), report.UnitCount, slack...)
		}
	}
	if days == 0 {
		r.Miss(oscillationsName, "no short day was replayed under Evenkeel")
		return
	}
	r.Add(oscillationsName, report.UnitCount, float64(oscillations))
	r.Add("scale.replay_days", report.UnitCount, float64(days))
}

func judged(p turns.Replay) bool { return p.Arm == turns.ArmEvenkeel && p.Day == short }

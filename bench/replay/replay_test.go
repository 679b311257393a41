// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/klog/v2"

	"evenkeel.dev/evenkeel/bench/scale/turns"
	"evenkeel.dev/evenkeel/recommender/plane"
)

var (
	result = flag.String("result", "", "play all days and write what was seen to this file, as JSON")
	steps  = flag.Bool("steps", false, "with -v, tell of the steps that Evenkeel takes")
)

// seeds are those of the short days; the long one is played by the first.
var seeds = []uint64{1, 2, 3, 4, 5}

// upstreamErrors are those that upstream's controller could only tell of.
var upstreamErrors struct {
	sync.Mutex
	all []string
}

func TestMain(m *testing.M) {
	flag.Parse()
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	runtime.ErrorHandlers = []runtime.ErrorHandler{func(_ context.Context, err error, msg string, _ ...any) {
		upstreamErrors.Lock()
		defer upstreamErrors.Unlock()
		upstreamErrors.all = append(upstreamErrors.all, fmt.Sprintf("%s: %v", msg, err))
	}}
	os.Exit(m.Run())
}

// TestReplay plays a short day under every arm; with -result many, and a long one.
func TestReplay(t *testing.T) {
	type play struct {
		length time.Duration
		seed   uint64
	}
	plays := []play{{2 * time.Hour, 1}}
	if *result != "" {
		plays = []play{{24 * time.Hour, 1}}
		for _, s := range seeds {
			plays = append(plays, play{2 * time.Hour, s})
		}
	}
	var mu sync.Mutex
	all := map[string]turns.Replay{}
	t.Run("days", func(t *testing.T) {
		for _, p := range plays {
			for _, a := range arms() {
				name := fmt.Sprintf("%s/%s/%d", p.length, a.name, p.seed)
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					r := inBubble(t, a, newDay(p.length, p.seed))
					r.Seed = p.seed
					sound(t, a, r)
					mu.Lock()
					defer mu.Unlock()
					all[name] = r
				})
			}
		}
	})
	if len(upstreamErrors.all) > 0 {
		t.Errorf("upstream's controller met errors, the first of %d: %s", len(upstreamErrors.all), upstreamErrors.all[0])
	}
	for _, p := range plays {
		fixed, sized := all[fmt.Sprintf("%s/%s/%d", p.length, turns.ArmHPA, p.seed)], all[fmt.Sprintf("%s/%s/%d", p.length, turns.ArmEvenkeel, p.seed)]
		if math.Abs(fixed.UsedCoreHours/sized.UsedCoreHours-1) > 0.05 {
			t.Errorf("%s: the same day took %.2f core hours under the autoscaler alone and %.2f under Evenkeel", p.length, fixed.UsedCoreHours, sized.UsedCoreHours)
		}
	}
	if *result == "" || t.Failed() {
		return
	}
	var out turns.Result
	for _, p := range plays {
		for _, a := range arms() {
			out.Replays = append(out.Replays, all[fmt.Sprintf("%s/%s/%d", p.length, a.name, p.seed)])
		}
	}
	raw, err := json.Marshal(out)
	if err == nil {
		err = os.WriteFile(*result, raw, 0o600)
	}
	if err != nil {
		t.Fatalf("writing the result: %v", err)
	}
}

// inBubble plays a day in a time of its own.
func inBubble(t *testing.T, a arm, d day) (r turns.Replay) {
	t.Helper()
	begin := time.Now()
	synctest.Test(t, func(t *testing.T) {
		tell := func(at time.Duration, s plane.Step) {
			if *steps {
				t.Logf("%s %s: %s", at, s.Kind, s.Reason.Message)
			}
		}
		var err error
		if r, err = play(t.Context(), a, d, tell); err != nil {
			t.Fatal(err)
		}
	})
	r.Seconds = time.Since(begin).Seconds()
	t.Logf("%d to %d replicas in %d changes, %d taken back; %d changes of size, %d taken back; %.1f of %.1f core hours used; short for %.1f min; %.1f s",
		r.Least, r.Most, r.ReplicaChanges, len(r.Replicas), r.SizeChanges, len(r.Sizes), r.UsedCoreHours, r.CoreHours, r.ShortMinutes, r.Seconds)
	for _, turn := range append(r.Replicas, r.Sizes...) {
		t.Logf("%s: %.4g to %.4g after %s, back to %.4g after %s", turn.What, turn.First.From, turn.First.To, turn.First.At, turn.Back.To, turn.Back.At)
	}
	return r
}

// sound fails where a day cannot have been what it was played for.
func sound(t *testing.T, a arm, r turns.Replay) {
	t.Helper()
	if r.Least < least || r.Most > most {
		t.Errorf("%d to %d replicas, want %d to %d", r.Least, r.Most, least, most)
	}
	if r.Most == least {
		t.Errorf("the autoscaler added none, although noon takes %.1f cores", noon)
	}
	if resized := r.SizeChanges > 0; resized != a.sizing {
		t.Errorf("%d changes of size, although sizing is %t", r.SizeChanges, a.sizing)
	}
	if a.sizing && r.CoreHours > float64(r.Most)*largest.CPU*r.Day.Hours() {
		t.Errorf("%.1f core hours are more than the largest size allows", r.CoreHours)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// One thing runs at a time, what ended is taken once, and what is stopped ends.
func TestOneThingAtATime(t *testing.T) {
	c := &careRun{}
	release := make(chan struct{})
	if !c.start(time.Minute, func(context.Context) plane.Outcome { <-release; return plane.Outcome{Name: "first"} }) {
		t.Fatal("the first does not begin")
	}
	if c.start(time.Minute, func(context.Context) plane.Outcome { return plane.Outcome{Name: "second"} }) {
		t.Error("the second begins while the first runs")
	}
	if ended := c.take(); len(ended) != 0 {
		t.Errorf("ended before its end: %+v", ended)
	}
	close(release)
	if ended := awaitEnded(t, c); ended.Name != "first" {
		t.Errorf("ended %+v", ended)
	}
	if !c.start(time.Minute, func(ctx context.Context) plane.Outcome { <-ctx.Done(); return plane.Outcome{Name: ctx.Err().Error()} }) {
		t.Fatal("the third does not begin after the first is over")
	}
	c.stop()
	if ended := awaitEnded(t, c); ended.Name != context.Canceled.Error() {
		t.Errorf("ended %+v", ended)
	}
	c.stop() // nothing runs
}

func awaitEnded(t *testing.T, c *careRun) plane.Outcome {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ended := c.take(); len(ended) > 0 {
			return ended[0]
		}
	}
	t.Fatal("for 10 s not ended")
	return plane.Outcome{}
}

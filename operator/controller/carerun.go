// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"sync"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// careRun is what is being done to one control plane's etcd beside the passes: one thing at
// a time. Its zero value does nothing.
type careRun struct {
	mu sync.Mutex
	// cancel ends what runs; nil while nothing does.
	cancel context.CancelFunc
	ended  []plane.Outcome
}

// start does something beside the passes, and tells whether it may: not while the one
// before runs.
func (c *careRun) start(within time.Duration, do func(context.Context) plane.Outcome) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	c.cancel = cancel
	go func() {
		defer cancel()
		o := do(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.cancel, c.ended = nil, append(c.ended, o)
	}()
	return true
}

// take is what has ended since it was last taken.
func (c *careRun) take() []plane.Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	ended := c.ended
	c.ended = nil
	return ended
}

// stop has what runs give up, unless etcd has begun with it: that is seen to its end.
func (c *careRun) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Schedule calls fire rate times a second until ctx ends, on a fixed timetable:
// call n is due n/rate seconds after the start, however long the calls before it
// take. Each call has a goroutine of its own, and is told when it was due. Calls
// that are overdue (the machine was busy) are made at once, none is left out.
//
// Schedule returns when ctx has ended and every call has returned. Calls bound
// their own time; the number on their way is therefore at most rate times that
// bound.
func Schedule(ctx context.Context, rate float64, fire func(ctx context.Context, due time.Time, n int)) error {
	if rate <= 0 {
		return fmt.Errorf("scheduling a load: the rate must be above 0, not %v", rate)
	}
	var calls sync.WaitGroup
	defer calls.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	start := time.Now()
	for n := 0; ; n++ {
		due := start.Add(time.Duration(float64(n) / rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return nil
			case <-timer.C:
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		calls.Go(func() { fire(ctx, due, n) })
	}
}

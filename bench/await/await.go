// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package await has a play wait: for a time, or until something is so.
package await

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Pass lets time pass, and gives the context's error where that ends first.
func Pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Until asks every so often until there is no error, or the limit is up: then it says what
// was waited for, and what was last in the way.
func Until(ctx context.Context, limit, every time.Duration, what string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := errors.New("nobody has looked")
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting %s for %s: %w", limit, what, last)
		case <-tick.C:
		}
	}
}

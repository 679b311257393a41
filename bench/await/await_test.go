// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package await_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/bench/await"
)

// What is asked for again and again comes, or what was last in the way is said.
func TestUntil(t *testing.T) {
	asked := 0
	err := await.Until(t.Context(), time.Minute, time.Millisecond, "the third", func(context.Context) error {
		if asked++; asked < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil || asked != 3 {
		t.Errorf("asked %d times: %v", asked, err)
	}
	err = await.Until(t.Context(), 20*time.Millisecond, time.Millisecond, "what never comes", func(context.Context) error {
		return errors.New("in the way")
	})
	if err == nil || !strings.Contains(err.Error(), "for what never comes: in the way") {
		t.Errorf("it says %v", err)
	}
}

// Time passes, or the context's end cuts it short.
func TestPass(t *testing.T) {
	if err := await.Pass(t.Context(), -time.Second); err != nil {
		t.Error(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := await.Pass(ended, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("it says %v", err)
	}
}

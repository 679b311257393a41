// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"
)

// clocked tells of progress with the seconds since it began.
func clocked(began time.Time) func(format string, args ...any) {
	return func(format string, args ...any) {
		tell(fmt.Sprintf("%4.0f s  ", time.Since(began).Seconds()) + fmt.Sprintf(format, args...))
	}
}

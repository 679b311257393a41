// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package live

import (
	"fmt"
	"strings"
)

// Line is the state as one line without colors, for logs.
func Line(s State) string {
	var b strings.Builder
	if s.Phase.Of > 0 {
		fmt.Fprintf(&b, "[%d/%d] ", s.Phase.Number, s.Phase.Of)
	}
	b.WriteString(clean(s.Phase.Name))
	if s.Phase.Left >= 0 {
		fmt.Fprintf(&b, " (%s)", left(s.Phase.Left))
	}
	fmt.Fprintf(&b, ": victims p50 %s p99 %s failed %d; offender %s",
		milliseconds(s.Victims.P50), milliseconds(s.Victims.P99), s.Victims.Failed, perSecond(s.OffenderRate))
	if s.Ceiling > 0 {
		fmt.Fprintf(&b, "; load line %d of %d, %d in use", s.LoadLine, s.Ceiling, s.Used)
	}
	fmt.Fprintf(&b, "; jailed %d", len(s.Jailed))
	return b.String()
}

// DecisionLine is the last decision as one line for logs, empty without one.
func DecisionLine(d Decision) string {
	if d.At.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s: %s", clean(d.Reason), clean(d.Message))
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// of are the labels of a control plane, in an expression.
var of = strings.Join(series.Of, ", ")

// who names the control plane in an annotation. A label's value is somebody's text: what
// cannot be in a name is not let through, so that no mail, page or terminal gets markup,
// quotes or a second line from it.
const who = `{{ reReplaceAll "[^-a-zA-Z0-9._/]+" "?" (printf "%s/%s" $labels.namespace $labels.name) }}`

// most is the most that any operator replica tells of each control plane. One that leads no
// longer tells nothing; for the seconds in which two do the worse counts.
func most(name string, matchers ...string) string {
	return fmt.Sprintf("max by (%s) (%s)", of, selector(name, matchers...))
}

// least is the least.
func least(name string, matchers ...string) string {
	return fmt.Sprintf("min by (%s) (%s)", of, selector(name, matchers...))
}

// rate is how much a counter grows in a second, over all operator replicas that told it: the
// rate comes first, so that a counter that starts again at 0 is no step down.
func rate(window, name string, matchers ...string) string {
	return fmt.Sprintf("sum by (%s) (rate(%s[%s]))", of, selector(name, matchers...), window)
}

// increase is how much a counter has grown in a window.
func increase(window, name string, matchers ...string) string {
	return fmt.Sprintf("sum by (%s) (increase(%s[%s]))", of, selector(name, matchers...), window)
}

// condition is a condition of the profile: 1, 0 or -1.
func condition(kind string) string { return most(series.Condition, is("type", kind)) }

func selector(name string, matchers ...string) string {
	if len(matchers) == 0 {
		return name
	}
	return name + "{" + strings.Join(matchers, ", ") + "}"
}

// is, not and in are matchers of a label.
func is(label, value string) string { return fmt.Sprintf("%s=%q", label, value) }

func not(label, value string) string { return fmt.Sprintf("%s!=%q", label, value) }

func in(label string, values ...string) string {
	return fmt.Sprintf("%s=~%q", label, strings.Join(values, "|"))
}

// lines are the parts of an expression, one a line: a reviewer reads the file.
func lines(parts ...string) string { return strings.Join(parts, "\n") }

// span is a duration as Prometheus writes it: 90s, 5m, 2h, 3d.
func span(d time.Duration) string {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= unit.size && d%unit.size == 0 {
			return fmt.Sprintf("%d%s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

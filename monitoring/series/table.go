// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"fmt"
	"strings"
)

// Table is the reference of all series, as Markdown.
func Table() string {
	var b strings.Builder
	b.WriteString("| series | kind | labels | what it tells |\n|---|---|---|---|\n")
	for _, s := range List() {
		labels := make([]string, 0, len(s.Labels)+1)
		if !s.Operator {
			labels = append(labels, strings.Join(Of, ", "))
		}
		for _, l := range s.Labels {
			one := l.Name
			if len(l.Values) > 0 {
				one += " (" + strings.Join(l.Values, ", ") + ")"
			}
			labels = append(labels, one)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", s.Name, s.Kind, strings.Join(labels, ", "), strings.ReplaceAll(s.Help, "|", "\\|"))
	}
	return b.String()
}

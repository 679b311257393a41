// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io"
)

// Compare prints two reports of one target side by side: each figure before and
// after with the ratio of the two, and the figures that only one of them has.
func Compare(w io.Writer, before, after *Report) error {
	if before.Target != after.Target {
		return fmt.Errorf("comparing a report of %q with one of %q: they measure different things", before.Target, after.Target)
	}
	t := Table{Head: []string{"figure", "before", "after", "after/before"}}
	for _, f := range before.Figures {
		t.Rows = append(t.Rows, []string{f.Name, amount(f.Value, f.Unit), after.value(f.Name), ratioCell(f, after)})
	}
	for _, f := range after.Figures {
		if _, ok := before.Figure(f.Name); !ok {
			t.Rows = append(t.Rows, []string{f.Name, none, amount(f.Value, f.Unit), none})
		}
	}
	text := fmt.Sprintf("before: %s\nafter:  %s\n\n%s", before.origin(), after.origin(), t.Text())
	if before.Machine != after.Machine {
		text += "\nThe machines differ: trust the ratios within a report more than those between the two.\n"
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("printing the comparison: %w", err)
	}
	return nil
}

func ratioCell(before Figure, report *Report) string {
	after, ok := report.Figure(before.Name)
	switch {
	case !ok, after.Unit != before.Unit:
		return none
	case after.Value == before.Value:
		return Times(1)
	case before.Value == 0:
		return none
	default:
		return Times(after.Value / before.Value)
	}
}

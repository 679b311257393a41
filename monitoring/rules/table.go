// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
)

// Table is what there is to be said, as Markdown: a line for each name, with its severities
// and the time for which it must hold. The runbooks are in this folder, which ends in a slash
// or is empty.
func Table(runbooks string) string {
	var b strings.Builder
	b.WriteString("| alert | severity | says |\n|---|---|---|\n")
	var names []string
	at := map[string][]Alert{}
	for _, a := range Alerts() {
		if at[a.Name] == nil {
			names = append(names, a.Name)
		}
		at[a.Name] = append(at[a.Name], a)
	}
	for _, name := range names {
		var severities []string
		for _, a := range at[name] {
			s := string(a.Severity)
			if a.For > 0 {
				s += " after " + span(a.For)
			}
			severities = append(severities, s)
		}
		says := strings.ReplaceAll(at[name][0].Summary, who, "NAMESPACE/NAME")
		fmt.Fprintf(&b, "| [%s](%s%s.md) | %s | %s |\n", name, runbooks, name, strings.Join(severities, ", "), says)
	}
	return b.String()
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package expand

import "strings"

// Vars replaces $(NAME) by its value. $$ is a dollar sign, so $$(NAME) stands for
// the text $(NAME); references to what is not there, and whatever is not a
// reference, stay as they are.
func Vars(text string, lookup func(name string) (string, bool)) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		text = after
		switch {
		case strings.HasPrefix(text, "$"):
			out.WriteByte('$')
			text = text[1:]
		case strings.HasPrefix(text, "("):
			name, rest, closed := strings.Cut(text[1:], ")")
			if !closed {
				out.WriteByte('$')
				continue
			}
			if value, ok := lookup(name); ok {
				out.WriteString(value)
			} else {
				out.WriteString("$(" + name + ")")
			}
			text = rest
		default:
			out.WriteByte('$')
		}
	}
}

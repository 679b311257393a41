// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

// keeps says why no pod of the step's component may be ended now, whether it can wait or
// not; empty when one may, or the step ends none.
func (s Seen) keeps(step Step) string {
	switch {
	case step.Kind == Replace && s.Blocked[step.Component] != "":
		return s.Blocked[step.Component]
	case step.starts():
		return s.Rolling[step.Component]
	default:
		return ""
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"slices"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// offender finds a user's entry in the status.
func offender(seen v1alpha1.ControlPlaneProfile, user string) (v1alpha1.OffenderStatus, bool) {
	i := slices.IndexFunc(seen.Status.Offenders, func(o v1alpha1.OffenderStatus) bool {
		return strings.HasPrefix(o.Client, user+" ")
	})
	if i < 0 {
		return v1alpha1.OffenderStatus{}, false
	}
	return seen.Status.Offenders[i], true
}

// decided is when a step about a user was first decided after a time.
func decided(seen v1alpha1.ControlPlaneProfile, after time.Time, reason, user string) (time.Time, bool) {
	var first time.Time
	for _, d := range seen.Status.Decisions {
		if d.Reason == reason && strings.Contains(d.Message, user+" ") && d.Time.After(after) && (first.IsZero() || d.Time.Time.Before(first)) {
			first = d.Time.Time
		}
	}
	return first, !first.IsZero()
}

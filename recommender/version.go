// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// knownVersions are the minor versions of Kubernetes whose metrics and debug endpoints
// Evenkeel reads as they are.
var knownVersions = []string{"v1.34", "v1.35", "v1.36"}

// versionKnown tells whether every replica runs a version that Evenkeel knows. With
// another it goes on as long as it can read what it needs: what is missing or renamed
// is a fault of the replica's page, and holds everything.
func (d *pass) versionKnown() plane.Finding {
	f := plane.Finding{
		Condition: v1alpha1.ConditionVersionKnown, True: true, Reason: v1alpha1.ReasonAsExpected,
		Message: "every replica runs a version that Evenkeel knows",
	}
	var unknown []string
	for _, r := range d.seen.Replicas {
		known := slices.ContainsFunc(knownVersions, func(v string) bool { return strings.HasPrefix(r.Version, v+".") })
		if r.Ready && !r.Observed.IsZero() && !known {
			unknown = append(unknown, fmt.Sprintf("%s runs %.40q", r.Name, r.Version))
		}
	}
	if len(unknown) > 0 {
		f.True, f.Reason = false, v1alpha1.ReasonVersionUnknown
		f.Message = fmt.Sprintf("%s: Evenkeel knows %s; it goes on with what it can read",
			strings.Join(unknown, ", "), strings.Join(knownVersions, ", "))
	}
	return f
}

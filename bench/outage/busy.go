// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"context"
	"fmt"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// busy has Evenkeel decide and carry out something between outages, so that what dashboards
// show of that has something to show: a person jails a client, another one the next time.
func (r *run) busy(ctx context.Context, number int) error {
	return r.profile.Patch(ctx, func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.Protection.Sentences = []v1alpha1.ManualSentence{{
			User: fmt.Sprintf("visitor-%d", number), Verbs: []string{"list"}, Resource: "pods", Reason: "for the dashboards",
		}}
	})
}

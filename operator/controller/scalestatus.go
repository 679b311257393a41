// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/scaler"
)

// scale is the number of replicas as the status has it; nil where it is not decided.
func (p *pass) scale() *v1alpha1.ScaleStatus {
	if !p.scales() {
		return nil
	}
	seen := p.snapshot.Scale
	s := &v1alpha1.ScaleStatus{
		Floor: int32(seen.Floor), Wanted: int32(p.plan.Scale.Floor), Max: int32(scaler.Max(p.cpp)), //nolint:gosec // 100000 at the most, by the CRD
		Autoscaler: seen.Autoscaler,
	}
	var words []string
	if seen.Fault != nil && !strings.Contains(p.plan.Scale.Why, seen.Fault.Message) {
		words = append(words, seen.Fault.Message)
	}
	for _, w := range []string{p.plan.Scale.Why, scaler.Note(p.cpp, seen)} {
		if w != "" {
			words = append(words, w)
		}
	}
	s.Message = v1alpha1.Fit(strings.Join(words, "; "), longText)
	return s
}

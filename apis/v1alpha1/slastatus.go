// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SLAStatus is what was promised and what was kept, of the calendar month of UTC. Its
// figures are written when a minute was bad, and once an hour: they are the ledger's to
// tell (AvailabilityLedger, of the same name).
type SLAStatus struct {
	// month is the month, as in 2026-11.
	// +optional
	// +kubebuilder:validation:MaxLength=7
	Month string `json:"month,omitempty"`
	// target is what is promised, as in "99.95".
	// +optional
	// +kubebuilder:validation:MaxLength=6
	Target string `json:"target,omitempty"`
	// available is by bad minutes of those that were seen, as in 99.981%.
	// +optional
	// +kubebuilder:validation:MaxLength=10
	Available string `json:"available,omitempty"`
	// availableByRuns counts bad minutes in runs of five and more only.
	// +optional
	// +kubebuilder:validation:MaxLength=10
	AvailableByRuns string `json:"availableByRuns,omitempty"`
	// availableByRequests is by requests that failed.
	// +optional
	// +kubebuilder:validation:MaxLength=10
	AvailableByRequests string `json:"availableByRequests,omitempty"`
	// budgetLeft is what is left of the month's error budget, as in 61%; below zero where
	// more was bad than is allowed.
	// +optional
	// +kubebuilder:validation:MaxLength=8
	BudgetLeft string `json:"budgetLeft,omitempty"`
	// budgetLeft30Days is the same of the last 30 days.
	// +optional
	// +kubebuilder:validation:MaxLength=8
	BudgetLeft30Days string `json:"budgetLeft30Days,omitempty"`
	// badMinutes are those of the month.
	// +optional
	BadMinutes int32 `json:"badMinutes,omitempty"`
	// unseenMinutes are those since the first that was seen of which nothing is known.
	// +optional
	UnseenMinutes int32 `json:"unseenMinutes,omitempty"`
	// downSince is when it stopped to serve; empty while it serves, or that is not known.
	// +optional
	DownSince *metav1.Time `json:"downSince,omitempty"`
	// message is why it is down, or why that is not known.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AvailabilityLedger keeps what was known of every minute of one control plane: whether it
// served, and what a minute in which it did not is put down to. Evenkeel writes it, at most
// once a minute and only when a minute was not good or a day's sums are an hour old. It has
// the name of its profile.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=al,categories=evenkeel
// +kubebuilder:printcolumn:name="Month",type=string,JSONPath=`.summary.month`
// +kubebuilder:printcolumn:name="Available",type=string,JSONPath=`.summary.availability`
// +kubebuilder:printcolumn:name="Bad",type=integer,JSONPath=`.summary.badMinutes`
// +kubebuilder:printcolumn:name="Unseen",type=integer,JSONPath=`.summary.unseenMinutes`
// +kubebuilder:printcolumn:name="Saved",type=date,JSONPath=`.saved`
type AvailabilityLedger struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// saved is when it was written.
	// +optional
	Saved *metav1.Time `json:"saved,omitempty"`
	// summary is the month to date, for whoever lists ledgers. It follows from the days.
	// +optional
	Summary *LedgerSummary `json:"summary,omitempty"`
	// days are the days of UTC, in their order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=62
	Days []LedgerDay `json:"days,omitempty"`
	// outages are the last bad minutes in words, in their order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=60
	Outages []LedgerOutage `json:"outages,omitempty"`
	// promises are what was promised and since when, in their order: a month that is over is
	// judged by what was promised at its end.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=62
	Promises []LedgerPromise `json:"promises,omitempty"`
}

// AvailabilityLedgerList is a list of ledgers.
//
// +kubebuilder:object:root=true
type AvailabilityLedgerList struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the ledgers.
	Items []AvailabilityLedger `json:"items"`
}

// LedgerSummary is a month to date.
type LedgerSummary struct {
	// month is the month of UTC, as in 2026-11.
	// +kubebuilder:validation:MaxLength=7
	Month string `json:"month"`
	// target is what was promised when it was written, as in "99.95".
	// +optional
	// +kubebuilder:validation:MaxLength=8
	Target string `json:"target,omitempty"`
	// availability is by bad minutes of those that were seen, as in 99.981%.
	// +optional
	// +kubebuilder:validation:MaxLength=10
	Availability string `json:"availability,omitempty"`
	// badMinutes are those of the month.
	BadMinutes int32 `json:"badMinutes"`
	// unseenMinutes are those of which nothing is known.
	UnseenMinutes int32 `json:"unseenMinutes"`
}

// LedgerPromise is what is promised from a day on, until the next one.
type LedgerPromise struct {
	// since is the day of UTC, as in 2026-11-26.
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	Since string `json:"since"`
	// target is in percent, as in "99.95".
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:Pattern=`^[0-9]{1,3}(\.[0-9]{1,4})?$`
	Target string `json:"target"`
}

// LedgerDay is one day of UTC.
type LedgerDay struct {
	// date is the day, as in 2026-11-26.
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`
	Date string `json:"date"`
	// minutes are those of the day so far, as runs of a letter and a number: "g840 O3 g597"
	// is 840 good minutes, three bad ones put down to an offender, and 597 good ones. u is
	// unseen, s slow, r shedding requests; of bad ones K is Evenkeel's own doing, Z a zone, E
	// etcd, O an offender, R somebody's rollout, and X is not known.
	// +kubebuilder:validation:MaxLength=4320
	Minutes string `json:"minutes"`
	// requests were answered; of these failed with a 5xx, shed with a 429, and slow later
	// than their objective.
	// +optional
	Requests int64 `json:"requests,omitempty"`
	// failed are those with a 5xx, and those that were never answered.
	// +optional
	Failed int64 `json:"failed,omitempty"`
	// shed are those with a 429.
	// +optional
	Shed int64 `json:"shed,omitempty"`
	// slow are those later than their objective.
	// +optional
	Slow int64 `json:"slow,omitempty"`
	// waitedSeconds is how long they were in queues altogether.
	// +optional
	WaitedSeconds int64 `json:"waitedSeconds,omitempty"`
}

// LedgerOutage is bad minutes after each other that are put down to the same.
type LedgerOutage struct {
	// from is when the first began.
	From metav1.Time `json:"from"`
	// minutes is how many there were.
	Minutes int32 `json:"minutes"`
	// cause is Evenkeel, Zone, Etcd, Offender, Rollout or Unknown.
	// +kubebuilder:validation:MaxLength=16
	Cause string `json:"cause"`
	// why is the evidence.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Why string `json:"why,omitempty"`
}

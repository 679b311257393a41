// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ledger keeps, of every control plane, the book of the minutes that go by and, where
// this operator replica leads, the AvailabilityLedger of those that are over; and tells how
// it stands: on the profile's status, and to Prometheus. How rounds become minutes, and
// minutes a budget, is recommender/sla's to say.
package ledger

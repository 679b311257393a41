// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sla is the arithmetic of what was promised and what was kept: rounds of probes
// become minutes (judge.go), what several vantage points saw becomes one verdict
// (agree.go), minutes become a ledger (ledger.go), and a ledger and a target become a
// budget (budget.go), with a cause for every bad minute (cause.go).
//
// It is a function of what is handed to it: no client, no clock. Minutes are those of
// UTC, counted from 1970. What is not known is Unseen, which is neither good nor bad.
package sla

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package seats is the arithmetic of the load line: how many seats a replica may
// hand out at once, and how large the ballast must be to hold it there.
//
// The inflight flags fix a replica's ceiling when it starts. The ballast is a
// priority level that nobody uses, that lends nothing and borrows nothing: the
// seats that its shares win in the division of the ceiling are taken from all the
// others. One write of its shares moves every level of every replica at once.
//
// Within says between what the line may be, by the flags, the profile and what the
// protected levels need. Find moves it there by live load, from windows (window.go)
// that Gather fills from what is seen: find.go cuts where requests are late and heeds
// guards, explore.go looks for the line that serves best where they are not.
package seats

// Nominal is a level's nominal concurrency limit in seats: its part of the
// ceiling by shares, rounded up, as the apiserver computes it (k8s.io/apiserver
// v0.36 pkg/util/flowcontrol/apf_controller.go). total includes shares.
func Nominal(ceiling, shares, total int) int {
	if ceiling <= 0 || shares <= 0 || total <= 0 {
		return 0
	}
	product := int64(ceiling) * int64(shares)
	return int((product + int64(total) - 1) / int64(total))
}

// Usable is what is left of the ceiling beside a ballast, in seats, when all
// other levels have others shares between them.
func Usable(ceiling, others, ballast int) int {
	return ceiling - Nominal(ceiling, ballast, others+ballast)
}

// Ballast is the smallest number of shares that leaves at most line seats of the
// ceiling usable; 0 when the line is at or above the ceiling. A line below one
// seat is taken as one.
//
// It is the exact inverse of Usable: from
// ceil(ceiling·B/(others+B)) ≥ ceiling−line follows
// B > others·(ceiling−line−1)/(line+1).
func Ballast(ceiling, others, line int) int {
	line = max(line, 1)
	if line >= ceiling || others <= 0 {
		return 0
	}
	return int(int64(others)*int64(ceiling-line-1)/int64(line+1)) + 1
}

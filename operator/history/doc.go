// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package history is the operator's own memory of each control plane: what was measured, in
// rings of two steps (ring.go), and what happened (event.go). It is there without any other
// system, and it is bounded: some 28 KB of samples and at most 64 KB of events for each.
// A store that keeps more can be read beside it (prom.go).
//
// Time is an argument everywhere. What was not seen is NaN, which is not 0.
package history

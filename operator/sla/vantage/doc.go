// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vantage has the vantage points of a fleet hear of each other: each writes what it
// sees down or not at all in an object of its own, and reads those of the others. No clock
// but one's own is trusted.
package vantage

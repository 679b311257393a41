// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plane is the vocabulary of decisions as plain values: what was seen
// (Snapshot), what is kept from one pass to the next (Memory), what the platform
// team allows (Profile) and what is to be done (Plan of Steps with Reasons).
//
// Nothing here talks to a cluster, reads a clock or draws a random number, and
// every value can be written as JSON and read back: a decision can be replayed
// from what it was given.
package plane

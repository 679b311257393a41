// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

// Answers is what became of a replica's requests over its Window, watches left out where
// not said.
type Answers struct {
	// Requests counts those that were answered, Errors those of them that were answered
	// with a 5xx, and Refused those with a 429.
	Requests, Errors, Refused float64
	// Bytes are those of the answers that the replica counts: of reads, as it is.
	Bytes float64
	// Watches counts the watches that are open now, and WatchBytes what was sent to them.
	Watches    int
	WatchBytes float64
	// WatchEnds counts the watches that the replica ended because their clients were too
	// slow to read.
	WatchEnds float64
}

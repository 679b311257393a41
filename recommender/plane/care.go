// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import "evenkeel.dev/evenkeel/recommender/care"

// CareProfile is what the platform team allows of the members beyond their sizes.
type CareProfile struct {
	Mode Mode
	// Fragmentation is how much of the database file must be air for a defragmentation
	// to be due, from 0 to 1, and Reclaims how much of it at the least, in bytes.
	Fragmentation float64
	Reclaims      int64
}

// EtcdStep is one thing done to etcd.
type EtcdStep struct {
	// Member is the pod that it is done to; empty for what is done to all.
	Member, UID string
	// Revision is the one up to which the history is compacted.
	Revision int64
}

// CareMemory is what is kept of the care for etcd.
type CareMemory = care.Memory

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import "time"

// Member is one etcd member as it answered at its own address. Counters are over
// Window, times in seconds, sizes in bytes.
type Member struct {
	Name, Zone string
	// UID is the pod's and Node where it runs; empty of a pod that does not.
	UID, Node string
	// Ready is the pod's readiness, Ending whether it is on its way out.
	Ready, Ending bool
	// Fault says why the last look failed; nil when it was whole.
	Fault *Fault
	// Observed is when the metrics were read; zero when never. All that follows is
	// of then, also when Fault is set.
	Observed time.Time
	// Window is the time between the last two pages of the same process; zero when
	// there was only one.
	Window time.Duration
	// Version is etcd's, "3.7.3". Learner is true for a member without a vote.
	Version string
	Learner bool
	// HasLeader is whether the member knows a leader, IsLeader whether it is it.
	HasLeader, IsLeader bool
	// Leader is the leader's member ID and Term raft's term; both 0 while unknown.
	// Every election begins a term.
	Leader, Term uint64
	// LeaderChanges counts the changes that the member has seen; those of its own
	// start are left out.
	LeaderChanges float64
	// Fsyncs counts the fsyncs of the write-ahead log; FsyncMean and FsyncP99 are
	// their mean and their 99th percentile. The percentile is interpolated within
	// buckets that double from 1 ms on, as Prometheus's histogram_quantile does; of
	// fewer than a hundred fsyncs it is the bucket of the slowest.
	Fsyncs              float64
	FsyncMean, FsyncP99 float64
	// CommitMean and CommitP99 are the same of the commits of the database file.
	CommitMean, CommitP99 float64
	// Index is the last entry of raft's log that the member has, Applied the last that it
	// has applied; Revision is the store's. All are 0 while unknown.
	Index, Applied uint64
	Revision       int64
	// ApplyBacklog counts the entries that are committed and not yet applied: etcd
	// refuses requests at 5,000 (server/v3 etcdserver/v3_server.go,
	// maxGapBetweenApplyAndCommitIndex). Pending are the proposals not yet committed.
	ApplyBacklog, Pending int
	// SlowApplies counts the entries whose application took over 100 ms.
	SlowApplies float64
	// Refused counts the calls that were answered ResourceExhausted: too many
	// requests, or no space.
	Refused float64
	// DBSize is the database file, DBInUse what of it is in use, and Quota the size
	// at which etcd raises the alarm NOSPACE.
	DBSize, DBInUse, Quota int64
	// Alarms are the cluster's as this member knows them, "NOSPACE" or "CORRUPT", each
	// once and sorted: with one of them every member refuses writes.
	Alarms []string
}

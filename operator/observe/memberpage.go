// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"evenkeel.dev/evenkeel/operator/observe/page"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// The wanted families of etcd, in the order of memberFamilies.
const (
	memberStart = iota
	hasLeader
	isLeader
	leaderChanges
	pendingProposals
	committedProposals
	appliedProposals
	slowApplies
	handledCalls
	walFsyncs
	dbCommits
	dbSize
	dbInUse
	dbQuota
)

// memberFamilies are read of every page of etcd 3.5 and later. etcd tells refusals
// only among the calls that it has handled, by gRPC code.
func memberFamilies() []page.Family {
	return []page.Family{
		memberStart:        {Name: "process_start_time_seconds"},
		hasLeader:          {Name: "etcd_server_has_leader"},
		isLeader:           {Name: "etcd_server_is_leader"},
		leaderChanges:      {Name: "etcd_server_leader_changes_seen_total"},
		pendingProposals:   {Name: "etcd_server_proposals_pending"},
		committedProposals: {Name: "etcd_server_proposals_committed_total"},
		appliedProposals:   {Name: "etcd_server_proposals_applied_total"},
		slowApplies:        {Name: "etcd_server_slow_apply_total"},
		handledCalls:       {Name: "grpc_server_handled_total", Only: page.Label{Name: "grpc_code", Value: "ResourceExhausted"}},
		walFsyncs:          {Name: "etcd_disk_wal_fsync_duration_seconds", Buckets: true},
		dbCommits:          {Name: "etcd_disk_backend_commit_duration_seconds", Buckets: true},
		dbSize:             {Name: "etcd_mvcc_db_total_size_in_bytes"},
		dbInUse:            {Name: "etcd_mvcc_db_total_size_in_use_in_bytes"},
		dbQuota:            {Name: "etcd_server_quota_backend_bytes"},
	}
}

var memberWanted = sync.OnceValue(func() *page.Wanted { return mustWant(memberFamilies()...) })

// memberMissing names a family without which a page is none of etcd's.
func memberMissing(p *page.Page) error {
	for _, i := range []int{hasLeader, leaderChanges, committedProposals, walFsyncs, dbCommits} {
		if len(p.Series(i)) == 0 {
			return fmt.Errorf("%w: it lacks the family %s: is this etcd, 3.5 or later?", errForm, memberFamilies()[i].Name)
		}
	}
	return nil
}

// memberCounters are the counters that are told over a window.
var memberCounters = []int{leaderChanges, slowApplies, handledCalls}

// memberTally is what a page says, as far as the next is compared with it.
type memberTally struct {
	start float64
	// led is whether the member had a leader.
	led bool
	// counters are the values of memberCounters, under the index of their family.
	counters [dbQuota + 1]float64
	fsyncs   histogram
	commits  histogram
}

// take replaces the tally by what the page says, in the same memory.
func (t *memberTally) take(p *page.Page) {
	t.start, _ = p.First(memberStart)
	t.led = first(p, hasLeader) > 0
	for _, i := range memberCounters {
		t.counters[i] = 0
		for _, s := range p.Series(i) {
			t.counters[i] += s.Value
		}
	}
	t.fsyncs.take(p, walFsyncs)
	t.commits.take(p, dbCommits)
}

// fell tells whether something that only ever grows is less than on the page before.
func (t *memberTally) fell(before *memberTally) bool {
	return t.fsyncs.count < before.fsyncs.count || t.commits.count < before.commits.count ||
		slices.ContainsFunc(memberCounters, func(i int) bool { return t.counters[i] < before.counters[i] })
}

// same tells whether both pages are of one process. Its counters never fall.
func (t *memberTally) same(before *memberTally) bool {
	return t.start == before.start && !t.fell(before)
}

// over is what happened between the page before and this one.
func (t *memberTally) over(before *memberTally, m *plane.Member) {
	delta := func(i int) float64 { return t.counters[i] - before.counters[i] }
	m.SlowApplies, m.Refused = delta(slowApplies), delta(handledCalls)
	if before.led { // a member that has just started sees its first leader as a change
		m.LeaderChanges = delta(leaderChanges)
	}
	m.Fsyncs, m.FsyncMean, m.FsyncP99 = t.fsyncs.over(&before.fsyncs)
	_, m.CommitMean, m.CommitP99 = t.commits.over(&before.commits)
}

// memberNow is what the page says of this moment.
func memberNow(p *page.Page) plane.Member {
	return plane.Member{
		HasLeader: first(p, hasLeader) > 0, IsLeader: first(p, isLeader) > 0,
		Pending:      count(first(p, pendingProposals)),
		ApplyBacklog: count(first(p, committedProposals) - first(p, appliedProposals)),
		DBSize:       int64(count(first(p, dbSize))), DBInUse: int64(count(first(p, dbInUse))), Quota: int64(count(first(p, dbQuota))),
	}
}

func first(p *page.Page, family int) float64 {
	v, _ := p.First(family)
	return v
}

// histogram is a histogram without labels since the process began.
type histogram struct {
	count, sum float64
	buckets    []page.Bucket
}

func (h *histogram) take(p *page.Page, family int) {
	h.count, h.sum, h.buckets = 0, 0, h.buckets[:0]
	if all := p.Series(family); len(all) > 0 {
		h.count, h.sum = float64(all[0].Count), all[0].Value
		h.buckets = append(h.buckets, p.Buckets(family, 0)...)
	}
}

// over is how much was observed since before, and its mean and 99th percentile;
// all are 0 where the two cannot be compared.
func (h *histogram) over(before *histogram) (n, mean, p99 float64) {
	n, sum := h.count-before.count, h.sum-before.sum
	if n <= 0 || sum < 0 || math.IsNaN(sum) || math.IsInf(sum, 0) || len(h.buckets) != len(before.buckets) {
		return 0, 0, 0
	}
	return n, sum / n, h.quantile(before, 0.99, n)
}

// quantile interpolates as histogram_quantile does: linearly within the bucket, and
// what is over all of them counts as the highest bound.
func (h *histogram) quantile(before *histogram, q, n float64) float64 {
	rank, lower, below := q*n, 0.0, 0.0
	for i, b := range h.buckets {
		if math.IsInf(b.Upper, 1) || math.IsNaN(b.Upper) || b.Upper < lower || b.Upper != before.buckets[i].Upper {
			break
		}
		upTo := float64(b.Count) - float64(before.buckets[i].Count)
		if upTo >= rank && upTo > below {
			return lower + (b.Upper-lower)*(rank-below)/(upTo-below)
		}
		lower, below = b.Upper, upTo
	}
	return lower
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/observe/page"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// memberLoad is what a made-up member's page says.
type memberLoad struct {
	start, led, changes, refused, committed, applied float64
	// fsyncs are the observations up to 1, 2 and 4 ms, and all of them.
	fsyncs [4]int
}

func (l memberLoad) text() string {
	return fmt.Sprintf(`
# TYPE process_start_time_seconds gauge
process_start_time_seconds %g
# TYPE etcd_server_has_leader gauge
etcd_server_has_leader %g
# TYPE etcd_server_is_leader gauge
etcd_server_is_leader 1
# TYPE etcd_server_leader_changes_seen_total counter
etcd_server_leader_changes_seen_total %g
# TYPE etcd_server_slow_apply_total counter
etcd_server_slow_apply_total 7
# TYPE etcd_server_proposals_pending gauge
etcd_server_proposals_pending 3
# TYPE etcd_server_proposals_committed_total gauge
etcd_server_proposals_committed_total %g
# TYPE etcd_server_proposals_applied_total gauge
etcd_server_proposals_applied_total %g
# TYPE grpc_server_handled_total counter
grpc_server_handled_total{grpc_code="OK",grpc_method="Range"} 1000
grpc_server_handled_total{grpc_code="ResourceExhausted",grpc_method="Range"} 1
grpc_server_handled_total{grpc_code="ResourceExhausted",grpc_method="Txn"} %g
# TYPE etcd_disk_wal_fsync_duration_seconds histogram
etcd_disk_wal_fsync_duration_seconds_bucket{le="0.001"} %d
etcd_disk_wal_fsync_duration_seconds_bucket{le="0.002"} %d
etcd_disk_wal_fsync_duration_seconds_bucket{le="0.004"} %d
etcd_disk_wal_fsync_duration_seconds_bucket{le="+Inf"} %d
etcd_disk_wal_fsync_duration_seconds_sum %g
etcd_disk_wal_fsync_duration_seconds_count %d
# TYPE etcd_disk_backend_commit_duration_seconds histogram
etcd_disk_backend_commit_duration_seconds_bucket{le="+Inf"} 1
etcd_disk_backend_commit_duration_seconds_sum 1
etcd_disk_backend_commit_duration_seconds_count 1
`, l.start, l.led, l.changes, l.committed, l.applied, l.refused, l.fsyncs[0], l.fsyncs[1], l.fsyncs[2], l.fsyncs[3], 0.001*float64(l.fsyncs[3]), l.fsyncs[3])
}

// memberOf looks at what a made-up server answers to one who asks for its metrics; it
// knows nothing of gRPC.
func memberOf(t *testing.T, o Options, answer http.HandlerFunc) *watched {
	t.Helper()
	f := newTenant(t, answer)
	w := &watched{Members: NewMembers(f.access(t), o), t: t, now: time.Now()}
	t.Cleanup(w.Close)
	w.Retarget([]Target{f.target("etcd-0")})
	return w
}

func TestLookAtBadMembers(t *testing.T) {
	for _, c := range []struct {
		name            string
		answer          http.HandlerFunc
		reason, message string
	}{
		{"never answers", never, v1alpha1.ReasonReplicaTimeout, "no whole answer within 200ms: the member is overloaded"},
		{"answers 8 MB", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", acceptPage)
			for chunk := make([]byte, 1<<20); ; {
				// A family of 1 MiB that nobody wants: its length, its name, and zeros.
				if _, err := w.Write(append([]byte{0x80, 0x80, 0x40, 0x0a, 0x01, 'x'}, chunk[6:]...)); err != nil {
					return
				}
				_, _ = w.Write(chunk[:6])
			}
		}, v1alpha1.ReasonOversize, "more than 4194304 bytes"},
		{"is a kube-apiserver", func(w http.ResponseWriter, _ *http.Request) { writePage(w, asPage(t, load{}.text())) },
			v1alpha1.ReasonUndecodable, "it lacks the family etcd_server_has_leader: is this etcd"},
		{"answers text", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte("etcd_server_has_leader 1\n"))
		}, v1alpha1.ReasonUndecodable, "text instead of protobuf"},
		{"sends Evenkeel elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://127.0.0.1:1/metrics", http.StatusFound)
		},
			v1alpha1.ReasonUndecodable, "answered 302"},
		{"turns Evenkeel down", status(http.StatusForbidden), v1alpha1.ReasonAccessDenied, "check the client Secret"},
		{"has no metrics", status(http.StatusNotFound), v1alpha1.ReasonUndecodable, "--listen-client-http-urls"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := memberOf(t, Options{MemberTimeout: 200 * time.Millisecond}, c.answer)
			began := time.Now()
			m := w.look()[0]
			if m.Fault == nil || m.Fault.Reason != c.reason || !strings.Contains(m.Fault.Message, c.message) || !m.Observed.IsZero() {
				t.Errorf("fault %+v, want %s, %q", m.Fault, c.reason, c.message)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("it took %s", took)
			}
			// It is left alone for a while, and the fault is repeated.
			if m := w.Look(t.Context(), w.now.Add(900*time.Millisecond))[0]; m.Fault == nil {
				t.Error("the fault is forgotten")
			}
		})
	}
}

// A server without etcd's API behind its metrics: what they say is kept, with the
// fault beside it. Of two pages the counters are told over the time between.
func TestAMembersCounters(t *testing.T) {
	before := memberLoad{start: 1000, led: 1, changes: 2, refused: 5, committed: 100, applied: 100, fsyncs: [4]int{10, 20, 20, 20}}
	after := memberLoad{start: 1000, led: 1, changes: 3, refused: 9, committed: 9000, applied: 100, fsyncs: [4]int{60, 115, 119, 120}}
	with := func(l memberLoad, change func(*memberLoad)) memberLoad { change(&l); return l }
	for _, c := range []struct {
		name string
		then memberLoad
		was  memberLoad
		want plane.Member
	}{
		// 100 fsyncs, of which 50 took up to 1 ms, 95 up to 2 and 99 up to 4: the
		// hundredth lies beyond, the 99th at 4 ms.
		{"of one process", after, before, plane.Member{Window: 5 * time.Second, LeaderChanges: 1, Refused: 4, Fsyncs: 100, FsyncMean: 0.001, FsyncP99: 0.004}},
		{"of another process", with(after, func(l *memberLoad) { l.start = 2000 }), before, plane.Member{}},
		{"of a process that does not tell its start", with(after, func(l *memberLoad) { l.start = 0 }), with(before, func(l *memberLoad) { l.start = 0 }),
			plane.Member{Window: 5 * time.Second, LeaderChanges: 1, Refused: 4, Fsyncs: 100, FsyncMean: 0.001, FsyncP99: 0.004}},
		{"that fell", with(after, func(l *memberLoad) { l.start, l.refused = 0, 1 }), with(before, func(l *memberLoad) { l.start = 0 }), plane.Member{}},
		{"of a member that had no leader yet", after, with(before, func(l *memberLoad) { l.led = 0 }),
			plane.Member{Window: 5 * time.Second, Refused: 4, Fsyncs: 100, FsyncMean: 0.001, FsyncP99: 0.004}},
	} {
		t.Run(c.name, func(t *testing.T) {
			says := asPage(t, c.was.text())
			w := memberOf(t, Options{}, func(w http.ResponseWriter, _ *http.Request) { writePage(w, says) })
			w.look()
			says = asPage(t, c.then.text())
			m := w.look()[0]
			if m.Fault == nil || !strings.Contains(m.Fault.Message, "asking ") {
				t.Errorf("fault %+v, want one of the status", m.Fault)
			}
			if m.Window != c.want.Window || m.LeaderChanges != c.want.LeaderChanges || m.Refused != c.want.Refused ||
				m.Fsyncs != c.want.Fsyncs || math.Abs(m.FsyncMean-c.want.FsyncMean) > 1e-9 || math.Abs(m.FsyncP99-c.want.FsyncP99) > 1e-9 {
				t.Errorf("%+v, want %+v", m, c.want)
			}
			if !m.HasLeader || !m.IsLeader || m.Pending != 3 || m.ApplyBacklog != 8900 || m.SlowApplies != 0 || !m.Observed.Equal(w.now) {
				t.Errorf("%+v", m)
			}
		})
	}
}

func TestQuantile(t *testing.T) {
	of := func(uppers []float64, counts []uint64, total float64) *histogram {
		h := &histogram{count: total, sum: total}
		for i, u := range uppers {
			h.buckets = append(h.buckets, page.Bucket{Upper: u, Count: counts[i]})
		}
		return h
	}
	bounds := []float64{1, 2, 4}
	none := of(bounds, []uint64{0, 0, 0}, 0)
	for _, c := range []struct {
		name      string
		h, before *histogram
		n, p99    float64
	}{
		{"nothing new", none, none, 0, 0},
		{"all in the first bucket", of(bounds, []uint64{100, 100, 100}, 100), none, 100, 0.99},
		{"half of the second", of(bounds, []uint64{98, 100, 100}, 100), none, 100, 1.5},
		{"one of two in the last", of(bounds, []uint64{1, 1, 2}, 2), none, 2, 2 + 2*0.98},
		{"over all bounds", of(bounds, []uint64{0, 0, 0}, 10), none, 10, 4},
		{"with what was before left out", of(bounds, []uint64{1000, 1000, 1100}, 1100), of(bounds, []uint64{1000, 1000, 1000}, 1000), 100, 3.98},
		{"fewer than before", none, of(bounds, []uint64{1, 1, 1}, 1), 0, 0},
		{"other buckets than before", of(bounds, []uint64{1, 1, 1}, 1), of([]float64{1}, []uint64{0}, 0), 0, 0},
		{"without buckets", of(nil, nil, 5), of(nil, nil, 0), 5, 0},
		{"buckets out of order", of([]float64{4, 1}, []uint64{1, 2}, 2), of([]float64{4, 1}, []uint64{0, 0}, 0), 2, 4},
		{"a bound that is no number", of([]float64{math.NaN()}, []uint64{2}, 2), of([]float64{math.NaN()}, []uint64{0}, 0), 2, 0},
	} {
		if n, _, p99 := c.h.over(c.before); n != c.n || math.Abs(p99-c.p99) > 1e-9 {
			t.Errorf("%s: %v observations with p99 %v, want %v and %v", c.name, n, p99, c.n, c.p99)
		}
	}
}

// A look at members that do not answer ends when whoever looks has seen enough.
func TestASlowMemberHoldsNobodyUp(t *testing.T) {
	w := memberOf(t, Options{}, never)
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	m := w.Look(ctx, w.now)[0]
	if took := time.Since(began); took > time.Second || m.Fault != nil || m.Name != "etcd-0" {
		t.Errorf("after %s: %+v", took, m)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/bench/load/checker"
	"evenkeel.dev/evenkeel/bench/load/victim"
	"evenkeel.dev/evenkeel/bench/report"
	"evenkeel.dev/evenkeel/bench/testbed/tenant"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

// failed is a request that was due and sent at a time, and failed a while later.
func failed(carrier string, sent, ended float64, status int, err error) victim.Renewal {
	return victim.Renewal{Due: at(sent), Sent: at(sent), Ended: at(ended), Carrier: carrier, Status: status, Err: err}
}

func TestAttribute(t *testing.T) {
	broke := errors.New("unexpected EOF")
	never := failed("", 9.9, 10.1, 0, broke)
	never.Sent = time.Time{}
	late := failed("", 14, 14.1, 0, broke)
	late.Sent = time.Time{}
	for _, c := range []struct {
		name string
		r    victim.Renewal
		want string
	}{
		{"before any fault", failed("api-a", 1, 2, 500, nil), "outside"},
		{"on the apiserver that died", failed("api-a", 9.9, 10, 0, broke), "apiserver in flight"},
		{"sent before its client noticed", failed("api-a", 10.5, 10.6, 0, broke), "apiserver in flight"},
		{"on the same name, started again", failed("api-a", 11.5, 12, 500, nil), "apiserver failed"},
		{"on another apiserver", failed("api-b", 9.9, 10.2, 500, nil), "apiserver failed"},
		{"in a handshake that was cut", never, "apiserver in flight"},
		{"never connected, long after", late, "apiserver failed"},
		{"while Evenkeel moved the leader", failed("api-b", 24.9, 25.7, 500, nil), "moved"},
		{"before it moved", failed("api-b", 24, 24.9, 500, nil), "apiserver failed"},
		{"after it had moved", failed("api-b", 28.1, 28.2, 500, nil), "apiserver failed"},
		{"long after", failed("api-b", 20, 24.5, 500, nil), "apiserver failed"},
		{"on its way when the member died", failed("api-b", 29.9, 37, 500, nil), "member in flight"},
		{"ended before the member died", failed("api-b", 28.3, 28.5, 500, nil), "apiserver failed"},
		{"sent to the member that was dying", failed("api-b", 30.1, 30.2, 500, nil), "member in flight"},
		{"sent when the leader was dead", failed("api-b", 30.5, 37.5, 500, nil), "member failed, leaderless"},
		{"sent when another led", failed("api-b", 31.6, 32, 504, nil), "member failed"},
		{"on both that a zone held", failed("api-c", 50.2, 50.3, 0, broke), "zone in flight"},
		{"sent to one that lives, after a zone had died without the leader", failed("api-b", 50.2, 57, 500, nil), "zone failed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			strikes := []Strike{
				{Kind: APIServer, At: at(10), Carriers: map[string]bool{"api-a": true}},
				{Kind: Member, At: at(30), Member: true, Led: true, First: 1500 * time.Millisecond},
				{Kind: Zone, At: at(50), Member: true, Carriers: map[string]bool{"api-c": true}, First: time.Second},
			}
			outside, moved := attribute(strikes, []victim.Renewal{c.r}, []time.Time{at(25), at(28.55)})
			got := ""
			switch {
			case outside == 1:
				got = "outside"
			case moved == 1:
				got = "moved"
			}
			for _, s := range strikes {
				switch {
				case s.InFlight == 1:
					got += string(s.Kind) + " in flight"
				case s.Leaderless == 1 && s.Failed == 1:
					got += string(s.Kind) + " failed, leaderless"
				case s.Failed == 1:
					got += string(s.Kind) + " failed"
				}
			}
			if got != c.want {
				t.Errorf("it is %q, want %q", got, c.want)
			}
		})
	}
}

func TestHows(t *testing.T) {
	s := []Strike{{At: at(0)}}
	attribute(s, []victim.Renewal{
		failed("a", 1, 2, 500, nil), failed("a", 1, 11, 0, fmt.Errorf("patch: %w", context.DeadlineExceeded)),
		failed("a", 1, 2, 500, nil), failed("a", 1, 2, 0, errors.New("reset")), {Due: at(1), Ended: at(2), Err: errors.New("refused")},
	}, nil)
	if got, want := s[0].hows(), "2 × 500 Internal Server Error, 1 × no answer in 10s, 1 × no connection, 1 × the connection broke"; got != want {
		t.Errorf("they failed by %q, want %q", got, want)
	}
}

func TestScript(t *testing.T) {
	play := func(seed uint64, only ...Kind) (kinds []Kind, draws []int) {
		s := newScript(only, seed)
		for i := range 40 {
			k, draw, scripted := s.next()
			if scripted != (i < len(s.kinds)) {
				t.Fatalf("fault %d is scripted: %v", i, scripted)
			}
			kinds, draws = append(kinds, k), append(draws, draw)
		}
		return kinds, draws
	}
	kinds, draws := play(7)
	if !slices.Equal(kinds[:4], Kinds()) {
		t.Errorf("it begins with %v, want each kind once", kinds[:4])
	}
	for _, k := range Kinds() {
		if !slices.Contains(kinds[4:], k) {
			t.Errorf("among 36 faults at random is no %s", k)
		}
	}
	again, sameDraws := play(7)
	if !slices.Equal(kinds, again) || !slices.Equal(draws, sameDraws) {
		t.Error("the same seed gives other faults")
	}
	if other, _ := play(8); slices.Equal(kinds, other) {
		t.Error("another seed gives the same faults")
	}
	for _, k := range func() []Kind { kinds, _ := play(1, Member); return kinds }() {
		if k != Member {
			t.Fatalf("a fault of kind %s, although only members were asked for", k)
		}
	}
	if _, err := ParseKinds([]string{"member", "meteor"}); err == nil || err.Error() != `there is no fault of the kind "meteor": there are apiserver member operator zone` {
		t.Errorf("ParseKinds = %v", err)
	}
}

func TestStepsWhileAMemberIsMissing(t *testing.T) {
	w := newWatcher(nil, nil, nil)
	w.strikes(at(10))
	w.heals(at(20))
	for i, ready := range []int{3, 3, 2, 1, 1, 2, 1, 3} { // at 30 to 37
		w.saw(at(30+float64(i)), ready)
	}
	steps := []Step{
		{At: at(9), Kind: "MoveLeader"}, {At: at(15), Kind: "MoveLeader"}, {At: at(20), Kind: "Defragment"},
		{At: at(33), Kind: "Defragment"}, {At: at(34), Kind: "Compact"}, {At: at(37), Kind: "Defragment"},
		{At: at(15), Kind: "EvictPod", Message: "evicts etcd-1"}, {At: at(15), Kind: "EvictPod", Message: "evicts kube-apiserver-x"},
		{At: at(16), Kind: "ResizePod", Message: "resizes etcd-1 in place"}, {At: at(17), Kind: "ResizePod", Message: "resizes etcd-2", Restarts: true},
		{At: at(18), Kind: "SetBallast"},
	}
	all, risked := whileDown(append(slices.Clone(w.struck), w.missing...), steps)
	names := func(steps []Step) (out []string) {
		for _, s := range steps {
			out = append(out, fmt.Sprintf("%.0f %s", s.At.Sub(noon).Seconds(), s.Kind))
		}
		return out
	}
	if diff := cmp.Diff([]string{"15 MoveLeader", "33 Defragment", "34 Compact", "15 EvictPod", "16 ResizePod", "17 ResizePod"}, names(all)); diff != "" {
		t.Errorf("steps on etcd (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"15 MoveLeader", "33 Defragment", "15 EvictPod", "17 ResizePod"}, names(risked)); diff != "" {
		t.Errorf("risked (-want +got):\n%s", diff)
	}
	if w.two != 2 || w.looks != 8 {
		t.Errorf("two members were missing %d times, want 2", w.two)
	}
}

func TestSpread(t *testing.T) {
	pods := func(zones string, ready int) (all []tenant.Replica) {
		for i, z := range zones {
			all = append(all, tenant.Replica{Zone: string(z), Ready: i < ready})
		}
		return all
	}
	for _, c := range []struct {
		zones string
		ready int
		over  int
		ok    bool
	}{
		{"abc", 3, 3, true},
		{"abcabc", 6, 3, true},
		{"abca", 4, 3, true},
		{"aabc", 3, 3, false}, // one is not ready
		{"abb", 3, 3, false},
		{"aabbaa", 6, 3, false},
		{"abcaa", 5, 3, false}, // as uneven as no scheduler would have it
		{"ab", 2, 3, false},
		{"abb", 3, 1, true},
		{"ab", 2, 1, false},
	} {
		if err := spread(pods(c.zones, c.ready), 3, c.over); (err == nil) != c.ok {
			t.Errorf("%s, %d ready, over %d zones: %v", c.zones, c.ready, c.over, err)
		}
	}
}

func TestValue(t *testing.T) {
	page := []byte("# HELP etcd_server_is_leader Whether\netcd_server_is_leader_of 7\netcd_server_is_leader 1\nprocess_cpu_seconds_total 1.25e+01\n")
	if value(page, "etcd_server_is_leader") != 1 || value(page, "process_cpu_seconds_total") != 12.5 || value(page, "etcd") != 0 {
		t.Error("a metric is read wrongly")
	}
}

// Each strike is a sample, what did not come in time is none, and lost is only 0 where
// everything was read back.
func TestRecord(t *testing.T) {
	o := Outcome{
		Strikes: []Strike{
			{Kind: Member, Failed: 0, InFlight: 2, First: time.Second, Every: 2 * time.Second, Ready: 7 * time.Second},
			{Kind: Member, Failed: 5, Leaderless: 4, First: 3 * time.Second, Late: []string{"ready (waiting 6m0s for etcd-1)"}},
			{Kind: Operator, First: time.Second / 10, Every: time.Second / 5, Ready: 16 * time.Second},
		},
		Writes: checker.Counts{Acknowledged: 900, Unknown: 3, Reads: 400}, Requests: 5000,
		Risked: []Step{{}}, Looks: 1, CPU: map[string]float64{"apiserver": 0.5, "member": 0.4},
	}
	r := &report.Report{}
	Record(r, o, nil)
	for name, want := range map[string][3]float64{
		"faults.member.failed": {2.5, 0, 5}, "faults.member.leaderless_failed": {2, 0, 4}, "faults.member.inflight_failed": {1, 0, 2},
		"faults.member.recover_seconds": {2, 1, 3}, "faults.member.every_writer_seconds": {2, 2, 2}, "faults.member.ready_seconds": {7, 7, 7},
		"faults.member.late": {0.5, 0, 1}, "faults.operator.recover_seconds": {16, 16, 16}, "faults.operator.first_write_seconds": {0.1, 0.1, 0.1},
		"faults.acknowledged_lost": {0, 0, 0}, "faults.quorum_risked": {1, 1, 1}, "faults.kills": {3, 3, 3},
		"faults.writes": {900, 900, 900}, "faults.load.apiserver_cpu_percent": {50, 50, 50},
	} {
		if f, ok := r.Figure(name); !ok || f.Value != want[0] || f.Min != want[1] || f.Max != want[2] {
			t.Errorf("%s is %+v, %v; want %v", name, f, ok, want)
		}
	}
	for _, name := range []string{"faults.zone.failed", "faults.zone.spread_seconds", "faults.apiserver.recover_seconds"} {
		if _, ok := r.Figure(name); ok {
			t.Errorf("%s is a figure, although nothing of the kind was played", name)
		}
	}
	for _, c := range []struct {
		writes checker.Counts
		unread error
		want   float64
		ok     bool
	}{
		{checker.Counts{Reads: 9, Lost: 2, Strange: 1}, nil, 3, true},
		{checker.Counts{Reads: 9, Lost: 2}, errors.New("not all"), 2, true},
		{checker.Counts{Reads: 9}, errors.New("not all"), 0, false},
		{checker.Counts{}, nil, 0, false},
	} {
		r := &report.Report{}
		Record(r, Outcome{Writes: c.writes, Unread: c.unread}, []Kind{Member})
		if f, ok := r.Figure("faults.acknowledged_lost"); ok != c.ok || f.Value != c.want {
			t.Errorf("%+v, unread %v: lost is %v, %v", c.writes, c.unread, f.Value, ok)
		}
		if len(r.Missing) == 0 {
			t.Error("what was not played is not said")
		}
	}
}

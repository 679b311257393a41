// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/observe/etcdtest"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// reach is the access that a Secret gives.
func reach(t *testing.T, secret map[string][]byte, serverName string) *access.Access {
	t.Helper()
	a, fault := access.ParseTLS(secret, serverName, time.Now())
	if fault != nil {
		t.Fatalf("access: %+v", *fault)
	}
	return a
}

// clientOf is a client of a member.
func clientOf(t *testing.T, c *etcdtest.Cluster) *clientv3.Client {
	t.Helper()
	calls, err := newMaintenance(reach(t, c.Secret, ""), c.Members[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(calls.Close)
	return calls.Etcd
}

// watched looks at members as often as they may be asked, by a clock of the test.
type watched struct {
	*Members
	t   *testing.T
	now time.Time
}

func watch(t *testing.T, c *etcdtest.Cluster, a *access.Access) *watched {
	t.Helper()
	w := &watched{Members: NewMembers(a, Options{}), t: t, now: time.Now()}
	t.Cleanup(w.Close)
	var targets []Target
	for _, m := range c.Members {
		targets = append(targets, Target{Name: m.Name, UID: "uid-" + m.Name, Zone: "a", Node: "node-a", Address: m.Address, Ready: true})
	}
	w.Retarget(targets)
	return w
}

// look looks after the tick of an operator.
func (w *watched) look() []plane.Member {
	w.t.Helper()
	w.now = w.now.Add(5 * time.Second)
	return w.Look(w.t.Context(), w.now)
}

// until looks until all is as wanted, and tells the time of the test's clock.
func (w *watched) until(what string, is func([]plane.Member) bool) []plane.Member {
	w.t.Helper()
	var seen []plane.Member
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if seen = w.look(); is(seen) {
			return seen
		}
	}
	for _, m := range seen {
		w.t.Errorf("%+v, fault %+v", m, m.Fault)
	}
	w.t.Fatalf("for 30 s not seen: %s", what)
	return nil
}

func whole(seen []plane.Member) bool {
	return !slices.ContainsFunc(seen, func(m plane.Member) bool { return m.Fault != nil || m.Observed.IsZero() || !m.HasLeader })
}

// mixed is a Secret with the authority of one and the certificate of another.
func mixed(authority, pair map[string][]byte) map[string][]byte {
	return map[string][]byte{"ca.crt": authority["ca.crt"], "tls.crt": pair["tls.crt"], "tls.key": pair["tls.key"]}
}

// The life of a real etcd of one member, by its name and by its address.
func TestARealMember(t *testing.T) {
	e := etcdtest.Start(t, 1, "--quota-backend-bytes=1000000")
	w := watch(t, e, reach(t, e.Secret, etcdtest.ServerName))
	m := w.until("a whole member", whole)[0]
	if m.Name != "etcd-0" || m.Zone != "a" || !m.Ready || !m.IsLeader || m.Learner || m.Leader == 0 || m.Term == 0 ||
		!strings.HasPrefix(m.Version, "3.") || m.DBSize <= 0 || m.DBInUse <= 0 || m.DBInUse > m.DBSize || m.Quota != 1000000 || m.Alarms != nil {
		t.Errorf("member %+v", m)
	}
	t.Logf("a page has %d bytes", w.all()[0].page.Bytes)
	c := clientOf(t, e)
	before := w.look()[0] // the window begins after the election
	for range 20 {
		if _, err := c.Put(t.Context(), "key", "value"); err != nil {
			t.Fatal(err)
		}
	}
	m = w.look()[0]
	if m.Fault != nil || m.Window != 5*time.Second || m.Fsyncs < 20 || m.FsyncMean <= 0 || m.FsyncP99 <= 0 || m.FsyncP99 > 8.192 || m.LeaderChanges != 0 || m.Refused != 0 {
		t.Errorf("after 20 writes: %+v", m)
	}
	if m.Revision != before.Revision+20 || m.Index < before.Index+20 || m.Applied > m.Index || m.Applied < before.Applied+20 {
		t.Errorf("after 20 writes at revision %d, index %d, applied %d; before at %d, %d, %d", m.Revision, m.Index, m.Applied, before.Revision, before.Index, before.Applied)
	}
	if m.UID != "uid-etcd-0" || m.Node != "node-a" {
		t.Errorf("the pod %s on node %s", m.UID, m.Node)
	}

	t.Run("asked no more often than it may be", func(t *testing.T) {
		asked := w.all()[0].door.sent.Load()
		for range 10 {
			w.Look(t.Context(), w.now.Add(time.Second))
		}
		if now := w.all()[0].door.sent.Load(); now != asked {
			t.Errorf("asked %d times within a second of the last time", now-asked)
		}
	})
	t.Run("verified by its address", func(t *testing.T) {
		watch(t, e, reach(t, e.Secret, "")).until("a whole member", whole)
	})
	other := etcdtest.Issue(t)
	for _, c := range []struct {
		name, serverName string
		secret           map[string][]byte
		message          string
	}{
		{"another name", "etcd.tenant-other.svc", e.Secret, "serverName"},
		{"another CA", etcdtest.ServerName, mixed(other, e.Secret), "check ca.crt"},
		// The server's alert comes after the client's handshake and may get lost.
		{"a client certificate of another CA", etcdtest.ServerName, mixed(e.Secret, other), "tls.crt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := watch(t, e, reach(t, c.secret, c.serverName)).look()[0]
			if m.Fault == nil || !strings.Contains(m.Fault.Message, c.message) || !m.Observed.IsZero() {
				t.Errorf("fault %+v", m.Fault)
			}
			if c.message != "tls.crt" && m.Fault.Reason != v1alpha1.ReasonReplicaUntrusted {
				t.Errorf("reason %s, want %s", m.Fault.Reason, v1alpha1.ReasonReplicaUntrusted)
			}
		})
	}
	t.Run("out of space", func(t *testing.T) {
		value := strings.Repeat("x", 100_000)
		for i := range 100 {
			if _, err := c.Put(t.Context(), string(rune('a'+i)), value); err != nil {
				break
			}
		}
		m := w.until("the alarm", func(seen []plane.Member) bool { return len(seen[0].Alarms) > 0 })[0]
		if m.Fault != nil || !slices.Equal(m.Alarms, []string{"NOSPACE"}) {
			t.Errorf("alarms %v, fault %+v", m.Alarms, m.Fault)
		}
		if _, err := c.Put(t.Context(), "z", value); err == nil {
			t.Error("etcd takes a write without having space")
		}
		w.until("the refusal", func(seen []plane.Member) bool { return seen[0].Refused >= 1 })
	})
	t.Run("killed, and started again", func(t *testing.T) {
		before := w.look()[0]
		e.Members[0].Kill()
		m := w.until("a fault", func(seen []plane.Member) bool { return seen[0].Fault != nil })[0]
		if m.Fault.Reason != v1alpha1.ReasonReplicaUnreachable || !m.Observed.Equal(before.Observed) || m.DBSize != before.DBSize {
			t.Errorf("fault %+v; of before %+v", *m.Fault, m)
		}
		e.Run(e.Members[0])
		m = w.until("a whole member", whole)[0]
		if m.Window != 0 || m.Fsyncs != 0 || m.LeaderChanges != 0 {
			t.Errorf("counters of a new process: %+v", m)
		}
	})
}

// Of three members the leader stops: the others tell of it, and of a new one.
func TestTheLeaderOfThreeStops(t *testing.T) {
	e := etcdtest.Start(t, 3)
	w := watch(t, e, reach(t, e.Secret, etcdtest.ServerName))
	before := w.until("three whole members", whole)
	i := slices.IndexFunc(before, func(m plane.Member) bool { return m.IsLeader })
	if i < 0 {
		t.Fatalf("no leader among %+v", before)
	}
	w.look()
	e.Members[i].Kill()
	changes := 0.0
	after := w.until("a new leader", func(seen []plane.Member) bool {
		led := 0
		for j, m := range seen {
			changes += m.LeaderChanges
			if j != i && m.Fault == nil && m.HasLeader && m.Term > before[j].Term && m.Leader != before[j].Leader {
				led++
			}
		}
		return led == 2 && seen[i].Fault != nil
	})
	if after[i].Fault.Reason != v1alpha1.ReasonReplicaUnreachable {
		t.Errorf("fault %+v", *after[i].Fault)
	}
	t.Logf("changes seen in windows: %v", changes)
}

// What a member tells of how far it has come, and what of it can be true.
func TestStanding(t *testing.T) {
	for _, c := range []struct {
		name           string
		index, applied uint64
		revision       int64
		wantApplied    uint64
		wantRevision   int64
	}{
		{"as it should be", 100, 90, 7, 90, 7},
		{"more applied than there is", 100, math.MaxUint64, 7, 100, 7},
		{"nothing yet", 0, 0, 0, 0, 0},
		{"a revision below zero", 100, 90, math.MinInt64, 90, 0},
	} {
		index, applied, revision := standing(c.index, c.applied, c.revision)
		if index != c.index || applied != c.wantApplied || revision != c.wantRevision {
			t.Errorf("%s: index %d, applied %d, revision %d", c.name, index, applied, revision)
		}
	}
}

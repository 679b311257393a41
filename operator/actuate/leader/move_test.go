// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package leader_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/actuate/leader"
	"evenkeel.dev/evenkeel/operator/etcdapi"
	"evenkeel.dev/evenkeel/operator/observe/etcdtest"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// cluster is a real etcd cluster.
type cluster struct {
	*etcdtest.Cluster
	access  *access.Access
	members []leader.Member
}

func start(t *testing.T, n int) *cluster {
	t.Helper()
	c := &cluster{Cluster: etcdtest.Start(t, n)}
	c.access = accessOf(t, c.Secret)
	for _, m := range c.Members {
		c.members = append(c.members, leader.Member{Name: m.Name, Address: m.Address})
	}
	return c
}

func accessOf(t *testing.T, secret map[string][]byte) *access.Access {
	t.Helper()
	a, fault := access.ParseTLS(secret, etcdtest.ServerName, time.Now())
	if fault != nil {
		t.Fatalf("access: %+v", *fault)
	}
	return a
}

// leads waits until all members that are asked agree on a leader, and is its index.
func (c *cluster) leads(t *testing.T, but ...int) int {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if i := c.leader(t, but); i >= 0 {
			return i
		}
	}
	t.Fatal("for 30 s no leader")
	return -1
}

func (c *cluster) leader(t *testing.T, but []int) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	ids, leads := make([]uint64, len(c.Members)), map[uint64]bool{}
	for i, m := range c.Members {
		if slices.Contains(but, i) {
			continue
		}
		e, err := etcdapi.New(c.access, m.Address)
		if err != nil {
			t.Fatal(err)
		}
		s, err := e.Status(ctx, m.Address)
		e.Close()
		if err != nil || s.Leader == 0 {
			return -1
		}
		ids[i], leads[s.Leader] = s.Header.GetMemberId(), true
	}
	if len(leads) != 1 {
		return -1
	}
	return slices.IndexFunc(ids, func(id uint64) bool { return leads[id] })
}

func (c *cluster) move(t *testing.T, from, to int) (leader.Moved, *plane.Fault) {
	t.Helper()
	return leader.Move(t.Context(), c.access, c.members, c.members[from].Name, c.members[to].Name)
}

func wantFault(t *testing.T, f *plane.Fault, reason string, words ...string) {
	t.Helper()
	if f == nil {
		t.Fatalf("no fault, want %s", reason)
	}
	if f.Reason != reason {
		t.Errorf("the fault is %s (%s), want %s", f.Reason, f.Message, reason)
	}
	for _, w := range words {
		if !strings.Contains(f.Message, w) {
			t.Errorf("the fault does not say %q: %s", w, f.Message)
		}
	}
}

// The leadership goes round three real members and stays where it was ordered.
func TestRound(t *testing.T) {
	c := start(t, 3)
	from := c.leads(t)
	var term uint64
	for range 3 {
		to := (from + 1) % 3
		moved, fault := c.move(t, from, to)
		if fault != nil {
			t.Fatalf("from %d to %d: %+v", from, to, *fault)
		}
		if at := c.leads(t); at != to || moved.Term <= term {
			t.Errorf("member %d leads in term %d, want member %d after term %d", at, moved.Term, to, term)
		}
		t.Logf("from %d to %d in %s", from, to, moved.Took)
		from, term = to, moved.Term
	}
	other := (from + 1) % 3

	t.Run("not the leader", func(t *testing.T) {
		_, fault := c.move(t, other, from)
		wantFault(t, fault, v1alpha1.ReasonLeaderNotMoved, "not ordered", c.members[from].Name+" leads", c.members[other].Name+" follows "+c.members[from].Name)
	})
	t.Run("to itself", func(t *testing.T) {
		_, fault := c.move(t, from, from)
		wantFault(t, fault, v1alpha1.ReasonLeaderNotMoved, "that is one member")
	})
	t.Run("to nobody", func(t *testing.T) {
		_, fault := leader.Move(t.Context(), c.access, c.members, c.members[from].Name, "etcd-9")
		wantFault(t, fault, v1alpha1.ReasonLeaderNotMoved, `there is no member "etcd-9"`)
	})
	t.Run("by a stranger", func(t *testing.T) {
		own := etcdtest.Issue(t)
		own["ca.crt"] = c.Secret["ca.crt"]
		_, fault := leader.Move(t.Context(), accessOf(t, own), c.members, c.members[from].Name, c.members[other].Name)
		if fault == nil || !strings.Contains(fault.Message, "moving etcd's leader from "+c.members[from].Name) {
			t.Errorf("fault %+v", fault)
		}
	})
	t.Run("with too few of its members named", func(t *testing.T) {
		many := append(slices.Clone(c.members), leader.Member{Name: "a", Address: "127.0.0.1:1"}, leader.Member{Name: "b", Address: "127.0.0.1:1"}, leader.Member{Name: "c", Address: "127.0.0.1:1"})
		_, fault := leader.Move(t.Context(), c.access, many, c.members[from].Name, c.members[other].Name)
		wantFault(t, fault, v1alpha1.ReasonLeaderNotMoved, "b does not answer", "that is no majority")
	})
	if at := c.leads(t); at != from {
		t.Errorf("member %d leads after what was refused, want %d", at, from)
	}
}

// Of three members one is stuck: nothing is moved to it, and to the other it is.
func TestAStuckMember(t *testing.T) {
	c := start(t, 3)
	from := c.leads(t)
	stuck, well := (from+1)%3, (from+2)%3
	c.Members[stuck].Stop()
	began := time.Now()
	_, fault := c.move(t, from, stuck)
	wantFault(t, fault, v1alpha1.ReasonReplicaTimeout, c.members[stuck].Name)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("refused after %s", took)
	}
	if at := c.leads(t, stuck); at != from {
		t.Errorf("member %d leads, want %d", at, from)
	}
	if _, fault := c.move(t, from, well); fault != nil {
		t.Errorf("fault %+v", *fault)
	}
	if at := c.leads(t, stuck); at != well {
		t.Errorf("member %d leads, want %d", at, well)
	}
}

// Two of three members are gone: nothing is ordered.
func TestNoMajority(t *testing.T) {
	c := start(t, 3)
	from := c.leads(t)
	gone, left := (from+1)%3, (from+2)%3
	c.Members[gone].Kill()
	c.Members[left].Kill()
	_, fault := c.move(t, from, left)
	wantFault(t, fault, v1alpha1.ReasonReplicaTimeout, "asking "+c.members[left].Name)
}

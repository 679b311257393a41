// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package etcdcare_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/actuate/etcdcare"
	"evenkeel.dev/evenkeel/operator/actuate/leader"
	"evenkeel.dev/evenkeel/operator/etcdapi"
	"evenkeel.dev/evenkeel/operator/observe/etcdtest"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// cluster is a real etcd cluster.
type cluster struct {
	*etcdtest.Cluster
	t       *testing.T
	access  *access.Access
	members []etcdcare.Member
	calls   []*etcdapi.Client
}

func start(t *testing.T, n int, flags ...string) *cluster {
	t.Helper()
	c := &cluster{Cluster: etcdtest.Start(t, n, flags...), t: t}
	a, fault := access.ParseTLS(c.Secret, etcdtest.ServerName, time.Now())
	if fault != nil {
		t.Fatalf("access: %+v", *fault)
	}
	c.access = a
	for _, m := range c.Members {
		c.members = append(c.members, etcdcare.Member{Name: m.Name, UID: "uid-" + m.Name, Address: m.Address})
		calls, err := etcdapi.New(a, m.Address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(calls.Close)
		c.calls = append(c.calls, calls)
	}
	return c
}

func (c *cluster) status(i int) (*clientv3.StatusResponse, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
	defer cancel()
	return c.calls[i].Status(ctx, c.Members[i].Address)
}

// await waits until something is so.
func (c *cluster) await(what string, is func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if is() {
			return
		}
	}
	c.t.Fatalf("for 30 s not so: %s", what)
}

// leads waits until all members agree on a leader and have applied the same, and is its
// index.
func (c *cluster) leads() (at int) {
	c.t.Helper()
	c.await("one leader, and all keep up", func() bool {
		at = -1
		var applied []uint64
		for i := range c.Members {
			s, err := c.status(i)
			if err != nil || s.Leader == 0 {
				return false
			}
			if s.Leader == s.Header.GetMemberId() {
				at = i
			}
			applied = append(applied, s.RaftAppliedIndex)
		}
		return at >= 0 && slices.Max(applied) == slices.Min(applied)
	})
	return at
}

// write writes so many values of 64 KiB to as many keys as told, through the member, and is
// the revision of the last; it stops at the first error.
func (c *cluster) write(i, values, keys int) (revision int64, err error) {
	value := strings.Repeat("x", 64<<10)
	for n := range values {
		put, err := c.calls[i].Etcd.Put(c.t.Context(), "key-"+strconv.Itoa(n%keys), value)
		if err != nil {
			return revision, err
		}
		revision = put.Header.GetRevision()
	}
	return revision, nil
}

// sizes are the sizes of a member's file, and what is in use.
func (c *cluster) sizes(i int) (size, inUse int64) {
	c.t.Helper()
	s, err := c.status(i)
	if err != nil {
		c.t.Fatal(err)
	}
	return s.DbSize, s.DbSizeInUse
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

// A history is compacted on all three members, a follower's file shrinks by a
// defragmentation, and whatever is not as it must be is refused.
func TestAFollowerShrinks(t *testing.T) {
	c := start(t, 3)
	lead := c.leads()
	revision, err := c.write(lead, 160, 2) // 10 MiB, of which 128 KiB stay
	if err != nil {
		t.Fatal(err)
	}
	c.leads()
	follower, other := (lead+1)%3, (lead+2)%3
	f := c.members[follower]
	defragment := func(name, uid string, members []etcdcare.Member) (etcdcare.Done, *plane.Fault) {
		return etcdcare.Defragment(t.Context(), c.access, name, uid, members)
	}

	t.Run("a revision that has not been", func(t *testing.T) {
		_, fault := etcdcare.Compact(t.Context(), c.access, c.members, revision+1)
		wantFault(t, fault, v1alpha1.ReasonWriteFailed, "not done", "is at revision")
	})
	if _, fault := etcdcare.Compact(t.Context(), c.access, c.members, revision); fault != nil {
		t.Fatalf("compacting: %+v", *fault)
	}
	for i := range c.calls {
		_, err := c.calls[i].Etcd.Get(t.Context(), "key-0", clientv3.WithRev(revision-1), clientv3.WithSerializable())
		if !errors.Is(err, rpctypes.ErrCompacted) {
			t.Errorf("member %d still has what was before: %v", i, err)
		}
	}
	if _, fault := etcdcare.Compact(t.Context(), c.access, c.members, revision); fault != nil {
		t.Errorf("compacting what is compacted: %+v", *fault)
	}
	// What a compaction has freed counts as in use until the next write is committed.
	c.await("the follower to have dropped the history", func() bool {
		if _, err := c.write(lead, 1, 1); err != nil {
			t.Fatal(err)
		}
		size, inUse := c.sizes(follower)
		return inUse < size/2
	})

	t.Run("another pod of that name", func(t *testing.T) {
		_, fault := defragment(f.Name, "uid-of-before", c.members)
		wantFault(t, fault, v1alpha1.ReasonWriteFailed, "not done", "its pod is another one now")
	})
	t.Run("an address of another", func(t *testing.T) {
		wrong := slices.Clone(c.members)
		wrong[follower].Address = c.members[other].Address
		_, fault := defragment(f.Name, f.UID, wrong)
		wantFault(t, fault, v1alpha1.ReasonWriteFailed, "not done", "are one member")
	})
	t.Run("a member that nobody looks at", func(t *testing.T) {
		_, fault := defragment(f.Name, f.UID, []etcdcare.Member{c.members[lead], f})
		wantFault(t, fault, v1alpha1.ReasonWriteFailed, "not done", c.members[other].Name)
	})
	t.Run("a member that does not run", func(t *testing.T) {
		_, fault := defragment(f.Name, f.UID, append(slices.Clone(c.members), etcdcare.Member{Name: "etcd-3"}))
		wantFault(t, fault, v1alpha1.ReasonMembersUnseen, "etcd-3 does not run")
	})
	t.Run("the leader", func(t *testing.T) {
		_, fault := defragment(c.members[lead].Name, c.members[lead].UID, c.members)
		wantFault(t, fault, v1alpha1.ReasonWriteFailed, "not done", c.members[lead].Name+" leads")
	})
	t.Run("no alarm to take back", func(t *testing.T) {
		_, fault := etcdcare.Disarm(t.Context(), c.access, c.members)
		wantFault(t, fault, v1alpha1.ReasonWriteFailed, "no alarm is raised")
	})
	before, _ := c.sizes(follower)

	done, fault := defragment(f.Name, f.UID, c.members)
	if fault != nil {
		t.Fatalf("defragmenting: %+v", *fault)
	}
	size, inUse := c.sizes(follower)
	if size >= before/4 || done.From != before || done.To >= before {
		t.Errorf("%d bytes, %d in use, before %d; told %+v", size, inUse, before, done)
	}
	t.Logf("from %d to %d bytes in %s", done.From, done.To, done.Took)
	if same, _ := c.sizes(lead); same < before/2 {
		t.Errorf("the leader's file has %d bytes: it was defragmented as well", same)
	}

	t.Run("nothing to give back", func(t *testing.T) {
		_, fault := defragment(f.Name, f.UID, c.members)
		wantFault(t, fault, v1alpha1.ReasonNotReadBack, "as many as before or more")
	})
	t.Run("a member is gone", func(t *testing.T) {
		c.Members[other].Kill()
		c.await("a leader of two", func() bool {
			s, err := c.status(lead)
			return err == nil && s.Leader != 0
		})
		_, fault := defragment(f.Name, f.UID, c.members)
		wantFault(t, fault, v1alpha1.ReasonReplicaTimeout, "not done", c.members[other].Name)
		if _, fault := etcdcare.Compact(t.Context(), c.access, c.members, revision); fault == nil {
			t.Error("compacted while a member is gone")
		}
	})
}

// Two members with a vote can miss none; a single one can be asked to.
func TestFewMembers(t *testing.T) {
	two := start(t, 2)
	lead := two.leads()
	m := two.members[1-lead]
	_, fault := etcdcare.Defragment(t.Context(), two.access, m.Name, m.UID, two.members)
	wantFault(t, fault, v1alpha1.ReasonWriteFailed, "2 members with a vote")

	one := start(t, 1)
	one.leads()
	revision, err := one.write(0, 80, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, fault := etcdcare.Compact(t.Context(), one.access, one.members, revision); fault != nil {
		t.Fatalf("compacting: %+v", *fault)
	}
	done, fault := etcdcare.Defragment(t.Context(), one.access, "etcd-0", "uid-etcd-0", one.members)
	if fault != nil || done.To >= done.From/2 {
		t.Errorf("told %+v, fault %+v", done, fault)
	}
}

// A real etcd runs out of space and is led out of it: compacted, defragmented member by
// member, the leader last and as a follower, and the alarm taken back; not before there is
// room.
func TestOutOfSpace(t *testing.T) {
	const quota = 16 << 20
	c := start(t, 3, "--quota-backend-bytes=16777216")
	lead := c.leads()
	revision, err := c.write(lead, 1000, 2)
	if !errors.Is(err, rpctypes.ErrNoSpace) {
		t.Fatalf("after revision %d: %v, want no space", revision, err)
	}
	c.await("the alarm on every member", func() bool {
		for i := range c.Members {
			if s, err := c.status(i); err != nil || !strings.Contains(strings.Join(s.Errors, " "), "NOSPACE") {
				return false
			}
		}
		return true
	})
	_, fault := etcdcare.Disarm(t.Context(), c.access, c.members)
	wantFault(t, fault, v1alpha1.ReasonWriteFailed, "not done", "of a quota of 16777216")
	if _, err := c.write(lead, 1, 1); !errors.Is(err, rpctypes.ErrNoSpace) {
		t.Fatalf("a write while there is no space: %v", err)
	}
	// Deletions go on with the alarm, and are history that clients have yet to see.
	deleted, err := c.calls[lead].Etcd.Delete(t.Context(), "key-0")
	if err != nil || deleted.Header.GetRevision() <= revision {
		t.Fatalf("a deletion while there is no space: %v, %+v, after revision %d", err, deleted, revision)
	}

	if _, fault := etcdcare.Compact(t.Context(), c.access, c.members, revision); fault != nil {
		t.Fatalf("compacting: %+v", *fault)
	}
	_, fault = etcdcare.Disarm(t.Context(), c.access, c.members)
	wantFault(t, fault, v1alpha1.ReasonWriteFailed, "of a quota of 16777216")
	for i := range c.Members { // nothing is written meanwhile, and so no air is told
		size, inUse := c.sizes(i)
		t.Logf("member %d has %d bytes, %d in use", i, size, inUse)
	}
	for _, i := range []int{(lead + 1) % 3, (lead + 2) % 3} {
		// A follower drops what was compacted in its own time.
		c.await("the follower's file to shrink", func() bool {
			_, fault := etcdcare.Defragment(t.Context(), c.access, c.members[i].Name, c.members[i].UID, c.members)
			if fault != nil && fault.Reason != v1alpha1.ReasonNotReadBack {
				t.Fatalf("defragmenting follower %d: %+v", i, *fault)
			}
			size, _ := c.sizes(i)
			return size < quota/2
		})
	}
	_, fault = etcdcare.Disarm(t.Context(), c.access, c.members) // the leader is still full
	wantFault(t, fault, v1alpha1.ReasonWriteFailed, c.members[lead].Name+" has", "of a quota of 16777216")
	var others []leader.Member
	for _, m := range c.members {
		others = append(others, leader.Member{Name: m.Name, Address: m.Address})
	}
	if _, fault := leader.Move(t.Context(), c.access, others, c.members[lead].Name, c.members[(lead+1)%3].Name); fault != nil {
		t.Fatalf("moving the leader while there is no space: %+v", *fault)
	}
	c.leads()
	if _, fault := etcdcare.Defragment(t.Context(), c.access, c.members[lead].Name, c.members[lead].UID, c.members); fault != nil {
		t.Fatalf("defragmenting the leader of before: %+v", *fault)
	}
	done, fault := etcdcare.Disarm(t.Context(), c.access, c.members)
	if fault != nil {
		t.Fatalf("taking the alarm back: %+v", *fault)
	}
	t.Logf("taken back in %s", done.Took)
	for i := range c.Members {
		if size, _ := c.sizes(i); size >= quota/2 {
			t.Errorf("member %d has %d bytes", i, size)
		}
	}
	if _, err := c.write(lead, 4, 2); err != nil {
		t.Errorf("a write after the alarm was taken back: %v", err)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/etcdapi"
	"evenkeel.dev/evenkeel/operator/observe/etcdtest"
	"evenkeel.dev/evenkeel/recommender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// carer is a recommender that orders what a test tells it to, each once, and keeps what is
// seen to become of it.
type carer struct {
	mu      sync.Mutex
	orders  []plane.Step
	seen    []plane.Outcome
	profile plane.CareProfile
	members []plane.Member
}

func (c *carer) decide(s plane.Snapshot, p plane.Profile, m plane.Memory, now time.Time) (plane.Plan, plane.Memory) {
	plan, m := recommender.Decide(s, p, m, now)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.profile, c.members = p.Care, s.Members
	for _, o := range s.Outcomes {
		if strings.HasPrefix(o.Name, "etcd/") {
			c.seen = append(c.seen, o)
		}
	}
	plan.Steps = append(plan.Steps, c.orders...)
	c.orders = nil
	return plan, m
}

func (c *carer) order(steps ...plane.Step) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range steps {
		s.Apply, s.Reason = true, plane.Reason{Code: v1alpha1.ReasonFragmented, Message: fmt.Sprintf("test: %s %+v", s.Kind, *s.Etcd)}
		c.orders = append(c.orders, s)
	}
	c.seen = nil
}

// became is what became of what was ordered, in words.
func (c *carer) became() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []string
	for _, o := range c.seen {
		switch {
		case o.Fault != nil:
			all = append(all, string(o.Kind)+" "+o.Fault.Reason)
		case o.InForce.IsZero():
			all = append(all, string(o.Kind)+" ordered")
		default:
			all = append(all, string(o.Kind)+" done")
		}
	}
	return strings.Join(all, ", ")
}

func (w *world) awaitCare(c *carer, want string) {
	w.t.Helper()
	w.await(func() string {
		if got := c.became(); got != want {
			return fmt.Sprintf("of what was ordered became %q, want %q", got, want)
		}
		return ""
	})
}

// awaitCareDecision waits for a decision about a step whose outcome holds some words.
func (w *world) awaitCareDecision(kind plane.StepKind, applied bool, says string) {
	w.t.Helper()
	w.await(func() string {
		decisions := w.seen("acme").Status.Decisions
		for _, d := range decisions {
			if d.Step == string(kind) && d.Applied == applied && strings.Contains(d.Outcome, says) {
				return ""
			}
		}
		return fmt.Sprintf("no decision %s with an outcome that says %q: %+v", kind, says, decisions)
	})
}

// Steps about a real etcd are carried out beside the passes, one at a time; what becomes of
// each is seen by a later look and told with the decision.
func TestCareIsCarriedOutBesideThePasses(t *testing.T) {
	e := etcdtest.Start(t, 1)
	host, portText, err := net.SplitHostPort(e.Members[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		t.Fatal(err)
	}
	revision := fill(t, e)
	w, c := newWorld(t), &carer{}
	w.decide = c.decide
	w.etcd(1, host)
	w.create(&corev1.Secret{ObjectMeta: w.named("etcd-client"), Type: corev1.SecretTypeTLS, Data: e.Secret})
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		enforce(cpp)
		cpp.Spec.Etcd = &v1alpha1.EtcdSpec{
			TargetRef: v1alpha1.TargetRef{Kind: "StatefulSet", Name: "etcd"}, Port: int32(port), //nolint:gosec // a port
			ClientTLS: &v1alpha1.ClientTLSSpec{SecretRef: v1alpha1.SecretRef{Name: "etcd-client"}},
		}
	})
	w.start()
	w.awaitEtcd("True AsExpected", "all 1 members answer")
	if want := (plane.CareProfile{Mode: plane.Enforce, Fragmentation: 0.45, Reclaims: 100 << 20}); c.profile != want {
		t.Errorf("the profile is %+v, want %+v", c.profile, want)
	}
	w.await(func() string {
		m := w.seen("acme").Status.Members
		if len(m) != 1 || m[0].Name != "etcd-0" || m[0].Role != "Leader" || m[0].Database == nil || m[0].Database.Value() < 4<<20 || m[0].InUse == nil {
			return fmt.Sprintf("members %+v", m)
		}
		return ""
	})
	pod := &corev1.Pod{}
	if err := w.Get(t.Context(), client.ObjectKey{Namespace: w.ns, Name: "etcd-0"}, pod); err != nil {
		t.Fatal(err)
	}
	if m := c.members[0]; m.UID != string(pod.UID) || m.Node != "node-a" || m.Revision < revision {
		t.Errorf("member %+v", m)
	}

	defragment := func(uid string) plane.Step {
		return plane.Step{Kind: plane.Defragment, Etcd: &plane.EtcdStep{Member: "etcd-0", UID: uid}}
	}
	c.order(plane.Step{Kind: plane.Compact, Etcd: &plane.EtcdStep{Revision: revision}})
	w.awaitCare(c, "Compact ordered, Compact done")
	c.order(defragment("the UID of before"))
	w.awaitCare(c, "Defragment ordered, Defragment WriteFailed")
	w.awaitCareDecision(plane.Defragment, false, "its pod is another one now")
	c.order(defragment(string(pod.UID)), plane.Step{Kind: plane.Disarm, Etcd: &plane.EtcdStep{}})
	w.await(func() string { // the second finds the first under way, or no alarm
		if got := c.became(); !strings.Contains(got, "Defragment done") || !strings.Contains(got, "Disarm ") {
			return "became " + got
		}
		return ""
	})
	w.awaitCareDecision(plane.Defragment, true, "done, and read back")
	w.await(func() string {
		if m := w.seen("acme").Status.Members; len(m) != 1 || m[0].Database.Value() >= 4<<20 {
			return fmt.Sprintf("members %+v", m)
		}
		return ""
	})
}

// fill writes 8 MiB to one key, and is the revision of the last.
func fill(t *testing.T, e *etcdtest.Cluster) (revision int64) {
	t.Helper()
	a, refused := access.ParseTLS(e.Secret, "", time.Now())
	if refused != nil {
		t.Fatalf("access: %+v", *refused)
	}
	calls, err := etcdapi.New(a, e.Members[0].Address)
	if err != nil {
		t.Fatal(err)
	}
	defer calls.Close()
	for range 128 {
		put, err := calls.Etcd.Put(t.Context(), "key", strings.Repeat("x", 64<<10))
		if err != nil {
			t.Fatal(err)
		}
		revision = put.Header.GetRevision()
	}
	return revision
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
)

// TestBackoff lets a container run for a while again and again, and asks how long
// each restart waits.
func TestBackoff(t *testing.T) {
	second := time.Second
	for name, c := range map[string]struct{ runs, want []time.Duration }{
		"crashes at once":           {[]time.Duration{0, 0, 0, 0, 0, 0, 0, 0}, []time.Duration{0, 10 * second, 20 * second, 40 * second, 80 * second, 160 * second, 300 * second, 300 * second}},
		"runs longer than it waits": {[]time.Duration{0, 0, time.Minute, 0}, []time.Duration{0, 10 * second, 20 * second, 40 * second}},
		"starts over in the end":    {[]time.Duration{0, 0, 11 * time.Minute, 0}, []time.Duration{0, 10 * second, 0, 10 * second}},
	} {
		now := time.Unix(1_000_000, 0)
		var b backoff
		var got []time.Duration
		for _, run := range c.runs {
			exited := now.Add(run)
			wait, _ := b.remaining(exited, exited)
			got = append(got, wait)
			now = exited.Add(wait)
			if left, _ := b.remaining(exited, now); left != 0 {
				t.Errorf("%s: after waiting %s there is %s left", name, wait, left)
			}
			b.restart(exited, now)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func member(uid, pool, index string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid), Annotations: map[string]string{poolAnnotation: pool}, Labels: map[string]string{}}}
	if index != "" {
		p.Labels[appsPodIndex] = index
	}
	return p
}

func TestPoolAddresses(t *testing.T) {
	a := newAddresses(netip.MustParsePrefix("127.81.0.0/16"))
	for _, c := range []struct{ uid, pool, index, want, problem string }{
		{"u0", "127.90.1.0/28", "0", "127.90.1.10", ""},
		{"u2", "127.90.1.0/28", "2", "127.90.1.12", ""},
		{"u2", "127.90.1.0/28", "2", "127.90.1.12", ""}, // the same again
		{"other", "127.90.1.0/28", "2", "", "address 127.90.1.12 is held by pod u2"},
		{"u6", "127.90.1.0/28", "6", "", "address pool 127.90.1.0/28 has no address for ordinal 6"},
		{"x", "127.90.1.0/28", "", "", "annotation testbed.evenkeel.dev/address-pool is for the pods of a StatefulSet: label apps.kubernetes.io/pod-index is missing"},
		{"x", "nonsense", "0", "", `annotation testbed.evenkeel.dev/address-pool: "nonsense" is not an IPv4 range`},
	} {
		got, err := a.give(member(c.uid, c.pool, c.index))
		problem := ""
		if err != nil {
			problem = err.Error()
		}
		if got != c.want || problem != c.problem {
			t.Errorf("%s: %q, %q, want %q, %q", c.uid, got, problem, c.want, c.problem)
		}
	}
	a.back("u2")
	if got, err := a.give(member("other", "127.90.1.0/28", "2")); got != "127.90.1.12" || err != nil {
		t.Errorf("given back, it is not given again: %q, %v", got, err)
	}
}

// However pods come and go, no two have the same address, all are in the range,
// and one is found as long as one is free.
func TestAddressesAreUnique(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cidr := netip.MustParsePrefix("127.81.0.0/28")
		a, holders := newAddresses(cidr), map[string]types.UID{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			uid := types.UID(rapid.StringMatching(`[a-t]`).Draw(t, "pod"))
			if rapid.Bool().Draw(t, "goes") {
				a.back(uid)
				for address, holder := range holders {
					if holder == uid {
						delete(holders, address)
					}
				}
				continue
			}
			address, err := a.give(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: uid}})
			if err != nil {
				if len(holders) < 15 { // 16 but the network's own
					t.Fatalf("with %d addresses held: %v", len(holders), err)
				}
				continue
			}
			if holder, taken := holders[address]; taken || !cidr.Contains(netip.MustParseAddr(address)) {
				t.Fatalf("%s got %s, which %q holds", uid, address, holder)
			}
			holders[address] = uid
		}
	})
}

func list(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

func TestLedger(t *testing.T) {
	capacity := list("4", "8Gi")
	capacity[corev1.ResourcePods] = resource.MustParse("2")
	l := newLedger(capacity)
	for _, c := range []struct {
		uid, cpu, memory string
		never            bool
		want             string
	}{
		{"a", "3", "1Gi", false, ""},
		{"a", "1", "1Gi", false, ""}, // in place of what it has
		{"b", "3500m", "1Gi", false, "Node didn't have enough resource: cpu, requested: 3500, used: 1000, capacity: 4000"},
		{"b", "5", "1Gi", true, "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"},
		{"b", "1", "9Gi", true, "Node didn't have enough capacity: memory, requested: 9663676416, capacity: 8589934592"},
		{"b", "3", "7Gi", false, ""},
		{"c", "0", "0", false, "Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2"},
		{"a", "0", "0", false, ""},
	} {
		s := l.take(types.UID(c.uid), list(c.cpu, c.memory))
		said := ""
		if s != nil {
			said = s.String()
		}
		if said != c.want || s != nil && s.never != c.never {
			t.Errorf("%s wants %s and %s: %q, want %q", c.uid, c.cpu, c.memory, said, c.want)
		}
	}
	l.back("b")
	if s := l.take("c", list("4", "8Gi")); s != nil {
		t.Errorf("given back, it is still held: %s", s)
	}
}

func TestRequests(t *testing.T) {
	with := func(lists ...corev1.ResourceList) []corev1.Container {
		var containers []corev1.Container
		for _, l := range lists {
			containers = append(containers, corev1.Container{Resources: corev1.ResourceRequirements{Requests: l}})
		}
		return containers
	}
	got := requests(&corev1.PodSpec{InitContainers: with(list("1", "4Gi"), list("2", "1Gi")), Containers: with(list("1500m", "1Gi"), list("1", "1Gi"), nil)})
	if want := list("2500m", "4Gi"); got.Cpu().Cmp(*want.Cpu()) != 0 || got.Memory().Cmp(*want.Memory()) != 0 {
		t.Errorf("requests are %v, want %v", got, want)
	}
}

func TestImage(t *testing.T) {
	o := Options{Images: map[string][]string{"registry.k8s.io/etcd": {"/bin/etcd"}, "localhost:5000/x": {"/bin/x"}, "empty": {}}}
	for name, want := range map[string]bool{
		"registry.k8s.io/etcd": true, "registry.k8s.io/etcd:v3.7.3": true, "registry.k8s.io/etcd@sha256:0": true, "registry.k8s.io/etcd:v3@sha256:0": true,
		"localhost:5000/x": true, "localhost:5000/x:1": true, "etcd": false, "empty": false,
	} {
		if _, got := o.image(name); got != want {
			t.Errorf("image %q is known: %t, want %t", name, got, want)
		}
	}
}

// TestRestore: what an earlier agent's containers were, and what they are to this
// one.
func TestRestore(t *testing.T) {
	at := time.Unix(1000, 0)
	ended := &corev1.ContainerStateTerminated{ExitCode: 3}
	for name, c := range map[string]struct {
		status corev1.ContainerStatus
		ran    bool
		code   int32
	}{
		"was running": {corev1.ContainerStatus{RestartCount: 2, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}, true, 255},
		"had ended":   {corev1.ContainerStatus{RestartCount: 2, State: corev1.ContainerState{Terminated: ended}}, true, 3},
		"was backing off": {corev1.ContainerStatus{
			RestartCount: 2, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}, LastTerminationState: corev1.ContainerState{Terminated: ended},
		}, true, 3},
		"had not started": {corev1.ContainerStatus{RestartCount: 2, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}}}, false, 0},
	} {
		var got container
		got.restore(&c.status, at)
		if got.restarts != 2 || got.ran != c.ran || (got.exited != nil) != c.ran || got.exited != nil && got.exited.ExitCode != c.code {
			t.Errorf("%s: restarts %d, ran %t, exited %+v", name, got.restarts, got.ran, got.exited)
		}
	}
}

func TestDifference(t *testing.T) {
	before := corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue}}}
	if patch, err := difference("u", before, *before.DeepCopy()); patch != nil || err != nil {
		t.Errorf("equal statuses differ: %s, %v", patch, err)
	}
	after := *before.DeepCopy()
	after.Phase = corev1.PodRunning
	patch, err := difference("u", before, after)
	if want := `{"metadata":{"uid":"u"},"status":{"phase":"Running"}}`; string(patch) != want || err != nil {
		t.Errorf("difference = %s, %v, want %s", patch, err, want)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package evict_test

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/evict"
	"evenkeel.dev/evenkeel/operator/actuate/hosttest"
	"evenkeel.dev/evenkeel/recommender/plane"
)

func TestMain(m *testing.M) { hosttest.Main(m) }

// member is a host with a pod that runs.
func member(t *testing.T) (*hosttest.Host, *corev1.Pod) {
	t.Helper()
	h := hosttest.New(t)
	pod := h.Pod("etcd-0", hosttest.Requests("500m", "512Mi"))
	h.Run(t, pod)
	return h, pod
}

// budget is a disruption budget over the pod, counted as its controller would.
func budget(t *testing.T, h *hosttest.Host, name string, allowed int32) *policyv1.PodDisruptionBudget {
	t.Helper()
	b := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: h.Namespace, Name: name},
		Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: new(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "etcd-0"}}},
	}
	h.Create(t, b)
	count(t, h, b, allowed)
	return b
}

func count(t *testing.T, h *hosttest.Host, b *policyv1.PodDisruptionBudget, allowed int32) {
	t.Helper()
	b.Status = policyv1.PodDisruptionBudgetStatus{ObservedGeneration: b.Generation, DisruptionsAllowed: allowed, DesiredHealthy: 2, CurrentHealthy: 2 + allowed, ExpectedPods: 3}
	if err := h.Status().Update(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, h *hosttest.Host, pod *corev1.Pod) *plane.Fault {
	t.Helper()
	return evict.Pod(t.Context(), h, h, client.ObjectKeyFromObject(pod), pod.UID)
}

func ending(t *testing.T, h *hosttest.Host, pod *corev1.Pod) bool {
	t.Helper()
	var now corev1.Pod
	if err := h.Get(t.Context(), client.ObjectKeyFromObject(pod), &now); err != nil {
		t.Fatal(err)
	}
	return now.DeletionTimestamp != nil
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

// The budget decides: first none, then one, and that one is then used up.
func TestTheBudgetIsHeeded(t *testing.T) {
	h, pod := member(t)
	b := budget(t, h, "etcd", 0)
	wantFault(t, do(t, h, pod), v1alpha1.ReasonEvictionBlocked, "evicting pod "+h.Namespace+"/etcd-0", "The disruption budget etcd needs 2 healthy pods and has 2 currently", "tried again")
	if ending(t, h, pod) {
		t.Fatal("evicted without a budget")
	}
	count(t, h, b, 1)
	if f := do(t, h, pod); f != nil {
		t.Fatalf("fault %+v", *f)
	}
	if !ending(t, h, pod) {
		t.Error("it is not ending")
	}
	if err := h.Get(t.Context(), client.ObjectKeyFromObject(b), b); err != nil || b.Status.DisruptionsAllowed != 0 {
		t.Errorf("error %v, the budget allows %d more", err, b.Status.DisruptionsAllowed)
	}
}

// The API has the client wait for longer than an eviction may take.
func TestABudgetNotYetCounted(t *testing.T) {
	h, pod := member(t)
	b := budget(t, h, "etcd", 1)
	b.Spec.MaxUnavailable = new(intstr.FromInt32(2))
	if err := h.Update(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	wantFault(t, do(t, h, pod), v1alpha1.ReasonWriteFailed, "has not been counted")
	if ending(t, h, pod) {
		t.Error("evicted by a budget that is not counted")
	}
}

func TestSeveralBudgets(t *testing.T) {
	h, pod := member(t)
	budget(t, h, "etcd", 1)
	budget(t, h, "all", 1)
	wantFault(t, do(t, h, pod), v1alpha1.ReasonEvictionBlocked, "more than one PodDisruptionBudget", "leave one budget")
}

func TestOnlyThePodThatWasMeant(t *testing.T) {
	h, pod := member(t)
	another := pod.DeepCopy()
	another.UID = "another"
	wantFault(t, do(t, h, another), v1alpha1.ReasonTargetNotFound, "replaced")
	if ending(t, h, pod) {
		t.Error("evicted under another's UID")
	}
	another.Name = "etcd-9"
	wantFault(t, do(t, h, another), v1alpha1.ReasonTargetNotFound, `"etcd-9" not found`)
}

func TestTheRightToEvict(t *testing.T) {
	h, pod := member(t)
	reads := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}}
	key := client.ObjectKeyFromObject(pod)
	c := h.As(t, "onlooker", reads)
	wantFault(t, evict.Pod(t.Context(), c, c, key, pod.UID), v1alpha1.ReasonAccessDenied, `cannot create resource "pods/eviction"`, "grant create on pods/eviction")
	c = h.As(t, "evictor", reads, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods/eviction"}, Verbs: []string{"create"}})
	if f := evict.Pod(t.Context(), c, c, key, pod.UID); f != nil {
		t.Errorf("fault %+v", *f)
	}
}

// An eviction that nobody answers ends in time.
func TestBounded(t *testing.T) {
	h, pod := member(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	stuck := stuck{h.Client}
	wantFault(t, evict.Pod(ctx, h, stuck, client.ObjectKeyFromObject(pod), pod.UID), v1alpha1.ReasonWriteFailed, "deadline exceeded")
}

// stuck never answers.
type stuck struct{ client.Client }

func (s stuck) SubResource(name string) client.SubResourceClient {
	return stuckToo{s.Client.SubResource(name)}
}

type stuckToo struct{ client.SubResourceClient }

func (stuckToo) Create(ctx context.Context, _, _ client.Object, _ ...client.SubResourceCreateOption) error {
	if _, bounded := ctx.Deadline(); !bounded {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// An API that says evicted and leaves the pod running is not believed.
func TestReadBack(t *testing.T) {
	h, pod := member(t)
	wantFault(t, evict.Pod(t.Context(), h, liar{h.Client}, client.ObjectKeyFromObject(pod), pod.UID), v1alpha1.ReasonNotReadBack, "it is not being deleted")
}

type liar struct{ client.Client }

func (l liar) SubResource(name string) client.SubResourceClient {
	return liarToo{l.Client.SubResource(name)}
}

type liarToo struct{ client.SubResourceClient }

func (l liarToo) Create(ctx context.Context, o, sub client.Object, opts ...client.SubResourceCreateOption) error {
	return l.SubResourceClient.Create(ctx, o, sub, append(opts, client.DryRunAll)...)
}

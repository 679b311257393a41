// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// budget makes a disruption budget, and has it counted as its controller would: so many
// there are to be, are, must stay. The status is of the generation before where it is late.
func (w *world) budget(name string, spec policyv1.PodDisruptionBudgetSpec, expected, healthy, desired int32, late bool) {
	w.t.Helper()
	b := &policyv1.PodDisruptionBudget{ObjectMeta: w.named(name), Spec: spec}
	w.create(b)
	b.Status = policyv1.PodDisruptionBudgetStatus{
		ObservedGeneration: b.Generation, ExpectedPods: expected, CurrentHealthy: healthy, DesiredHealthy: desired, DisruptionsAllowed: max(0, healthy-desired),
	}
	if late {
		b.Status.ObservedGeneration--
	}
	if err := w.Status().Update(w.t.Context(), b); err != nil {
		w.t.Fatal(err)
	}
}

// The budgets over the pods are seen with their counts, and no others.
func TestTheBudgetsAreSeen(t *testing.T) {
	w := newWorld(t)
	d := &looked{}
	w.decide = d.decide
	one, all, own := intstr.FromInt32(1), intstr.FromString("100%"), &metav1.LabelSelector{MatchLabels: map[string]string{"app": "kube-apiserver"}}
	w.budget("apiserver", policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one, Selector: own}, 2, 2, 1, false)
	w.budget("everything", policyv1.PodDisruptionBudgetSpec{MinAvailable: &all, Selector: &metav1.LabelSelector{}}, 2, 2, 2, false)
	w.budget("late", policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one, Selector: own}, 2, 2, 1, true)
	w.budget("nothing", policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one}, 0, 0, 0, false)
	w.budget("other", policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "etcd"}}}, 0, 0, 0, false)
	w.profile("acme", nil)
	w.start()
	want := []plane.DisruptionBudget{
		{Name: "apiserver", Component: sizing.APIServer, Covers: 2, Allowed: 1, Expected: 2, Healthy: 2, Desired: 1, Rule: "maxUnavailable: 1"},
		{Name: "everything", Component: sizing.APIServer, Covers: 2, Allowed: 0, Expected: 2, Healthy: 2, Desired: 2, Rule: "minAvailable: 100%"},
		{Name: "late", Component: sizing.APIServer, Covers: 2, Rule: "maxUnavailable: 1"},
	}
	w.await(func() string { return cmp.Diff(want, d.seen().Host.Budgets) })
	if f := d.seen().Host.BudgetsFault; f != nil {
		t.Errorf("%+v", f)
	}
}

// An operator that may not list budgets says so and goes on; when it may, it sees them.
func TestBudgetsThatMayNotBeListed(t *testing.T) {
	w := newWorld(t)
	d := &looked{}
	w.nodeIn("a", "a0", nil) // which one of the two could run on
	w.decide, w.as, w.ungrantedBudgets = d.decide, w.without(t, "poddisruptionbudgets"), true
	w.profile("acme", nil)
	w.start()
	w.awaitReady("acme", "True RecommendOnly")
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "False NodeShared", "; the operator may not list PodDisruptionBudgets: grant it (manifests/rbac/operator.yaml)")
	looks := w.tenant.count(func(f *tenant) int { return f.looks })
	w.awaitMore("looks", 5, looks) // which a cache that never has them does not hold up
	w.create(&rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: w.ns + "-all"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "evenkeel"},
		Subjects: []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: w.ns}},
	})
	w.ahead.Add(int64(2 * time.Minute))
	w.await(func() string {
		w.ahead.Add(int64(10 * time.Second))
		if f := d.seen().Host.BudgetsFault; f != nil {
			return f.Message
		}
		return ""
	})
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "False NodeShared", "no PodDisruptionBudget covers its pods")
}

// without is an operator with the shipped rights but for one resource, and the Secrets of
// the test's namespace.
func (w *world) without(t *testing.T, resource string) *rest.Config {
	t.Helper()
	var role rbacv1.ClusterRole
	if err := w.Get(t.Context(), client.ObjectKey{Name: "evenkeel"}, &role); err != nil {
		t.Fatal(err)
	}
	less := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: w.ns}, Rules: slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool {
		return slices.Contains(r.Resources, resource)
	})}
	less.Rules = append(less.Rules, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}})
	w.create(less)
	w.create(&rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: w.ns}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: w.ns},
		Subjects: []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: w.ns}},
	})
	config := rest.CopyConfig(host.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: w.ns}
	return config
}

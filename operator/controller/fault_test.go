// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// What a profile gets that is wrong: a reason and what to do, and a tenant that
// nobody has written to.
func TestWhatIsWrongBecomesAConditionAndNothingIsWritten(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(w *world, cpp *v1alpha1.ControlPlaneProfile)
		want  string
		says  []string
	}{
		{"no such Deployment", func(_ *world, cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.TargetRef.Name = "apiserver" },
			"False TargetNotFound", []string{"there is no Deployment apiserver", "create it, or correct apiServer.targetRef"}},
		{"no such StatefulSet", func(_ *world, cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.TargetRef.Kind = "StatefulSet" },
			"False TargetNotFound", []string{"there is no StatefulSet kube-apiserver"}},
		{"no such container", func(_ *world, cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.Container = "apiserver" },
			"False TargetInvalid", []string{"has no container named apiserver", "correct apiServer.container"}},
		{"no such Secret", func(w *world, _ *v1alpha1.ControlPlaneProfile) {
			if err := w.Delete(w.t.Context(), &corev1.Secret{ObjectMeta: w.named("access")}); err != nil {
				w.t.Fatal(err)
			}
		}, "False AccessSecretNotFound", []string{"there is no Secret access", "create it with a kubeconfig under the key kubeconfig"}},
		{"no such key", func(_ *world, cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Access.KubeconfigSecretRef.Key = "value" },
			"False AccessSecretNotFound", []string{"Secret access has no key value"}},
		{"a Secret that may not be read", func(w *world, _ *v1alpha1.ControlPlaneProfile) {
			if err := w.Delete(w.t.Context(), &rbacv1.RoleBinding{ObjectMeta: w.named("evenkeel")}); err != nil {
				w.t.Fatal(err)
			}
		}, "False AccessDenied", []string{"may not read Secret access", "apply manifests/tenant-namespace"}},
		{"a Secret of somebody else", func(_ *world, cpp *v1alpha1.ControlPlaneProfile) {
			cpp.Spec.Access.KubeconfigSecretRef.Name = "another"
		}, "False AccessDenied", []string{"may not read Secret another"}},
		{"a kubeconfig that is none", func(w *world, _ *v1alpha1.ControlPlaneProfile) {
			w.secret([]byte("garbage"))
		}, "False AccessInvalid", []string{"Secret access: the kubeconfig is not YAML"}},
		{"certificates that have expired", func(w *world, _ *v1alpha1.ControlPlaneProfile) { w.ahead.Store(int64(100 * 365 * 24 * time.Hour)) },
			"False AccessExpired", []string{"Secret access: ", "expired"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			bad := func(cpp *v1alpha1.ControlPlaneProfile) {
				cpp.Spec.Mode = v1alpha1.ModeEnforce
				c.spoil(w, cpp)
			}
			w.profile("acme", bad)
			w.start()
			told := w.awaitReady("acme", c.want)
			for _, s := range c.says {
				if !strings.Contains(told, s) {
					t.Errorf("the condition says %q, want %q in it", told, s)
				}
			}
			w.await(func() string {
				if all := strings.Join(w.events(), "\n"); !strings.Contains(all, "Warning|"+strings.Fields(c.want)[1]+"|Hold|") {
					return "no event tells of it: " + all
				}
				return ""
			})
			for _, condition := range w.seen("acme").Status.Conditions {
				if condition.Type != v1alpha1.ConditionReady && condition.Status != metav1.ConditionUnknown {
					t.Errorf("%s is %s, want Unknown: nothing vouches for it", condition.Type, condition.Status)
				}
			}
			if w.tenant.opened != 0 || len(w.tenant.applied) != 0 {
				t.Errorf("the tenant was opened %d times, %d steps applied, want none", w.tenant.opened, len(w.tenant.applied))
			}
		})
	}
}

// secret replaces what the access Secret holds.
func (w *world) secret(kubeconfig []byte) {
	w.t.Helper()
	s := &corev1.Secret{ObjectMeta: w.named("access"), Data: map[string][]byte{"kubeconfig": kubeconfig}}
	if err := w.Update(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
}

// What was wrong is seen to be mended without anybody telling the operator.
func TestWhatIsMendedIsSeen(t *testing.T) {
	w := newWorld(t)
	w.secret([]byte("garbage"))
	w.profile("acme", nil)
	w.start()
	w.awaitReady("acme", "False AccessInvalid")
	w.secret(host.kubeconfig)
	w.awaitReady("acme", "True RecommendOnly")
	w.await(func() string {
		if all := strings.Join(w.events(), "\n"); !strings.Contains(all, "Normal|RecommendOnly|Recover|") {
			return "no event tells of it: " + all
		}
		return ""
	})
}

// A workload that goes away takes the connections with it.
func TestAWorkloadThatGoesAwayIsLetGoOf(t *testing.T) {
	w := newWorld(t)
	w.profile("acme", nil)
	w.start()
	w.awaitReady("acme", "True RecommendOnly")
	if err := w.Delete(t.Context(), &appsv1.Deployment{ObjectMeta: w.named("kube-apiserver")}); err != nil {
		t.Fatal(err)
	}
	w.awaitReady("acme", "False TargetNotFound")
	w.await(func() string {
		if n := w.tenant.count(func(f *tenant) int { return f.closed })(); n != 1 {
			return fmt.Sprintf("the tenant was closed %d times, want once", n)
		}
		return ""
	})
}

// Of two profiles for one target the older has it, and the other nothing to do
// with the tenant.
func TestTheOlderOfTwoProfilesHasTheTarget(t *testing.T) {
	w := newWorld(t)
	w.profile("b", nil)
	time.Sleep(1100 * time.Millisecond) // creation is stamped in whole seconds
	w.profile("a", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeEnforce })
	w.start()
	w.awaitReady("b", "True RecommendOnly")
	told := w.awaitReady("a", "False TargetTaken")
	if !strings.Contains(told, "belongs to the older profile b") {
		t.Errorf("the condition says %q, want it to name profile b", told)
	}
	if len(w.seen("a").Finalizers) != 0 {
		t.Errorf("the younger profile has finalizers %v, want none", w.seen("a").Finalizers)
	}
	if err := w.Delete(t.Context(), w.seen("b")); err != nil {
		t.Fatal(err)
	}
	w.awaitReady("a", "True AsExpected")
}

// A replica that cannot be observed is told of, with the others' figures kept.
func TestABlindReplicaIsToldOf(t *testing.T) {
	w := newWorld(t)
	w.tenant.fault = &plane.Fault{Reason: v1alpha1.ReasonReplicaTimeout, Message: "GET /metrics of 127.77.0.1:6443 took more than 3 s"}
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeEnforce })
	w.start()
	told := w.awaitReady("acme", "False ReplicaTimeout")
	if !strings.Contains(told, "Limits are held as they are") {
		t.Errorf("the condition says %q", told)
	}
	status := w.seen("acme").Status
	if c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionObserved); c == nil || c.Status != metav1.ConditionFalse {
		t.Errorf("Observed is %+v, want False", c)
	}
	if len(status.Replicas) != 2 || !strings.HasPrefix(status.Replicas[0].Fault, "ReplicaTimeout: GET /metrics") {
		t.Errorf("the replicas are %+v, want two with their fault", status.Replicas)
	}
}

// A tenant that hangs holds up nobody else.
func TestATenantThatHangsHoldsUpNobody(t *testing.T) {
	hanging := newWorld(t)
	hanging.tenant.hang = make(chan struct{})
	hanging.profile("hangs", nil)
	other := newWorld(t)
	other.profile("acme", nil)
	hanging.start()
	other.start()
	other.awaitReady("acme", "True RecommendOnly")
	other.awaitMore("looks", 3, other.tenant.count(func(f *tenant) int { return f.looks }))
	if state, _ := hanging.ready("hangs"); state != "" {
		t.Errorf("the hanging tenant's profile is Ready %s, want nothing yet", state)
	}
	close(hanging.tenant.hang)
	hanging.awaitReady("hangs", "True RecommendOnly")
}

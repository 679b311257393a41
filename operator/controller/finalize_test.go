// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// held makes a profile that enforces, and waits until it has its finalizer.
func (w *world) held(name string) {
	w.t.Helper()
	w.profile(name, enforce)
	w.await(func() string {
		if cpp := w.seen(name); len(cpp.Finalizers) == 0 || len(cpp.Status.Conditions) == 0 {
			return "the profile has no finalizer"
		}
		return ""
	})
}

func (w *world) delete(name string) {
	w.t.Helper()
	if err := w.Delete(w.t.Context(), w.seen(name)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) awaitGone(name string) {
	w.t.Helper()
	w.await(func() string {
		if cpp := w.seen(name); cpp.Name != "" {
			return fmt.Sprintf("profile %s is still there: %+v", name, cpp.Status.Conditions)
		}
		return ""
	})
}

func (w *world) left() int {
	return w.tenant.count(func(f *tenant) int { return f.left })()
}

func TestADeletedProfileLeavesItsTenantAsFound(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.held("acme")
	w.delete("acme")
	w.awaitGone("acme")
	if w.left() != 1 {
		t.Errorf("the tenant was left as found %d times, want once", w.left())
	}
	w.await(func() string {
		if w.tenant.count(func(f *tenant) int { return f.closed })() == 0 {
			return "its connections are still open"
		}
		return ""
	})
}

// A tenant that cannot be reached keeps the profile, which says so; without the
// Secret there is no way in any more, and the profile is let go of.
func TestAnUnreachableTenantKeepsTheProfileUntilItsSecretIsGone(t *testing.T) {
	w := newWorld(t)
	w.start()
	w.held("acme")
	w.tenant.with(func(f *tenant) { f.leave = errors.New("connection refused") })
	w.delete("acme")
	told := w.awaitReady("acme", "False TenantUnreachable")
	if !strings.Contains(told, "connection refused") || !strings.Contains(told, "delete its access Secret to let go of it") {
		t.Errorf("the condition says %q", told)
	}
	if err := w.Delete(t.Context(), &corev1.Secret{ObjectMeta: w.named("access")}); err != nil {
		t.Fatal(err)
	}
	w.poke("acme")
	w.awaitGone("acme")
	w.await(func() string {
		if all := strings.Join(w.events(), "\n"); !strings.Contains(all, "Warning|AccessSecretNotFound|Abandon|what was written in the tenant is left in place") {
			return "no event tells of it: " + all
		}
		return ""
	})
}

// poke has a profile looked at now rather than at the next try.
func (w *world) poke(name string) {
	w.t.Helper()
	w.change(name, func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Annotations = map[string]string{"test": "now"} })
}

// In a namespace that is deleted the right to read the Secret may go first.
func TestANamespaceThatIsDeletedIsLetGoOf(t *testing.T) {
	w := newWorld(t)
	stop := w.start()
	w.held("acme")
	stop()
	for _, o := range []*rbacv1.RoleBinding{{ObjectMeta: w.named("evenkeel")}} {
		if err := w.Delete(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	w.delete("acme")
	w.start()
	w.awaitReady("acme", "False AccessDenied")
	w.dying = true
	if err := w.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.ns}}); err != nil {
		t.Fatal(err)
	}
	w.poke("acme")
	w.awaitGone("acme")
}

// Whoever has the target by now: what a profile wrote is taken back when it goes.
func TestAProfileThatLostItsTargetStillLeavesAsFound(t *testing.T) {
	w := newWorld(t)
	w.deployment("another")
	w.profile("older", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.TargetRef.Name = "another" })
	time.Sleep(1100 * time.Millisecond) // creation is stamped in whole seconds
	w.start()
	w.held("younger")
	w.change("older", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.TargetRef.Name = "kube-apiserver" })
	w.awaitReady("younger", "False TargetTaken")
	w.delete("younger")
	w.awaitGone("younger")
	if w.left() != 1 {
		t.Errorf("the tenant was left as found %d times, want once", w.left())
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// disruptionController runs the host cluster's own controller of disruption budgets until
// the test ends.
func disruptionController(t *testing.T) {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, host.adminKubeconfig, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kube-controller-manager"), //nolint:gosec // our own
		"--kubeconfig="+kubeconfig, "--controllers=disruption-controller", "--leader-elect=false",
		"--bind-address=127.0.0.1", "--secure-port="+port, "--cert-dir="+t.TempDir())
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // it may have ended with the test's context
		_ = c.Wait()
		if raw, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("%s", raw[max(0, len(raw)-4000):])
		}
	})
}

// ofSet makes pods of a StatefulSet that is there, each on a node.
func (w *world) ofSet(s *appsv1.StatefulSet, nodes []string) {
	w.t.Helper()
	for i, node := range nodes {
		spec := s.Spec.Template.Spec
		spec.NodeName = node
		w.podOf(s, i, spec)
	}
}

// podOf makes the i-th pod of a StatefulSet that is there, ready.
func (w *world) podOf(s *appsv1.StatefulSet, i int, spec corev1.PodSpec) {
	w.t.Helper()
	p := &corev1.Pod{ObjectMeta: w.named(s.Name + "-" + strconv.Itoa(i)), Spec: spec}
	p.Labels = s.Spec.Template.Labels
	p.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
	w.create(p)
	ip := fmt.Sprintf("127.78.0.%d", i+1)
	p.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	if err := w.Status().Update(w.t.Context(), p); err != nil {
		w.t.Fatal(err)
	}
}

// Budgets as the host cluster's own controller counts them: none, one that never allows
// anything, one too many, and the one that is needed.
func TestBudgetsAsTheyAreCounted(t *testing.T) {
	disruptionController(t)
	w := newWorld(t)
	d := &looked{}
	w.decide = d.decide
	labels := map[string]string{"app": "plane"}
	s := &appsv1.StatefulSet{ObjectMeta: w.named("plane"), Spec: appsv1.StatefulSetSpec{
		Replicas: new(int32(3)), Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       w.deploymentPod("kube-apiserver", "--max-requests-inflight=200", "--max-mutating-requests-inflight", "100").Spec,
		},
	}}
	w.create(s)
	w.ofSet(s, []string{w.nodeIn("a", "a1", nil), w.nodeIn("b", "b1", nil), w.nodeIn("c", "c1", nil)})
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		threeZones(cpp)
		cpp.Spec.APIServer.TargetRef = v1alpha1.TargetRef{Kind: "StatefulSet", Name: "plane"}
	})
	w.start()
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "False NoDisruptionBudget", "apiServer: no PodDisruptionBudget covers its pods")

	selector, three, one := &metav1.LabelSelector{MatchLabels: labels}, intstr.FromInt32(3), intstr.FromInt32(1)
	blocks := &policyv1.PodDisruptionBudget{ObjectMeta: w.named("blocks"), Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: &three, Selector: selector}}
	w.create(blocks)
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "False DisruptionBudgetBlocks", "PodDisruptionBudget blocks (minAvailable: 3) lets none of 3 pods go even when all are well")
	w.create(&policyv1.PodDisruptionBudget{ObjectMeta: w.named("plane"), Spec: policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one, Selector: selector}})
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "False DisruptionBudgetTwice", "its pods are under 2 PodDisruptionBudgets (blocks, plane)")
	if err := w.Delete(t.Context(), blocks); err != nil {
		t.Fatal(err)
	}
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "True AsExpected", "every component is spread over 3 zones")
	w.await(func() string {
		if b := d.seen().Host.Budgets; len(b) != 1 || b[0] != (plane.DisruptionBudget{
			Name: "plane", Component: "apiServer", Covers: 3, Allowed: 1, Expected: 3, Healthy: 3, Desired: 2, Rule: "maxUnavailable: 1",
		}) {
			return fmt.Sprintf("%+v", b)
		}
		return ""
	})
	// A target that is gone promises nothing any more.
	if err := w.Delete(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	w.await(func() string {
		if a := w.seen("acme").Status.Availability; a == nil || a.Class != "" || len(a.Zones) != 0 {
			return fmt.Sprintf("%+v", a)
		}
		return ""
	})
}

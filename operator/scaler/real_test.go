// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler_test

import (
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// replicas is how many replicas the workload is to have.
func (st *stage) replicas(t *testing.T) int32 {
	t.Helper()
	var d appsv1.Deployment
	if err := st.Get(t.Context(), client.ObjectKey{Namespace: st.Namespace, Name: "kube-apiserver"}, &d); err != nil {
		t.Fatal(err)
	}
	return *d.Spec.Replicas
}

// looked waits until upstream's controller has looked at the autoscaler again, from
// beginning to end: it says each time that it has no metrics.
func (st *stage) looked(t *testing.T, logged func(string) int) {
	t.Helper()
	text := "based on listed metrics for Deployment/" + st.Namespace + "/kube-apiserver"
	from := logged(text)
	await(t, func() string {
		if logged(text) < from+2 { // the first may have begun before
			return "the controller has not looked again"
		}
		return ""
	})
}

// Upstream's autoscaler goes to a raised floor at once, although there are no metrics; a
// floor that is lowered takes nothing away without them; and nor does an autoscaler that
// is let go of.
func TestUpstreamObeysTheFloor(t *testing.T) {
	st := newStage(t)
	labels := map[string]string{"app": "kube-apiserver"}
	st.Create(t, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: st.Namespace, Name: "kube-apiserver"}, Spec: appsv1.DeploymentSpec{
		Replicas: new(int32(3)), Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "kube-apiserver", Image: "kube-apiserver"}}}},
	}})
	logged := st.Controllers(t, "horizontal-pod-autoscaler-controller")
	wantFault(t, st.ensure(t), "")
	st.looked(t, logged)
	if got := st.replicas(t); got != 3 {
		t.Errorf("an autoscaler that was made has %d replicas of 3", got)
	}
	wantFault(t, st.setFloor(t, 6), "")
	await(t, func() string {
		if got := st.replicas(t); got != 6 {
			return fmt.Sprintf("there are %d replicas", got)
		}
		return ""
	})
	await(t, func() string {
		if got := st.look(t); got.Floor != 6 || got.Current != 6 || got.Desired != 6 || got.ByMetrics || got.Fault != nil {
			return fmt.Sprintf("it is seen as %+v", got)
		}
		return ""
	})
	wantFault(t, st.setFloor(t, 3), "")
	st.looked(t, logged)
	if got := st.replicas(t); got != 6 {
		t.Errorf("a lowered floor has taken replicas away: %d are left of 6", got)
	}
	st.letGo(t)
	if got := st.replicas(t); got != 6 {
		t.Errorf("letting go has taken replicas away: %d are left of 6", got)
	}
}

// A target that cannot be scaled is told in upstream's words.
func TestUpstreamCannotScaleTheTarget(t *testing.T) {
	st := newStage(t)
	st.Controllers(t, "horizontal-pod-autoscaler-controller")
	st.s.Profile.Spec.Scaling.TargetRef = &v1alpha1.ScaleTargetRef{APIVersion: "evenkeel.dev/v1alpha1", Kind: "ControlPlaneProfile", Name: "acme"}
	wantFault(t, st.ensure(t), "")
	await(t, func() string {
		if got := st.look(t).Fault; got == nil {
			return "no fault is told"
		}
		return ""
	})
	wantFault(t, st.look(t).Fault, v1alpha1.ReasonScalerUnable, own+" cannot scale ControlPlaneProfile acme (FailedGetScale)")
}

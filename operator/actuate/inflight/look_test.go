// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package inflight

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// settled are a Deployment and a StatefulSet of three replicas at rest, as the API has
// them with its defaults.
func settled() (*appsv1.Deployment, *appsv1.StatefulSet) {
	template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{
		{Name: "sidecar"}, *container("kube-apiserver", "--max-requests-inflight=400 --max-mutating-requests-inflight=200"),
	}}}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "api", Generation: 4}, Spec: appsv1.DeploymentSpec{
		Replicas: new(int32(3)), Template: *template.DeepCopy(),
		Strategy: appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{
			MaxUnavailable: new(intstr.FromString("25%")), MaxSurge: new(intstr.FromString("25%")),
		}},
	}, Status: appsv1.DeploymentStatus{ObservedGeneration: 4, Replicas: 3, UpdatedReplicas: 3, ReadyReplicas: 3, AvailableReplicas: 3}}
	s := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "api", Generation: 4}, Spec: appsv1.StatefulSetSpec{
		Replicas: new(int32(3)), Template: template,
		UpdateStrategy: appsv1.StatefulSetUpdateStrategy{Type: appsv1.RollingUpdateStatefulSetStrategyType, RollingUpdate: &appsv1.RollingUpdateStatefulSetStrategy{Partition: new(int32(0))}},
	}, Status: appsv1.StatefulSetStatus{
		ObservedGeneration: 4, Replicas: 3, UpdatedReplicas: 3, ReadyReplicas: 3, AvailableReplicas: 3, CurrentRevision: "a", UpdateRevision: "a",
	}}
	return d, s
}

func TestWhatMakesARolloutUnsafe(t *testing.T) {
	for _, c := range []struct {
		name  string
		given func(d *appsv1.Deployment, s *appsv1.StatefulSet)
		// deployment and set are "reason: words"; empty is none.
		deployment, set string
	}{
		{"nothing", func(*appsv1.Deployment, *appsv1.StatefulSet) {}, "", ""},
		{"a strategy that ends all, or none", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Spec.Strategy = appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}
			s.Spec.UpdateStrategy = appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}
		}, "RolloutUnsafe: its strategy is Recreate", "RolloutUnsafe: its update strategy is OnDelete"},
		{"a stop", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Spec.Paused, s.Spec.UpdateStrategy.RollingUpdate.Partition = true, new(int32(1))
		}, "RolloutUnsafe: its rollouts are paused: resume it", "RolloutUnsafe: its update strategy has a partition"},
		{"one replica", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Spec.Replicas, s.Spec.Replicas = new(int32(1)), nil
		}, "RolloutUnsafe: it is to have 1 replicas", "RolloutUnsafe: it is to have 1 replicas"},
		{"two at once", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			two := new(intstr.FromInt32(2))
			d.Spec.Strategy.RollingUpdate.MaxUnavailable, s.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable = two, two
		}, "RolloutUnsafe: a rollout may take 2 of its 3 replicas at once: set strategy.rollingUpdate.maxUnavailable to 1 or 0", "RolloutUnsafe: a rollout may take 2 of its 3"},
		{"a quarter of many", func(d *appsv1.Deployment, _ *appsv1.StatefulSet) { d.Spec.Replicas = new(int32(8)) },
			"RolloutUnsafe: a rollout may take 25% of its 8 replicas at once", ""},
		{"no such container", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Spec.Template.Spec.Containers[1].Name, s.Spec.Template.Spec.Containers = "apiserver", nil
		}, "TargetInvalid: has no container named kube-apiserver: correct apiServer.container", "TargetInvalid: has no container"},
		{"flags out of sight", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Spec.Template.Spec.Containers[1].Args = nil
			s.Spec.Template.Spec.Containers[1].Args = []string{"--max-requests-inflight=$(N)"}
		}, "FlagsElsewhere: it has no flags among its arguments", "FlagsElsewhere: --max-requests-inflight=$(N) is no number of requests"},
		{"an annotation that is none", func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Annotations = map[string]string{v1alpha1.OriginalAnnotation: "{"}
			s.Annotations = map[string]string{v1alpha1.OriginalAnnotation: `{"written":{"max-requests-inflight":"x"}}`}
		}, "FieldContested: remove the annotation", "FieldContested: is no number of requests: remove the annotation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, s := settled()
			c.given(d, s)
			for kind, want := range map[string]string{"Deployment": c.deployment, "StatefulSet": c.set} {
				var o client.Object = d
				if kind == "StatefulSet" {
					o = s
				}
				w := Look(o, kind, "kube-apiserver")
				reason, words, _ := strings.Cut(want, ": ")
				fault := w.Fault
				if reason == v1alpha1.ReasonRolloutUnsafe && fault == nil {
					fault = w.Unsafe
				}
				switch {
				case want == "" && (fault != nil || w.Unsafe != nil):
					t.Errorf("%s: %+v, unsafe %+v, want no fault", kind, fault, w.Unsafe)
				case want != "" && (fault == nil || fault.Reason != reason || !strings.Contains(fault.Message, words) || !strings.Contains(fault.Message, kind+" api")):
					t.Errorf("%s: %+v, want %s and %q in it", kind, fault, reason, words)
				case want == "" && (w.Rolling || w.Short || w.Flags != plane.Flags{Reading: 400, Mutating: 200}):
					t.Errorf("%s at rest: %+v", kind, w)
				}
			}
		})
	}
}

func TestARolloutIsSeen(t *testing.T) {
	for name, given := range map[string]func(d *appsv1.Deployment, s *appsv1.StatefulSet){
		"not seen by its controller yet": func(d *appsv1.Deployment, s *appsv1.StatefulSet) { d.Generation, s.Generation = 5, 5 },
		"not all updated": func(d *appsv1.Deployment, s *appsv1.StatefulSet) {
			d.Status.UpdatedReplicas, s.Status.UpdatedReplicas = 2, 2
		},
		"one of before is left": func(d *appsv1.Deployment, s *appsv1.StatefulSet) { d.Status.Replicas, s.Status.UpdateRevision = 4, "b" },
	} {
		d, s := settled()
		given(d, s)
		if !Look(d, "Deployment", "kube-apiserver").Rolling || !Look(s, "StatefulSet", "kube-apiserver").Rolling {
			t.Errorf("%s: no rollout is seen", name)
		}
	}
	d, s := settled()
	d.Status.AvailableReplicas, s.Status.AvailableReplicas = 2, 2
	for _, w := range []*plane.Workload{Look(d, "Deployment", "kube-apiserver"), Look(s, "StatefulSet", "kube-apiserver")} {
		if w.Rolling || !w.Short {
			t.Errorf("one is not available: rolling %v, short %v", w.Rolling, w.Short)
		}
	}
}

func TestWhoWroteTheArguments(t *testing.T) {
	args := func(name, field string) *metav1.FieldsV1 {
		return metav1.NewFieldsV1(`{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\"name\":\"` + name + `\"}":{".":{},"f:` + field + `":{}}}}}}}`)
	}
	entry := func(manager string, at int64, fields *metav1.FieldsV1) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Time: &metav1.Time{Time: time.Unix(at, 0)}, FieldsV1: fields}
	}
	for _, c := range []struct {
		name string
		all  []metav1.ManagedFieldsEntry
		want string
	}{
		{"nobody", nil, ""},
		{"Evenkeel", []metav1.ManagedFieldsEntry{entry("evenkeel", 9, args("kube-apiserver", "args"))}, ""},
		{"the last of two", []metav1.ManagedFieldsEntry{entry("helm", 7, args("kube-apiserver", "args")), entry("kamaji", 8, args("kube-apiserver", "command")), entry("kubectl", 6, args("kube-apiserver", "args"))}, "kamaji"},
		{"another container's", []metav1.ManagedFieldsEntry{entry("helm", 7, args("sidecar", "args"))}, ""},
		{"another field", []metav1.ManagedFieldsEntry{entry("helm", 7, args("kube-apiserver", "image"))}, ""},
		{"nothing to be read", []metav1.ManagedFieldsEntry{entry("helm", 7, nil), entry("helm", 7, metav1.NewFieldsV1("[")), entry("helm", 7, metav1.NewFieldsV1(`{"f:spec":3}`))}, ""},
	} {
		if got := writer(c.all, "kube-apiserver"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/inflight"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// midway is a world in the middle of a rollout of new flags, which Evenkeel holds.
type midway struct {
	*world
	kind, name string
}

// ofKind is an empty workload of the world's kind.
func (m *midway) ofKind() client.Object {
	if m.kind == "StatefulSet" {
		return &appsv1.StatefulSet{ObjectMeta: m.named(m.name)}
	}
	return &appsv1.Deployment{ObjectMeta: m.named(m.name)}
}

func (m *midway) read() client.Object {
	m.t.Helper()
	o := m.ofKind()
	if err := m.Get(m.t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		m.t.Fatal(err)
	}
	return o
}

// owner changes the workload as its owner does.
func (m *midway) owner(change func(o client.Object, template *corev1.PodTemplateSpec)) {
	m.t.Helper()
	o := m.read()
	before := o.DeepCopyObject().(client.Object)
	template := &corev1.PodTemplateSpec{}
	switch w := o.(type) {
	case *appsv1.Deployment:
		template = &w.Spec.Template
	case *appsv1.StatefulSet:
		template = &w.Spec.Template
	}
	change(o, template)
	if err := m.Patch(m.t.Context(), o, client.MergeFrom(before), client.FieldOwner("helm")); err != nil {
		m.t.Fatal(err)
	}
}

// held says that the rollout is held; empty when it runs on by itself.
func (m *midway) held() string {
	m.t.Helper()
	switch o := m.read().(type) {
	case *appsv1.Deployment:
		if o.Spec.Paused {
			return "the Deployment is paused"
		}
	case *appsv1.StatefulSet:
		if n := ptr.Deref(o.Spec.UpdateStrategy.RollingUpdate.Partition, 0); n > 0 {
			return fmt.Sprintf("the StatefulSet has a partition of %d", n)
		}
	}
	return ""
}

// newMidway makes one whose profile manages the flags; the operator is not started.
func newMidway(t *testing.T, kind string) *midway {
	t.Helper()
	m := &midway{world: newWorld(t), kind: kind, name: "kube-apiserver"}
	flags := "deployments"
	if kind == "StatefulSet" {
		m.name, flags = "plane", "statefulsets"
		m.statefulSet(m.name, nil)
	} else {
		m.setWorkload(func(o *appsv1.Deployment) { o.Spec.Replicas = new(int32(3)) })
	}
	if err := apply(t.Context(), m, "tenant-namespace-flags/patch-workload.yaml", "tenant-acme", m.ns, "deployments", flags, "[kube-apiserver]", "["+m.name+"]"); err != nil {
		t.Fatal(err)
	}
	m.settle()
	target := inflight.Target{Kind: kind, Container: "kube-apiserver"}
	target.Object = m.ofKind()
	if f := inflight.Write(t.Context(), m, m, target, flagsStep(plane.SetFlags, found, raised), time.Now()); f != nil {
		t.Fatal(f)
	}
	target.Object = m.ofKind()
	if f := inflight.Hold(t.Context(), m, m, target, flagsStep(plane.HoldRollout, raised, raised)); f != nil {
		t.Fatal(f)
	}
	if m.held() == "" {
		t.Fatal("it is not held")
	}
	m.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		manage(cpp)
		cpp.Spec.APIServer.TargetRef = v1alpha1.TargetRef{Kind: kind, Name: m.name}
	})
	return m
}

// statefulSet makes a StatefulSet of three apiservers and its pods.
func (w *world) statefulSet(name string, change func(s *appsv1.StatefulSet)) {
	w.t.Helper()
	labels := map[string]string{"app": name}
	s := &appsv1.StatefulSet{ObjectMeta: w.named(name), Spec: appsv1.StatefulSetSpec{
		Replicas: new(int32(3)), Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       w.deploymentPod("kube-apiserver", "--max-requests-inflight=200", "--max-mutating-requests-inflight", "100").Spec,
		},
	}}
	if change != nil {
		change(s)
	}
	w.create(s)
	w.ofSet(s, []string{"node-a", "node-a", "node-a"})
}

// settle has the workload at rest, as its controller would say.
func (m *midway) settle() {
	m.t.Helper()
	o := m.read()
	switch w := o.(type) {
	case *appsv1.Deployment:
		w.Status = appsv1.DeploymentStatus{ObservedGeneration: w.Generation, Replicas: 3, UpdatedReplicas: 3, ReadyReplicas: 3, AvailableReplicas: 3}
	case *appsv1.StatefulSet:
		w.Status = appsv1.StatefulSetStatus{
			ObservedGeneration: w.Generation, Replicas: 3, UpdatedReplicas: 3, ReadyReplicas: 3, AvailableReplicas: 3, CurrentRevision: "a", UpdateRevision: "a",
		}
	}
	if err := m.Status().Update(m.t.Context(), o); err != nil {
		m.t.Fatal(err)
	}
}

// looked waits until the operator has looked at the profile.
func (m *midway) looked() {
	m.t.Helper()
	m.await(func() string {
		cpp := m.seen("acme")
		if meta.FindStatusCondition(cpp.Status.Conditions, v1alpha1.ConditionFlagsManaged) == nil || len(cpp.Finalizers) == 0 {
			return fmt.Sprintf("the conditions are %+v, the finalizers %v", cpp.Status.Conditions, cpp.Finalizers)
		}
		return ""
	})
}

func bothKinds(t *testing.T, test func(t *testing.T, m *midway)) {
	t.Helper()
	for _, kind := range []string{"Deployment", "StatefulSet"} {
		t.Run(kind, func(t *testing.T) { test(t, newMidway(t, kind)) })
	}
}

// A profile that goes in the middle of a rollout has it run on to its end, however often
// that must be tried.
func TestTheEndOfAProfileEndsItsHold(t *testing.T) {
	bothKinds(t, func(t *testing.T, m *midway) {
		d := &recorded{}
		m.decide = d.decide
		m.start()
		m.looked()
		for _, method := range []string{http.MethodGet, http.MethodPatch} {
			m.wire.set(func(l *wire) {
				l.cut = func(r *http.Request) bool {
					return r.Method == method && strings.HasSuffix(r.URL.Path, "/"+m.name) && strings.Contains(r.URL.Path, "/apps/")
				}
			})
			if m.seen("acme").DeletionTimestamp.IsZero() {
				m.delete("acme")
			} else {
				m.poke("acme")
			}
			told := m.awaitReady("acme", "False WriteFailed")
			if !strings.Contains(told, "The profile is kept until the rollout that it holds can be let go of") {
				t.Errorf("Ready says %q", told)
			}
		}
		if m.held() == "" {
			t.Fatal("it was let go of without a write")
		}
		m.wire.set(func(l *wire) { l.cut = nil })
		m.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Annotations["test"] = "once more" })
		m.awaitGone("acme")
		if held := m.held(); held != "" {
			t.Errorf("the profile is gone, and %s", held)
		}
		if inflight.SaysHeld(m.read()) {
			t.Errorf("its annotation still says that it is held: %v", m.read().GetAnnotations())
		}
	})
}

// The same where its owner has replaced all annotations meanwhile.
func TestTheEndOfAProfileEndsAHoldThatIsKeptNowhere(t *testing.T) {
	bothKinds(t, func(t *testing.T, m *midway) {
		d := &recorded{}
		m.decide = d.decide
		m.start()
		m.looked()
		m.owner(func(o client.Object, _ *corev1.PodTemplateSpec) { o.SetAnnotations(nil) })
		m.delete("acme")
		m.awaitGone("acme")
		if held := m.held(); held != "" {
			t.Errorf("the profile is gone, and %s", held)
		}
	})
}

// A profile that comes to be about another workload lets go of the one before, whatever has
// become of its annotations, and also where the operator was not there when it did.
func TestAnotherTargetEndsTheHold(t *testing.T) {
	for name, given := range map[string]func(m *midway, change func()){
		"as it is": func(m *midway, change func()) { m.start(); m.looked(); change() },
		"the annotations are replaced": func(m *midway, change func()) {
			m.start()
			m.looked()
			m.owner(func(o client.Object, _ *corev1.PodTemplateSpec) { o.SetAnnotations(nil) })
			change()
		},
		"the operator is not there": func(m *midway, change func()) {
			stop := m.start()
			m.looked()
			stop()
			change()
			m.start()
		},
		"it is not granted at first": func(m *midway, change func()) {
			m.wire.set(func(l *wire) {
				l.cut = func(r *http.Request) bool {
					return r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/apps/")
				}
			})
			m.start()
			m.looked()
			change()
			m.awaitFlags("False WriteFailed", "Until then resume it by hand: Evenkeel holds it")
			m.wire.set(func(l *wire) { l.cut = nil })
			m.ahead.Add(int64(15 * time.Second))
		},
	} {
		t.Run(name, func(t *testing.T) {
			bothKinds(t, func(_ *testing.T, m *midway) {
				d := &recorded{}
				m.decide = d.decide
				m.deployment("another", "--max-requests-inflight=200", "--max-mutating-requests-inflight", "100")
				given(m, func() {
					m.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
						cpp.Spec.APIServer.TargetRef = v1alpha1.TargetRef{Kind: "Deployment", Name: "another"}
					})
				})
				m.await(m.held)
			})
		})
	}
}

// Whatever the owner of the workload makes of it while its rollout is held: it is not held
// for good. The recommender's own decisions are carried out.
func TestWhatTheOwnerWritesIsNotHeld(t *testing.T) {
	for name, change := range map[string]func(o client.Object, template *corev1.PodTemplateSpec){
		"another container":  func(_ client.Object, t *corev1.PodTemplateSpec) { t.Spec.Containers[0].Name = "apiserver" },
		"flags out of sight": func(_ client.Object, t *corev1.PodTemplateSpec) { t.Spec.Containers[0].Args = nil },
		"another image":      func(_ client.Object, t *corev1.PodTemplateSpec) { t.Spec.Containers[0].Image = "another" },
		"all annotations":    func(o client.Object, _ *corev1.PodTemplateSpec) { o.SetAnnotations(map[string]string{"helm": "1"}) },
		"ours made unreadable": func(o client.Object, _ *corev1.PodTemplateSpec) {
			o.SetAnnotations(map[string]string{v1alpha1.OriginalAnnotation: "{"})
		},
		"annotations and container": func(o client.Object, t *corev1.PodTemplateSpec) {
			o.SetAnnotations(nil)
			t.Spec.Containers[0].Name = "apiserver"
		},
	} {
		t.Run(name, func(t *testing.T) {
			bothKinds(t, func(t *testing.T, m *midway) {
				m.start()
				m.looked()
				if m.held() == "" {
					t.Fatal("it is not held to begin with")
				}
				m.owner(change)
				m.await(m.held)
			})
		})
	}
}

// A pod of the owner's new template may be what ends every pass: its rollout runs on all the
// same.
func TestAPodThatEndsThePassEndsTheHold(t *testing.T) {
	bothKinds(t, func(_ *testing.T, m *midway) {
		m.start()
		m.looked()
		m.wire.set(func(l *wire) {
			l.cut = func(r *http.Request) bool {
				return r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/apps/")
			}
		})
		m.owner(func(_ client.Object, t *corev1.PodTemplateSpec) { t.Spec.Containers[0].Name = "apiserver" })
		if m.kind == "StatefulSet" {
			spec := m.deploymentPod("apiserver").Spec
			o := &corev1.Pod{ObjectMeta: m.named(m.name + "-2")}
			if err := m.Delete(m.t.Context(), o, client.GracePeriodSeconds(0)); err != nil {
				m.t.Fatal(err)
			}
			m.podOf(m.read().(*appsv1.StatefulSet), 2, spec)
		} else {
			m.pod(m.name, m.name+"-5d4f-2", "127.77.0.3", m.deploymentPod("apiserver").Spec)
		}
		m.awaitReady("acme", "False TargetInvalid")
		m.wire.set(func(l *wire) { l.cut = nil })
		m.await(m.held)
	})
}

// A rollout that has become unsafe since, as its autoscaler has made it wider, is held and
// taken back all the same: that makes it safer.
func TestWhatHasBecomeUnsafeIsHeldAndTakenBack(t *testing.T) {
	w, d := managed(t, true)
	before := w.workload()
	d.plan(flagsStep(plane.SetFlags, found, raised))
	w.awaitDecision(plane.SetFlags, "written")
	w.setWorkload(func(o *appsv1.Deployment) { o.Spec.Replicas = new(int32(8)) }) // of which a rollout may take a quarter
	w.awaitFlags("False RolloutUnsafe", "a rollout may take 25% of its 8 replicas at once")
	d.plan(flagsStep(plane.HoldRollout, raised, raised))
	w.awaitDecision(plane.HoldRollout, "written")
	if !w.workload().Spec.Paused {
		t.Errorf("it goes on")
	}
	d.plan(flagsStep(plane.GoOnRollout, raised, raised))
	w.awaitDecision(plane.GoOnRollout, "written")
	d.plan(flagsStep(plane.ReturnFlags, raised, found))
	w.awaitDecision(plane.ReturnFlags, "written")
	if got := w.workload(); got.Spec.Paused || got.Spec.Template.Spec.Containers[0].Args[0] != before.Spec.Template.Spec.Containers[0].Args[0] {
		t.Errorf("paused %v, the arguments %q", got.Spec.Paused, got.Spec.Template.Spec.Containers[0].Args)
	}
	w.settleWorkload()
	d.plan(flagsStep(plane.SetFlags, found, raised))
	w.awaitDecision(plane.SetFlags, "a rollout may take 25% of its 8 replicas at once")
}

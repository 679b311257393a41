// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// uses is what the host cluster tells of every container: the same, as fresh as now.
type uses struct {
	mu    sync.Mutex
	use   plane.Amounts
	fault *plane.Fault
	now   func() time.Time
}

func (u *uses) Of(string, string, string) (sizing.Usage, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return sizing.Usage{At: u.now(), CPU: u.use.CPU, Memory: u.use.Memory}, u.use != plane.Amounts{}
}

func (u *uses) Fault() *plane.Fault {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.fault
}

// sized is a world whose pods are sized by what they use, with nodes that obey.
func sized(t *testing.T, use plane.Amounts) *world {
	t.Helper()
	w := newWorld(t)
	w.node()
	w.usage = &uses{use: use, now: w.now}
	w.kubelet()
	return w
}

// node makes sure of the node that the pods run on: the API asks it whether it has room.
func (w *world) node() {
	w.t.Helper()
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node-a"}}
	if err := w.Create(w.t.Context(), n); err != nil && !apierrors.IsAlreadyExists(err) {
		w.t.Fatal(err)
	}
	if err := w.Get(w.t.Context(), client.ObjectKeyFromObject(n), n); err != nil {
		w.t.Fatal(err)
	}
	n.Status.Allocatable = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("16"), corev1.ResourceMemory: resource.MustParse("64Gi")}
	n.Status.Capacity = n.Status.Allocatable
	if err := w.Status().Update(w.t.Context(), n); err != nil {
		w.t.Fatal(err)
	}
}

func sizeInPlace(cpp *v1alpha1.ControlPlaneProfile) {
	cpp.Spec.Mode = v1alpha1.ModeEnforce
	cpp.Spec.Protection = v1alpha1.ProtectionSpec{Jail: v1alpha1.ProtectionOff, LoadLine: v1alpha1.ProtectionOff, Shares: v1alpha1.ProtectionOff}
	cpp.Spec.Sizing.VerticalPodAutoscaler = v1alpha1.VPAOff
}

func (w *world) pods() []corev1.Pod {
	w.t.Helper()
	var all corev1.PodList
	if err := w.List(w.t.Context(), &all, client.InNamespace(w.ns)); err != nil {
		w.t.Fatal(err)
	}
	return all.Items
}

// kubelet has every pod get what its spec asks for, until the test ends.
func (w *world) kubelet() {
	var running sync.WaitGroup
	stop := make(chan struct{})
	running.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			var all corev1.PodList
			if err := w.List(w.t.Context(), &all, client.InNamespace(w.ns)); err != nil {
				continue // the test is over, or the next time sees it
			}
			for i := range all.Items {
				w.give(&all.Items[i])
			}
		}
	})
	w.t.Cleanup(func() {
		close(stop)
		running.Wait()
	})
}

func (w *world) give(pod *corev1.Pod) {
	c := pod.Spec.Containers[0]
	want := corev1.ContainerStatus{
		Name: c.Name, Ready: true, Image: c.Image, ImageID: c.Image, AllocatedResources: c.Resources.Requests, Resources: &c.Resources,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
	}
	if len(pod.Status.ContainerStatuses) == 1 && equality.Semantic.DeepEqual(pod.Status.ContainerStatuses[0].AllocatedResources, want.AllocatedResources) {
		return
	}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{want}
	_ = w.Status().Update(w.t.Context(), pod) // a pod that has changed meanwhile is seen again
}

// awaitCondition waits for "status reason" of a condition of acme, with words in its
// message.
func (w *world) awaitCondition(condition, state, words string) {
	w.t.Helper()
	w.await(func() string {
		c := meta.FindStatusCondition(w.seen("acme").Status.Conditions, condition)
		if c == nil {
			return condition + " is not there"
		}
		if got := string(c.Status) + " " + c.Reason; got != state || !strings.Contains(c.Message, words) {
			return fmt.Sprintf("%s is %s: %s", condition, got, c.Message)
		}
		return ""
	})
}

// Pods that request less than they use are resized in place, one after the other, and the
// workload's template is not touched.
func TestPodsAreResizedInPlace(t *testing.T) {
	w := sized(t, plane.Amounts{CPU: 0.1, Memory: 1 << 30})
	template := w.workload().Spec.Template
	w.profile("acme", sizeInPlace)
	w.start()
	w.awaitCondition(v1alpha1.ConditionSized, "True AsExpected", "apiServer 500m/1")
	for _, pod := range w.pods() {
		if got := pod.Spec.Containers[0].Resources.Requests.Memory(); got.Cmp(resource.MustParse("1Gi")) < 0 || got.Cmp(resource.MustParse("1200Mi")) > 0 {
			t.Errorf("%s requests %s of memory", pod.Name, got)
		}
	}
	if !equality.Semantic.DeepEqual(template, w.workload().Spec.Template) {
		t.Error("the workload's template has changed")
	}
	cpp := w.seen("acme")
	if len(cpp.Status.Sizes) != 1 || len(cpp.Status.Sizes[0].Pods) != 2 || cpp.Status.Sizes[0].Component != v1alpha1.ComponentAPIServer {
		t.Errorf("the status has the sizes %+v", cpp.Status.Sizes)
	}
	var steps []string
	for _, d := range cpp.Status.Decisions {
		steps = append(steps, d.Step)
	}
	if got := strings.Join(steps, " "); got != strings.Repeat("ResizePod ", 2)+"ChangeSize" {
		t.Errorf("the decisions are %s", got)
	}
	w.await(func() string {
		for _, e := range w.events() {
			if strings.Contains(e, "SizeRaised") && strings.Contains(e, "raises the requests of apiServer") {
				return ""
			}
		}
		return "no event tells of it"
	})
}

// In Recommend a size is shown and nothing is written.
func TestSizesAreRecommended(t *testing.T) {
	w := sized(t, plane.Amounts{CPU: 0.1, Memory: 1 << 30})
	w.profile("acme", nil)
	w.start()
	w.awaitCondition(v1alpha1.ConditionSized, "False RecommendOnly", "apiServer 500m/1")
	for _, pod := range w.pods() {
		if got := pod.Spec.Containers[0].Resources.Requests.Memory(); got.Cmp(resource.MustParse("512Mi")) != 0 {
			t.Errorf("%s requests %s of memory in Recommend", pod.Name, got)
		}
	}
}

// What is missing is told, and nothing is resized.
func TestWhatIsMissingForSizesIsTold(t *testing.T) {
	w := sized(t, plane.Amounts{})
	w.usage.fault = &plane.Fault{Reason: v1alpha1.ReasonUsageUnknown, Message: "the host cluster has no metrics.k8s.io: install metrics-server"}
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		sizeInPlace(cpp)
		cpp.Spec.ResourceProfileRef = &v1alpha1.ResourceProfileRef{Name: "nowhere"}
	})
	w.start()
	w.awaitCondition(v1alpha1.ConditionUsageSeen, "False UsageUnknown", "install metrics-server. Nothing is made smaller")
	w.awaitCondition(v1alpha1.ConditionSized, "False ResourceProfileNotFound", "there is no ResourceProfile nowhere: create it, or correct resourceProfileRef; no size is changed until then; apiServer 500m/512Mi")
}

// What was learnt is written down once an hour, and another operator goes on from it.
func TestSizesAreRemembered(t *testing.T) {
	w := sized(t, plane.Amounts{CPU: 0.1, Memory: 1 << 30})
	w.profile("acme", sizeInPlace)
	stop := w.start()
	w.awaitCondition(v1alpha1.ConditionSized, "True AsExpected", "apiServer")
	w.ahead.Add(int64(time.Hour))
	var kept v1alpha1.UsageHistory
	w.await(func() string {
		if err := w.Get(t.Context(), client.ObjectKey{Namespace: w.ns, Name: "acme"}, &kept); err != nil {
			return err.Error()
		}
		return ""
	})
	if len(kept.Containers) != 1 || kept.Containers[0].Of != "apiServer" || kept.Containers[0].Container != "kube-apiserver" || len(kept.OwnerReferences) != 1 {
		t.Errorf("%+v", kept)
	}
	stop()
	// The next operator sees no sample, and knows the size all the same.
	w.usage.mu.Lock()
	w.usage.use = plane.Amounts{}
	w.usage.mu.Unlock()
	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeRecommend })
	w.start()
	w.awaitCondition(v1alpha1.ConditionSized, "False RecommendOnly", "apiServer 500m/1")
	w.awaitCondition(v1alpha1.ConditionUsageSeen, "Unknown UsageUnknown", "nothing is made smaller")
}

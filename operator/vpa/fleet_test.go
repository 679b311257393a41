// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa_test

import (
	"testing"
	"time"

	autoscaling "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/vpa"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

var begin = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// asking is a VerticalPodAutoscaler that asks for a recommender.
func asking(namespace, name, recommender string) *vpav1.VerticalPodAutoscaler {
	return &vpav1.VerticalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: vpav1.VerticalPodAutoscalerSpec{
			TargetRef:    &autoscaling.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"},
			Recommenders: []*vpav1.VerticalPodAutoscalerRecommenderSelector{{Name: recommender}},
		},
	}
}

// take is a loop of the recommender's over one target.
func take(f *vpa.Fleet, now time.Time, t vpa.Target) vpav1.VerticalPodAutoscalerStatus {
	f.Take(now, t)
	return f.Status(now, t)
}

// minutes has a target's one container use so much for some minutes.
func minutes(f *vpa.Fleet, o *vpav1.VerticalPodAutoscaler, from time.Time, n int, cpu, memory float64) (s vpav1.VerticalPodAutoscalerStatus) {
	for i := range n {
		now := from.Add(time.Duration(i+1) * time.Minute)
		s = take(f, now, vpa.Target{Object: o, Pods: []vpa.Pod{{UID: "1", Containers: []vpa.Container{{
			Name: "app", Used: sizing.Usage{At: now, CPU: cpu, Memory: memory},
		}}}}})
	}
	return s
}

func condition(s vpav1.VerticalPodAutoscalerStatus, kind vpav1.VerticalPodAutoscalerConditionType) corev1.ConditionStatus {
	for _, c := range s.Conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return ""
}

// What a policy says is heeded.
func TestPolicies(t *testing.T) {
	off := vpav1.ContainerScalingModeOff
	for name, c := range map[string]struct {
		policy          *vpav1.ContainerResourcePolicy
		cpu, memory     string // of the target; empty is none
		atLeast, atMost bool
	}{
		"none":        {nil, "500m", "1Gi", true, false},
		"off":         {&vpav1.ContainerResourcePolicy{ContainerName: "app", Mode: &off}, "", "", false, false},
		"all are off": {&vpav1.ContainerResourcePolicy{ContainerName: "*", Mode: &off}, "", "", false, false},
		"a maximum":   {&vpav1.ContainerResourcePolicy{ContainerName: "app", MaxAllowed: resources("200m", "512Mi")}, "200m", "512Mi", false, true},
		"a minimum":   {&vpav1.ContainerResourcePolicy{ContainerName: "*", MinAllowed: resources("2", "4Gi")}, "2", "4Gi", true, true},
		"a minimum above the maximum": {
			&vpav1.ContainerResourcePolicy{ContainerName: "app", MinAllowed: resources("2", "4Gi"), MaxAllowed: resources("1", "2Gi")}, "1", "2Gi", true, true,
		},
		"CPU alone": {&vpav1.ContainerResourcePolicy{ContainerName: "app", ControlledResources: &[]corev1.ResourceName{corev1.ResourceCPU}}, "500m", "", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := asking("ns", "web", "evenkeel")
			if c.policy != nil {
				o.Spec.ResourcePolicy = &vpav1.PodResourcePolicy{ContainerPolicies: []vpav1.ContainerResourcePolicy{*c.policy}}
			}
			s := minutes(vpa.NewFleet(), o, begin, 10, 0.5, 1<<30)
			if c.cpu == "" && c.memory == "" {
				if s.Recommendation != nil || condition(s, vpav1.RecommendationProvided) != corev1.ConditionFalse {
					t.Fatalf("%+v", s)
				}
				return
			}
			r := s.Recommendation.ContainerRecommendations[0]
			for kind, want := range map[corev1.ResourceName]string{corev1.ResourceCPU: c.cpu, corev1.ResourceMemory: c.memory} {
				got, there := r.Target[kind]
				if there != (want != "") {
					t.Errorf("%s is %s", kind, got.String())
					continue
				}
				if !there {
					continue
				}
				least := resource.MustParse(want)
				if c.atLeast && got.Cmp(least) < 0 || c.atMost && got.Cmp(least) > 0 || got.AsApproximateFloat64() > 1.3*least.AsApproximateFloat64() {
					t.Errorf("%s: the target is %s, want about %s", kind, got.String(), want)
				}
				lower, upper := r.LowerBound[kind], r.UpperBound[kind]
				if lower.Cmp(got) > 0 || upper.Cmp(got) < 0 {
					t.Errorf("%s: %s is not between %s and %s", kind, got.String(), lower.String(), upper.String())
				}
			}
		})
	}
}

func resources(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

// The target stays until a change is due, and then the pods are outside the bounds, so that
// the updater acts as Evenkeel would.
func TestTheBoundsAreWhatIsDue(t *testing.T) {
	f, o := vpa.NewFleet(), asking("ns", "web", "evenkeel")
	first := minutes(f, o, begin, 30, 0.5, 1<<30).Recommendation.ContainerRecommendations[0]
	cpu := first.Target[corev1.ResourceCPU]
	// Less by half: for an hour nothing is due.
	soon := minutes(f, o, begin.Add(30*time.Minute), 40, 0.25, 1<<30).Recommendation.ContainerRecommendations[0]
	if got, upper := soon.Target[corev1.ResourceCPU], soon.UpperBound[corev1.ResourceCPU]; got.Cmp(cpu) != 0 || upper.Cmp(cpu) < 0 {
		t.Errorf("after 40 minutes the target is %s and the upper bound %s, from %s", got.String(), upper.String(), cpu.String())
	}
	later := minutes(f, o, begin.Add(70*time.Minute), 400, 0.25, 1<<30).Recommendation.ContainerRecommendations[0]
	if upper := later.UpperBound[corev1.ResourceCPU]; upper.Cmp(cpu) >= 0 {
		t.Errorf("after seven hours the upper bound is %s: a pod that requests %s is left alone", upper.String(), cpu.String())
	}
	more := minutes(f, o, begin.Add(500*time.Minute), 3, 2, 1<<30).Recommendation.ContainerRecommendations[0]
	if lower := more.LowerBound[corev1.ResourceCPU]; lower.AsApproximateFloat64() < 2 {
		t.Errorf("three minutes after a step to 2 cores the lower bound is %s", lower.String())
	}
}

// A kill for memory is answered once, whatever the samples say.
func TestAKill(t *testing.T) {
	f, o := vpa.NewFleet(), asking("ns", "web", "evenkeel")
	minutes(f, o, begin, 30, 0.5, 1<<28)
	now := begin.Add(31 * time.Minute)
	killed := vpa.Container{Name: "app", Used: sizing.Usage{At: now, CPU: 0.5, Memory: 1 << 28}, Killed: now, Had: 1 << 29}
	var s vpav1.VerticalPodAutoscalerStatus
	for range 3 {
		s = take(f, now, vpa.Target{Object: o, Pods: []vpa.Pod{{UID: "1", Containers: []vpa.Container{killed}}}})
	}
	got := s.Recommendation.ContainerRecommendations[0].Target[corev1.ResourceMemory]
	if v := got.AsApproximateFloat64(); v < 1.2*(1<<29) || v > 1.5*(1<<29) {
		t.Errorf("after a kill at 512 Mi it is %s", got.String())
	}
}

// What is kept is a restart's beginning, and nothing of pods that are gone.
func TestKept(t *testing.T) {
	f, o := vpa.NewFleet(), asking("ns", "web", "evenkeel")
	before := minutes(f, o, begin, 90, 0.5, 1<<30)
	all, err := f.Save(begin, map[string]bool{"ns": true, "other": true})
	if err != nil || len(all) != 1 || len(all["ns"].Containers) != 1 {
		t.Fatalf("%v: %+v", err, all)
	}
	broken := *all["ns"]
	broken.Namespace, broken.Containers = "other", []v1alpha1.ContainerHistory{{Of: "web", Container: "app", CPU: "{", Memory: "{}"}}
	again := vpa.NewFleet()
	if err := again.Restore(begin, []v1alpha1.UsageHistory{*all["ns"], broken}); err == nil {
		t.Error("a history that is none is taken in silence")
	}
	o.Spec.TargetRef.Name = "renamed"
	s := take(again, begin.Add(2*time.Hour), vpa.Target{Object: o, Unsupported: "there is no Deployment renamed"})
	if condition(s, vpav1.ConfigUnsupported) != corev1.ConditionTrue || s.Recommendation == nil {
		t.Fatalf("%+v", s)
	}
	got, want := s.Recommendation.ContainerRecommendations[0].Target[corev1.ResourceMemory], before.Recommendation.ContainerRecommendations[0].Target[corev1.ResourceMemory]
	if got.AsApproximateFloat64() <= 0.9*want.AsApproximateFloat64() {
		t.Errorf("after a restart %s, before it %s", got.String(), want.String())
	}
	again.Forget(begin.Add(48 * time.Hour))
	if n := len(again.Namespaces()); n != 0 {
		t.Errorf("%d namespaces are kept of what has been gone for a day", n)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/vpa"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// stored is what is written by take, as it stands in the API.
func stored(f *vpa.Fleet, now time.Time, t vpa.Target) {
	if f.Take(now, t) {
		t.Object.Status = f.Status(now, t)
		f.Told(now, t.Object, &t.Object.Status)
	}
}

// pod is the target's one pod: what it uses is not known where it uses nothing.
func pod(o *vpav1.VerticalPodAutoscaler, at time.Time, cpu, memory float64) vpa.Target {
	c := vpa.Container{Name: "app"}
	if cpu > 0 {
		c.Used = sizing.Usage{At: at, CPU: cpu, Memory: memory}
	}
	return vpa.Target{Object: o, Pods: []vpa.Pod{{UID: "1", Containers: []vpa.Container{c}}}}
}

// written is what is kept of a fleet.
func written(t *testing.T, f *vpa.Fleet, now time.Time) v1alpha1.UsageHistory {
	t.Helper()
	kept, err := f.Save(now, map[string]bool{"ns": true})
	if err != nil {
		t.Fatal(err)
	}
	return *kept["ns"]
}

// again is the fleet of the process after, which goes on from what was kept and told.
func again(t *testing.T, kept v1alpha1.UsageHistory, now time.Time, o *vpav1.VerticalPodAutoscaler) *vpa.Fleet {
	t.Helper()
	next := vpa.NewFleet()
	if err := next.Restore(now, []v1alpha1.UsageHistory{kept}); err != nil {
		t.Fatal(err)
	}
	next.Told(now, o, &o.Status)
	return next
}

func told(o *vpav1.VerticalPodAutoscaler) vpav1.RecommendedContainerResources {
	if o.Status.Recommendation == nil {
		return vpav1.RecommendedContainerResources{}
	}
	return o.Status.Recommendation.ContainerRecommendations[0]
}

func cpuOf(l corev1.ResourceList) float64 { return l.Cpu().AsApproximateFloat64() }

// memoryOf is the target of memory that is told.
func memoryOf(o *vpav1.VerticalPodAutoscaler) *resource.Quantity {
	r := told(o)
	return r.Target.Memory()
}

// stormy is a fleet in the third minute of a storm, after a calm day.
func stormy(o *vpav1.VerticalPodAutoscaler) (f *vpa.Fleet, now time.Time) {
	f, now = vpa.NewFleet(), begin
	for range 24 * 60 {
		now = now.Add(time.Minute)
		stored(f, now, pod(o, now, 0.4, 1<<30))
	}
	for range 3 {
		now = now.Add(time.Minute)
		stored(f, now, pod(o, now, 3, 2<<30))
	}
	return f, now
}

// Whoever starts again in a storm keeps the size that the storm needs, with and without
// what was learnt, and gives it back only an hour after samples say so.
func TestARestartInAStormShrinksNothing(t *testing.T) {
	for name, learnt := range map[string]bool{"with history": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			o := asking("ns", "web", "evenkeel")
			f, now := stormy(o)
			before := told(o)
			if cpuOf(before.Target) < 3 {
				t.Fatalf("the storm is not met: %+v", before)
			}
			if learnt {
				f = again(t, written(t, f, now), now, o)
			} else {
				f = vpa.NewFleet()
				f.Told(now, o, &o.Status)
			}
			for minute := range 10 { // at first nothing is seen, and then a calm that is none yet
				now = now.Add(time.Minute)
				cpu := 0.4
				if minute < 3 {
					cpu = 0
				}
				stored(f, now, pod(o, now, cpu, 1<<30))
				if is := told(o); cpuOf(is.Target) < cpuOf(before.Target) || cpuOf(is.UpperBound) < cpuOf(before.Target) {
					t.Fatalf("after %d minutes it is %+v, before %+v", minute+1, is, before)
				}
			}
			for range 4 * 60 {
				now = now.Add(time.Minute)
				stored(f, now, pod(o, now, 0.4, 1<<30))
			}
			if is := told(o); cpuOf(is.Target) > 1 {
				t.Errorf("four calm hours later it is %+v", is)
			}
		})
	}
}

// Without samples nothing is lowered, however long, and the bounds stay; the first sample
// after that is no hour of calm.
func TestBlindMeansHold(t *testing.T) {
	o := asking("ns", "web", "evenkeel")
	f, now := stormy(o)
	before := told(o)
	for minute := range 150 {
		now = now.Add(time.Minute)
		stored(f, now, pod(o, now, 0, 0))
		if is := told(o); cpuOf(is.Target) < cpuOf(before.Target) || minute >= 5 && cpuOf(is.UpperBound) < cpuOf(before.Target) {
			t.Fatalf("after %d minutes without samples it is %+v, before %+v", minute+1, is, before)
		}
	}
	now = now.Add(time.Minute)
	stored(f, now, pod(o, now, 0.4, 1<<30))
	if is := told(o); cpuOf(is.Target) < cpuOf(before.Target) {
		t.Errorf("the first sample lowers it to %+v", is)
	}
}

// Where nothing was told, what was learnt gives a target, and no bound above which the
// updater would make a pod smaller.
func TestBlindWithoutAnythingTold(t *testing.T) {
	o := asking("ns", "web", "evenkeel")
	f, now := stormy(o)
	o.Status = vpav1.VerticalPodAutoscalerStatus{}
	now = now.Add(time.Hour)
	f = again(t, written(t, f, now), now, o)
	stored(f, now, pod(o, now, 0, 0))
	if is := told(o); cpuOf(is.Target) == 0 || len(is.UpperBound) != 0 || cpuOf(is.LowerBound) > cpuOf(is.Target) {
		t.Errorf("%+v", is)
	}
}

// It is told why nothing is lowered, in the same words each time, and not before it lasts.
func TestItIsToldThatItIsBlind(t *testing.T) {
	missing := &plane.Fault{Reason: v1alpha1.ReasonUsageUnknown, Message: "reading what pods use: dial tcp 10.0.0.1:443"}
	for name, c := range map[string]struct {
		fault           *plane.Fault
		reason, message string
	}{
		"no metrics-server": {missing, v1alpha1.ReasonUsageUnknown, "metrics-server"},
		"one is not told":   {nil, "NoSamples", "no recent samples of app"},
	} {
		t.Run(name, func(t *testing.T) {
			o := asking("ns", "web", "evenkeel")
			f, now := stormy(o)
			writes := 0
			for minute := range 30 {
				now = now.Add(time.Minute)
				at := pod(o, now, 0, 0)
				if at.UsageFault = c.fault; f.Take(now, at) {
					writes++
					o.Status = f.Status(now, at)
					f.Told(now, o, &o.Status)
				}
				if low := condition(o.Status, vpav1.LowConfidence); (low == corev1.ConditionTrue) != (minute >= 4) {
					t.Fatalf("after %d minutes LowConfidence is %q", minute+1, low)
				}
			}
			if got := o.Status.Conditions[0]; got.Reason != c.reason || !strings.Contains(got.Message, c.message) || strings.Contains(got.Message, "10.0.0.1") {
				t.Errorf("%+v", got)
			}
			if writes > 4 {
				t.Errorf("it is written %d times in half an hour", writes)
			}
			now = now.Add(time.Minute)
			stored(f, now, pod(o, now, 0.4, 1<<30))
			if low := condition(o.Status, vpav1.LowConfidence); low != "" {
				t.Errorf("with a sample LowConfidence is %q", low)
			}
		})
	}
}

// Before the first sample of all, a missing metrics-server is why there is nothing.
func TestWithoutMetricsThereIsAReason(t *testing.T) {
	o := asking("ns", "web", "evenkeel")
	at := pod(o, begin, 0, 0)
	at.UsageFault = &plane.Fault{Reason: v1alpha1.ReasonUsageUnknown, Message: "none"}
	s := take(vpa.NewFleet(), begin, at)
	if c := s.Conditions[0]; c.Type != vpav1.RecommendationProvided || c.Status != corev1.ConditionFalse || c.Reason != v1alpha1.ReasonUsageUnknown || !strings.Contains(c.Message, "metrics-server") {
		t.Errorf("%+v", s)
	}
}

// One kill is answered once, by however many processes: whether it was written down before
// they began or not.
func TestAKillIsAnsweredOnceByAllProcesses(t *testing.T) {
	for name, c := range map[string]struct{ saved, told bool }{
		"written down": {true, true}, "not written down": {false, true}, "nothing is told any more": {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := asking("ns", "web", "evenkeel")
			f, now := vpa.NewFleet(), begin
			for range 60 {
				now = now.Add(time.Minute)
				stored(f, now, pod(o, now, 0.4, 1<<30))
			}
			kept, killed, had := written(t, f, now), now, 2048.0*(1<<20)
			process := func(f *vpa.Fleet) {
				for range 5 {
					now = now.Add(time.Minute)
					at := pod(o, now, 0.4, 1<<30)
					at.Pods[0].Containers[0].Killed, at.Pods[0].Containers[0].Had = killed, had
					stored(f, now, at)
				}
				had = memoryOf(o).AsApproximateFloat64() // the pod is resized
			}
			process(f)
			answer := memoryOf(o).String()
			if answer != "2581Mi" {
				t.Fatalf("a kill at 2Gi is answered by %s", answer)
			}
			for n := range 4 {
				if c.saved {
					kept = written(t, f, now)
				}
				if !c.told {
					o.Status = vpav1.VerticalPodAutoscalerStatus{}
				}
				now = now.Add(time.Minute)
				f = again(t, kept, now, o)
				process(f)
				if is := memoryOf(o).String(); is != answer {
					t.Errorf("after %d restarts it is %s, first it was %s", n+1, is, answer)
				}
			}
			killed = now // again, at what it has got for the first time
			process(f)
			if is := memoryOf(o).AsApproximateFloat64(); is < 1.2*2581*(1<<20) {
				t.Errorf("another kill is not answered: %v", is)
			}
		})
	}
}

// A spec that has changed is acknowledged, although nothing else has.
func TestTheGenerationIsAcknowledged(t *testing.T) {
	o := asking("ns", "web", "evenkeel")
	o.Generation = 1
	f, now := vpa.NewFleet(), begin
	for range 30 {
		now = now.Add(time.Minute)
		stored(f, now, pod(o, now, 0.4, 1<<30))
	}
	o.Generation = 2
	stored(f, now, pod(o, now, 0.4, 1<<30))
	if got := o.Status.ObservedGeneration; got == nil || *got != 2 {
		t.Errorf("it acknowledges %v", got)
	}
	if f.Take(now, pod(o, now, 0.4, 1<<30)) {
		t.Error("it is written again and again")
	}
}

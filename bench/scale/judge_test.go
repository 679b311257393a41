// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var stepped = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// seen is a look so many seconds after the step.
func seen(second float64, ready int, cores float64) Capacity {
	return Capacity{At: stepped.Add(time.Duration(second * float64(time.Second))), Ready: ready, All: ready, Cores: cores}
}

func TestCapacity(t *testing.T) {
	for _, c := range []struct {
		name                   string
		seen                   []Capacity
		first, enough          float64
		hasFirst, hasEnough    bool
		startCores, startReady float64
	}{
		{
			name:  "replicas come one after another",
			seen:  []Capacity{seen(-1, 3, 0.45), seen(0.2, 3, 0.45), seen(70, 4, 0.6), seen(130, 5, 0.75)},
			first: 70, hasFirst: true, enough: 130, hasEnough: true, startCores: 0.45, startReady: 3,
		},
		{
			name:  "nothing is added",
			seen:  []Capacity{seen(-1, 3, 0.45), seen(100, 3, 0.45)},
			first: 0, startCores: 0.45, startReady: 3,
		},
		{
			name:  "a replica that was lost and is back is nothing added",
			seen:  []Capacity{seen(-1, 3, 0.45), seen(5, 2, 0.3), seen(20, 3, 0.45), seen(30, 3, 0.6)},
			first: 30, hasFirst: true, startCores: 0.45, startReady: 3,
		},
		{
			name:  "enough was there already",
			seen:  []Capacity{seen(-1, 3, 0.9), seen(1, 3, 0.9)},
			first: 0, enough: 1, hasEnough: true, startCores: 0.9, startReady: 3,
		},
		{name: "nothing was seen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Outcome{Stepped: stepped, Seen: c.seen, Least: 0.675}
			first, ok := o.first()
			if ok != c.hasFirst || first.Seconds() != c.first {
				t.Errorf("first added after %s (%t), want %.0f s (%t)", first, ok, c.first, c.hasFirst)
			}
			enough, ok := o.from(o.Least)
			if ok != c.hasEnough || enough.Seconds() != c.enough {
				t.Errorf("enough after %s (%t), want %.0f s (%t)", enough, ok, c.enough, c.hasEnough)
			}
			if start, _ := o.atStep(); start.Cores != c.startCores || float64(start.Ready) != c.startReady {
				t.Errorf("%d replicas with %.2f cores at the step, want %.0f with %.2f", start.Ready, start.Cores, c.startReady, c.startCores)
			}
		})
	}
}

func TestLost(t *testing.T) {
	good := Window{P99: slo, Requests: 100}
	for _, c := range []struct {
		name    string
		windows []Window
		want    float64
	}{
		{"none", []Window{good, good}, 0},
		{"slow", []Window{good, {P99: slo + time.Millisecond, Requests: 100}, good}, 1.0 / 6},
		{"failed", []Window{{P99: time.Millisecond, Requests: 100, Failed: 1}, good}, 1.0 / 6},
		{"silent", []Window{{}, {}, good}, 2.0 / 6},
		{"a minute", []Window{{}, {}, {}, {}, {}, {}}, 1},
	} {
		if got := lost(c.windows); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %.3f min lost, want %.3f", c.name, got, c.want)
		}
	}
}

// TestCapacityOf counts what the nodes say is in force, of pods that serve.
func TestCapacityOf(t *testing.T) {
	pod := func(limit string, ready corev1.ConditionStatus) corev1.Pod {
		p := corev1.Pod{Status: corev1.PodStatus{
			Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}},
			ContainerStatuses: []corev1.ContainerStatus{{Name: workload}},
		}}
		// What is wished for is more than what is in force.
		p.Spec.Containers = []corev1.Container{{Name: workload, Resources: limits("2")}}
		if limit != "" {
			r := limits(limit)
			p.Status.ContainerStatuses[0].Resources = &r
		}
		return p
	}
	going, failed := pod("150m", corev1.ConditionTrue), pod("150m", corev1.ConditionTrue)
	going.DeletionTimestamp = &metav1.Time{Time: stepped}
	failed.Status.Phase = corev1.PodFailed
	pods := []corev1.Pod{
		pod("150m", corev1.ConditionTrue), pod("225m", corev1.ConditionTrue), pod("300m", corev1.ConditionFalse), pod("", corev1.ConditionTrue), going, failed,
	}
	want := Capacity{At: stepped, Ready: 3, All: 4, Cores: 0.375, Largest: 0.3}
	if diff := cmp.Diff(want, capacityOf(pods, stepped)); diff != "" {
		t.Errorf("capacity (-want +got):\n%s", diff)
	}
}

func limits(cpu string) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu)}}
}

// TestBothMayComeToTheSame holds the two plays to the same capacity in the end.
func TestBothMayComeToTheSame(t *testing.T) {
	if hpa, evenkeel := hpaReplicas*startMilli, evenkeelReplicas*evenkeelMilli; hpa != evenkeel {
		t.Errorf("the autoscaler alone may come to %dm and Evenkeel to %dm", hpa, evenkeel)
	}
	cpp, err := profile("../..")
	if err != nil {
		t.Fatal(err)
	}
	if most, size := *cpp.Spec.APIServer.Replicas.Max, cpp.Spec.APIServer.CPU.Max.MilliValue(); most != evenkeelReplicas || size != evenkeelMilli {
		t.Errorf("the profile allows %d replicas of %dm, want %d of %dm", most, size, evenkeelReplicas, evenkeelMilli)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	vpa "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/logic"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/model"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/routines"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// upstreamConfig are the recommender's own defaults (recommender/config).
var upstreamConfig = logic.RecommendationConfig{
	SafetyMarginFraction: 0.15, PodMinCPUMillicores: 25, PodMinMemoryMb: 250,
	TargetCPUPercentile: 0.9, LowerBoundCPUPercentile: 0.5, UpperBoundCPUPercentile: 0.95, ConfidenceIntervalCPU: 24 * time.Hour,
	TargetMemoryPercentile: 0.9, LowerBoundMemoryPercentile: 0.5, UpperBoundMemoryPercentile: 0.95, ConfidenceIntervalMemory: 24 * time.Hour,
}

// upstream sizes as the upstream recommender does, fed in process, and applies as its
// updater would.
type upstream struct {
	cluster     model.ClusterState
	recommender logic.PodResourceRecommender
	id          model.VpaID
	has         amounts
	changed     time.Time
}

const container = "server"

func newUpstream() (*upstream, error) {
	u := &upstream{
		cluster: model.NewClusterState(time.Hour), recommender: logic.CreatePodResourceRecommender(upstreamConfig),
		id: model.VpaID{Namespace: "tenant", VpaName: "server"},
	}
	object := &vpa.VerticalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: u.id.Namespace, Name: u.id.VpaName}}
	if err := u.cluster.AddOrUpdateVpa(object, labels.SelectorFromSet(labels.Set{"app": "server"})); err != nil {
		return nil, fmt.Errorf("adding the VerticalPodAutoscaler: %w", err)
	}
	for i := range replicas {
		u.cluster.AddOrUpdatePod(pod(i), labels.Set{"app": "server"}, corev1.PodRunning)
		if err := u.cluster.AddOrUpdateContainer(containerOf(i), model.Resources{}); err != nil {
			return nil, fmt.Errorf("adding a container: %w", err)
		}
	}
	return u, nil
}

func pod(i int) model.PodID {
	return model.PodID{Namespace: "tenant", PodName: fmt.Sprint("server-", i)}
}

func containerOf(i int) model.ContainerID {
	return model.ContainerID{PodID: pod(i), ContainerName: container}
}

// start is what the templates say: upstream knows nothing before the first sample.
func (u *upstream) start(now time.Time, _ sizing.Drivers) amounts {
	u.has, u.changed = amounts{1, 2 << 30}, now
	return u.has
}

func (u *upstream) minute(now time.Time, m *minute) amounts {
	for i := range replicas {
		for _, s := range []model.ContainerUsageSample{
			{MeasureStart: now.Add(-time.Minute), Usage: model.CPUAmountFromCores(m.cpu[i]), Resource: model.ResourceCPU},
			{MeasureStart: now.Add(-time.Minute), Usage: model.MemoryAmountFromBytes(m.memory[i]), Resource: model.ResourceMemory},
		} {
			_ = u.cluster.AddSample(&model.ContainerUsageSampleWithKey{ContainerUsageSample: s, Container: containerOf(i)}) // one that it discards is its own choice
		}
	}
	return u.apply(now)
}

func (u *upstream) killed(now time.Time, had float64, m *minute) amounts {
	_ = u.cluster.RecordOOM(containerOf(0), now, model.MemoryAmountFromBytes(had))
	u.minute(now, m)
	if r, ok := u.recommend(); ok { // the pod that is made anew gets the target
		u.has, u.changed = r.target, now
	}
	return u.has
}

// bounded is a recommendation.
type bounded struct{ target, lower, upper amounts }

func (u *upstream) recommend() (bounded, bool) {
	states := routines.GetContainerNameToAggregateStateMap(u.cluster.VPAs()[u.id])
	r, ok := u.recommender.GetRecommendedPodResources(states)[container]
	if !ok {
		return bounded{}, false
	}
	of := func(r model.Resources) amounts {
		return amounts{model.CoresFromCPUAmount(r[model.ResourceCPU]), model.BytesFromMemoryAmount(r[model.ResourceMemory])}
	}
	return bounded{of(r.Target), of(r.LowerBound), of(r.UpperBound)}, true
}

const (
	// youngest and least are the updater's: within its bounds a pod is left alone for
	// twelve hours, and for a difference of less than a tenth in all
	// (updater/priority/update_priority_calculator.go and priority_processor.go).
	youngest = 12 * time.Hour
	least    = 0.1
)

// apply is what the updater makes of the recommendation.
func (u *upstream) apply(now time.Time) amounts {
	r, ok := u.recommend()
	if !ok {
		return u.has
	}
	outside := u.has.cpu < r.lower.cpu || u.has.cpu > r.upper.cpu || u.has.memory < r.lower.memory || u.has.memory > r.upper.memory
	difference := abs(u.has.cpu-r.target.cpu)/u.has.cpu + abs(u.has.memory-r.target.memory)/u.has.memory
	if outside || now.Sub(u.changed) >= youngest && difference >= least {
		u.has, u.changed = r.target, now
	}
	return u.has
}

func abs(v float64) float64 { return max(v, -v) }

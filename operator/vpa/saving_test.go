// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vpa_test

import (
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/vpa"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// learned reads what is kept of a namespace.
func learned(t *testing.T, ns string) *v1alpha1.UsageHistory {
	t.Helper()
	h := &v1alpha1.UsageHistory{}
	if err := host.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: vpa.HistoryName}, h); err != nil {
		t.Fatal(err)
	}
	return h
}

// However often the recommender begins and ends, what was learnt is written once an hour.
func TestWhatWasLearntIsWrittenOnceAnHour(t *testing.T) {
	ns := namespace(t)
	create(t, asking(ns, "web", "evenkeel"))
	saved := time.Now().Truncate(time.Second)
	create(t, &v1alpha1.UsageHistory{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: vpa.HistoryName}, Saved: &metav1.Time{Time: saved}})
	before := learned(t, ns).ResourceVersion
	var ahead atomic.Int64
	now := func() time.Time { return saved.Add(time.Duration(ahead.Load())) }
	u := &uses{cpu: 0.5, memory: 1 << 30}
	for minutes := 1; minutes < 60; minutes += 20 {
		ahead.Store(int64(time.Duration(minutes) * time.Minute))
		stop, looks := recommendBy(t, u, now), u.looks()
		await(t, func() string {
			if u.looks() < looks+20 || seen(t, ns, "web").Status.Recommendation == nil {
				return "no recommendation"
			}
			return ""
		})
		stop()
		if is := learned(t, ns); is.ResourceVersion != before {
			t.Fatalf("after %d minutes it is written", minutes)
		}
	}
	ahead.Store(int64(time.Hour))
	recommendBy(t, u, now)
	await(t, func() string {
		if h := learned(t, ns); !h.Saved.Time.Equal(now()) || len(h.Containers) != 1 {
			return "after an hour it is not written"
		}
		return ""
	})
}

// One that has asked for another recommender until now is left at its size until samples
// say otherwise.
func TestAnotherRecommendersSizeIsTakenOver(t *testing.T) {
	ns := namespace(t)
	recommend(t, &uses{}) // nothing is seen
	o := asking(ns, "web", "default")
	create(t, o)
	size := vpa.StatusOf(o, "app", plane.SizePlan{Want: plane.Amounts{CPU: 3, Memory: 1 << 30}}, begin)
	if err := vpa.Write(t.Context(), host, o, size); err != nil {
		t.Fatal(err)
	}
	before := seen(t, ns, "web")
	o = before.DeepCopy()
	o.Spec.Recommenders[0].Name = "evenkeel"
	if err := host.Patch(t.Context(), o, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	await(t, func() string {
		if is := seen(t, ns, "web"); is.Status.ObservedGeneration == nil || *is.Status.ObservedGeneration != o.Generation {
			return "it is not taken over"
		}
		return ""
	})
	is := seen(t, ns, "web").Status
	if is.Recommendation == nil || is.Recommendation.ContainerRecommendations[0].Target.Cpu().String() != "3" || condition(is, vpav1.RecommendationProvided) != corev1.ConditionTrue {
		t.Errorf("%+v", is)
	}
}

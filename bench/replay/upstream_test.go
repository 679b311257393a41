// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestUpstreamFloor raises the floor of a quiet tenant: upstream's controller goes there in
// its next round, without a metric that asks for it.
func TestUpstreamFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(largest, time.Now())
		u, err := startUpstream(t.Context(), p, scaler(least, most, average(1)))
		if err != nil {
			t.Fatal(err)
		}
		defer u.stop()
		pass := func(d time.Duration) {
			for range d / tick {
				time.Sleep(tick)
				p.step(night, time.Now())
				p.sample(time.Now())
				if err := u.pods.write(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
		}
		time.Sleep(tick / 2)
		pass(time.Minute)
		if wanted, _ := p.counts(); wanted != least {
			t.Fatalf("%d replicas at night, want %d", wanted, least)
		}
		if err := u.setFloor(t.Context(), 5); err != nil {
			t.Fatal(err)
		}
		pass(syncPeriod + tick)
		if wanted, there := p.counts(); wanted != 5 || there != 5 {
			t.Errorf("%d replicas are wanted and %d there after a round, want 5", wanted, there)
		}
	})
}

// TestStatusLeavesFloor writes a status by what was read before the floor was raised.
func TestStatusLeavesFloor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, err := startUpstream(t.Context(), newPlant(largest, time.Now()), scaler(least, most, average(1)))
		if err != nil {
			t.Fatal(err)
		}
		defer u.stop()
		read, err := u.seen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := u.setFloor(t.Context(), 5); err != nil {
			t.Fatal(err)
		}
		read.Status.DesiredReplicas = 4
		if _, err := u.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).UpdateStatus(t.Context(), read, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		now, err := u.seen(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if *now.Spec.MinReplicas != 5 || now.Status.DesiredReplicas != 4 {
			t.Errorf("the floor is %d and %d replicas are desired, want 5 and 4", *now.Spec.MinReplicas, now.Status.DesiredReplicas)
		}
	})
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

const (
	// usageEvery is how often seats in use are written when nothing else changes,
	// usageMoved by how many points of the load line they must move to be written
	// at once. They never stand still, and a thousand profiles share one etcd.
	usageEvery = 30 * time.Second
	usageMoved = 10
)

// writeStatus writes the status once, and not at all when nothing has changed
// that is worth it.
func (p *pass) writeStatus(ctx context.Context) error {
	p.status.ObservedGeneration = p.cpp.Generation
	p.kept.status = p.status
	p.quiet()
	if equality.Semantic.DeepEqual(&p.cpp.Status, p.status) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	before := p.cpp.DeepCopy()
	after := p.cpp.DeepCopy()
	after.Status = *p.status.DeepCopy()
	if err := p.r.Client.Status().Patch(ctx, after, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("writing the status of %s/%s: %w", p.cpp.Namespace, p.cpp.Name, err)
	}
	p.kept.written, p.kept.usage = p.now, p.usage()
	return nil
}

// quiet leaves what never stands still as it was written, unless it is due or
// something else has changed.
func (p *pass) quiet() {
	still := p.status.DeepCopy()
	asWritten(still, &p.cpp.Status, func(now, was *v1alpha1.ReplicaStatus) { now.LastObserved = was.LastObserved })
	still.Sizes = stillSizes(still.Sizes, p.cpp.Status.Sizes)
	stillHeadroom(still.Availability, p.cpp.Status.Availability)
	still.Members = stillMembers(still.Members, p.cpp.Status.Members)
	if equality.Semantic.DeepEqual(&p.cpp.Status, still) {
		p.status = still
		return
	}
	if moved := p.usage() - p.kept.usage; max(moved, -moved) >= usageMoved || p.now.Sub(p.kept.written) >= usageEvery {
		return
	}
	asWritten(still, &p.cpp.Status, func(now, was *v1alpha1.ReplicaStatus) { now.UsedSeats = was.UsedSeats })
	if still.LoadLine != nil && p.cpp.Status.LoadLine != nil {
		still.LoadLine.Used = p.cpp.Status.LoadLine.Used
	}
	if equality.Semantic.DeepEqual(&p.cpp.Status, still) {
		p.status = still
	}
}

// asWritten takes something of each replica from a status before.
func asWritten(status, was *v1alpha1.ControlPlaneProfileStatus, take func(now, was *v1alpha1.ReplicaStatus)) {
	for i := range status.Replicas {
		for j := range was.Replicas {
			if was.Replicas[j].Name == status.Replicas[i].Name {
				take(&status.Replicas[i], &was.Replicas[j])
			}
		}
	}
}

// usage is the busiest replica's seats in use, in percent of the load line.
func (p *pass) usage() int {
	return 100 * p.plan.LoadLine.Used / max(p.plan.LoadLine.Seats, 1)
}

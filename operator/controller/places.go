// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// seePlaces sees the components' pods that run, on which nodes, where more of them could,
// and what guards them. What goes wrong leaves the host as not looked at, or is a fault.
func (p *pass) seePlaces(ctx context.Context) {
	host := &p.snapshot.Host
	*host = plane.HostSeen{Looked: true, Wanted: map[sizing.Component]int{}, Workloads: map[sizing.Component]plane.HostWorkload{}}
	server := p.cpp.Spec.APIServer
	pods := map[sizing.Component][]corev1.Pod{}
	pods[sizing.APIServer] = p.placeComponent(ctx, sizing.APIServer, "apiServer.targetRef", server.TargetRef, server.Container)
	if etcd := p.cpp.Spec.Etcd; etcd != nil {
		pods[sizing.Etcd] = p.placeComponent(ctx, sizing.Etcd, "etcd.targetRef", etcd.TargetRef, etcd.Container)
	}
	nodes := &p.r.fleet.nodes
	if err := nodes.look(ctx, p.r.Client, p.now); err != nil {
		host.Looked = false
		return
	}
	host.Nodes = nodes.of(slices.Concat(pods[sizing.APIServer], pods[sizing.Etcd]))
	if servers := pods[sizing.APIServer]; len(servers) > 0 {
		host.Zones, host.Free = nodes.zonesFor(servers)
	}
	p.seeBudgets(ctx, pods)
}

// placeComponent adds the pods of one component that run, and returns them.
func (p *pass) placeComponent(ctx context.Context, c sizing.Component, field string, ref v1alpha1.TargetRef, container string) []corev1.Pod {
	host := &p.snapshot.Host
	pods, w, err := p.pods(ctx, field, ref)
	if err != nil {
		host.Looked = false // why is said of the component itself by whoever else looks at it
		return nil
	}
	host.Wanted[c] = int(w.replicas)
	by := plane.HostWorkload{Kind: ref.Kind, Name: ref.Name, Rolling: w.rolling}
	if s := w.selector; s != nil && len(s.MatchExpressions) == 0 {
		by.Labels = s.MatchLabels
	}
	host.Workloads[c] = by
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return compareNames(&a, &b) })
	pods = slices.DeleteFunc(pods, func(pod corev1.Pod) bool { return !runs(&pod) || !pod.DeletionTimestamp.IsZero() })
	for i := range pods {
		p.addPod(ctx, c, &pods[i], container)
	}
	return pods
}

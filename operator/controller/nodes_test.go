// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Of the nodes that would take one more apiserver those that carry none are counted for
// themselves, also where nodes have no zone.
func TestFreeNodesAreSeen(t *testing.T) {
	w := newWorld(t)
	d := &looked{}
	w.decide = d.decide
	mine := func(n *corev1.Node) { n.Labels["pool"] = w.ns }
	unzoned := func(n *corev1.Node) { mine(n); delete(n.Labels, corev1.LabelTopologyZone) }
	full := func(n *corev1.Node) { mine(n); n.Status.Allocatable[corev1.ResourceCPU] = resource.MustParse("1") }
	nodes := []string{w.nodeIn("a", "a1", full), w.nodeIn("a", "a1b", mine), w.nodeIn("", "none1", unzoned)}
	w.nodeIn("a", "a2", mine)
	w.nodeIn("b", "b1", mine)
	w.nodeIn("", "none2", unzoned)
	w.nodeIn("", "none3", func(n *corev1.Node) { unzoned(n); n.Spec.Unschedulable = true })
	// Two on the first, which is full with them.
	w.runsOn([]string{nodes[0], nodes[0], nodes[1], nodes[2]}, func(_ int, s *corev1.PodSpec) {
		s.NodeSelector = map[string]string{"pool": w.ns}
	})
	w.profile("acme", nil)
	w.start()
	w.await(func() string {
		host := d.seen().Host
		return cmp.Diff(map[string]int{w.zone("a"): 2, w.zone("b"): 1}, host.Zones) + cmp.Diff(map[string]int{w.zone("a"): 1, w.zone("b"): 1, "": 1}, host.Free)
	})
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// nodesEvery is how often the nodes are looked through, for all control planes at
	// once, and requestsEvery how often what all pods request of them.
	nodesEvery    = 4 * time.Second
	requestsEvery = 30 * time.Second
	// mostRoomy is how many nodes of a zone are kept for pods of one kind: those with the
	// most room.
	mostRoomy = 16
)

// hostNodes are the host cluster's nodes, as all control planes share them: a thousand of
// them look at one list, not each through all nodes.
type hostNodes struct {
	mu         sync.Mutex
	at         time.Time
	nodes      []hostNode
	byName     map[string]int
	requestsAt time.Time
	// requested is what the pods of each node request.
	requested map[string]plane.Amounts
	// rooms are the nodes that take a pod with their room, by what it asks of a node, and
	// zone; "" is none.
	rooms map[string]map[string][]roomy
}

// roomy is a node, and what no pod has requested of it.
type roomy struct {
	name string
	plane.Amounts
}

// hostNode is a node with what tells whether it takes a pod.
type hostNode struct {
	plane.HostNode
	labels map[string]string
	taints []corev1.Taint
	state  nodeState
	// open is whether pods are placed on it, and room what no pod has requested of it.
	open bool
	room plane.Amounts
}

// look looks through the nodes, unless that was done only just.
func (n *hostNodes) look(ctx context.Context, c client.Reader, now time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.at.IsZero() && now.Sub(n.at) < nodesEvery {
		return nil
	}
	var nodes corev1.NodeList
	if err := c.List(ctx, &nodes, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing the nodes of the host cluster: %w", err)
	}
	if n.requestsAt.IsZero() || now.Sub(n.requestsAt) >= requestsEvery {
		requested, err := requestedOf(ctx, c)
		if err != nil {
			return err
		}
		n.requested, n.requestsAt = requested, now
	}
	n.nodes, n.byName = make([]hostNode, 0, len(nodes.Items)), make(map[string]int, len(nodes.Items))
	n.rooms, n.at = map[string]map[string][]roomy{}, now
	for i := range nodes.Items {
		n.byName[nodes.Items[i].Name] = i
		n.nodes = append(n.nodes, n.seen(&nodes.Items[i]))
	}
	return nil
}

func (n *hostNodes) seen(o *corev1.Node) hostNode {
	has, asked := o.Status.Allocatable, n.requested[o.Name]
	h := hostNode{
		HostNode: plane.HostNode{Name: o.Name, Zone: o.Labels[corev1.LabelTopologyZone], Ready: nodeReady(o), Leaving: leaving(o)},
		labels:   o.Labels, taints: o.Spec.Taints, state: stateOf(o),
		room: plane.Amounts{CPU: has.Cpu().AsApproximateFloat64() - asked.CPU, Memory: has.Memory().AsApproximateFloat64() - asked.Memory},
	}
	h.open = h.Ready && h.Leaving == ""
	return h
}

// requestedOf is what all pods request, by node. Init containers, and what a runtime class
// adds, are left out.
func requestedOf(ctx context.Context, c client.Reader) (map[string]plane.Amounts, error) {
	var pods corev1.PodList
	if err := c.List(ctx, &pods, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the pods of the host cluster: %w", err)
	}
	all := map[string]plane.Amounts{}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Spec.NodeName == "" || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		of, more := all[pod.Spec.NodeName], requestOf(pod)
		all[pod.Spec.NodeName] = plane.Amounts{CPU: of.CPU + more.CPU, Memory: of.Memory + more.Memory}
	}
	return all, nil
}

// requestOf is what a pod's containers request.
func requestOf(pod *corev1.Pod) (sum plane.Amounts) {
	for i := range pod.Spec.Containers {
		r := pod.Spec.Containers[i].Resources.Requests
		sum.CPU += float64(r.Cpu().MilliValue()) / 1000
		sum.Memory += float64(r.Memory().Value())
	}
	return sum
}

// of are the nodes that these pods run on, by zone and name. One that is not there any
// more is among them.
func (n *hostNodes) of(pods []corev1.Pod) (all []plane.HostNode) {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := map[string]bool{"": true}
	for i := range pods {
		name := pods[i].Spec.NodeName
		if seen[name] {
			continue
		}
		seen[name] = true
		if at, there := n.byName[name]; there {
			all = append(all, n.nodes[at].HostNode)
			continue
		}
		all = append(all, plane.HostNode{Name: name, Leaving: "is gone"})
	}
	slices.SortFunc(all, func(a, b plane.HostNode) int { return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Name, b.Name)) })
	return all
}

// zonesFor counts the nodes of each zone that would take one more pod like these: up to
// mostRoomy, and 0 for a zone of which no node has room. free are those of them that carry
// none of these pods, also of nodes without a zone, which are under "". What else a
// scheduler goes by (ports, volumes, other pods, resources but CPU and memory) is left out:
// a pod that is evicted for a place which it does not get is not evicted again for hours.
func (n *hostNodes) zonesFor(pods []corev1.Pod) (counts, free map[string]int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	asks := asksOf(&pods[0])
	zones, known := n.rooms[asks.key]
	if !known {
		zones = n.roomFor(asks)
		n.rooms[asks.key] = zones
	}
	used := map[string]bool{}
	for i := range pods {
		used[pods[i].Spec.NodeName] = true
	}
	needs := requestOf(&pods[0])
	counts, free = map[string]int{}, map[string]int{}
	for zone, nodes := range zones {
		if zone != "" {
			counts[zone] = 0
		}
		for _, node := range nodes {
			if node.CPU < needs.CPU || node.Memory < needs.Memory {
				continue
			}
			if zone != "" {
				counts[zone]++
			}
			if !used[node.name] {
				free[zone]++
			}
		}
	}
	return counts, free
}

// roomFor are the nodes that such a pod may be placed on, by zone, the one with the most
// room first.
func (n *hostNodes) roomFor(asks asks) map[string][]roomy {
	zones := map[string][]roomy{}
	for i := range n.nodes {
		if node := &n.nodes[i]; node.open && asks.met(node) {
			zones[node.Zone] = append(zones[node.Zone], roomy{node.Name, node.room})
		}
	}
	for zone, nodes := range zones {
		slices.SortFunc(nodes, func(a, b roomy) int {
			return cmp.Compare(max(b.CPU, 0)*max(b.Memory, 0), max(a.CPU, 0)*max(a.Memory, 0))
		})
		zones[zone] = nodes[:min(mostRoomy, len(nodes))]
	}
	return zones
}

func nodeReady(o *corev1.Node) bool {
	return slices.ContainsFunc(o.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
	})
}

// goingTaints are what autoscalers put on a node that they are about to remove.
var goingTaints = []string{"ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted"}

// leaving says why a node is about to be disturbed, the most certain first; empty when it
// is not. That it shuts down a node tells in the condition that it is not ready
// (k8s.io/kubernetes pkg/kubelet/nodeshutdown).
func leaving(o *corev1.Node) string {
	tainted := func(key string) bool {
		return slices.ContainsFunc(o.Spec.Taints, func(t corev1.Taint) bool { return t.Key == key })
	}
	shuts := slices.ContainsFunc(o.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue && strings.Contains(c.Message, "node is shutting down")
	})
	going := slices.IndexFunc(goingTaints, tainted)
	switch {
	case tainted(corev1.TaintNodeOutOfService):
		return "is out of service"
	case shuts:
		return "is shutting down"
	case going >= 0:
		return "is tainted " + goingTaints[going]
	case o.Spec.Unschedulable:
		return "is cordoned"
	case !nodeReady(o):
		return "is not ready"
	default:
		return ""
	}
}

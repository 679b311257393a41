// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"evenkeel.dev/evenkeel/operator/history"
)

// nodeState is what is told of a node that carries a control plane.
type nodeState struct {
	zone    string
	ready   bool
	leaving string
	// pressed are the conditions under which it suffers, taints those that keep pods away,
	// and boot is its boot's ID.
	pressed, taints, boot string
}

// stateOf is what is told of a node.
func stateOf(o *corev1.Node) nodeState {
	var pressed, taints []string
	for _, c := range o.Status.Conditions {
		if c.Type != corev1.NodeReady && c.Status == corev1.ConditionTrue {
			pressed = append(pressed, string(c.Type))
		}
	}
	for _, t := range o.Spec.Taints {
		taints = append(taints, t.Key)
	}
	slices.Sort(pressed)
	slices.Sort(taints)
	return nodeState{
		zone: o.Labels[corev1.LabelTopologyZone], ready: nodeReady(o), leaving: leaving(o),
		pressed: strings.Join(pressed, ", "), taints: strings.Join(slices.Compact(taints), ", "), boot: o.Status.NodeInfo.BootID,
	}
}

// pressures keeps of a node's conditions whether it is ready and those under which it
// suffers, and no time: nodes tell theirs anew every few seconds.
func pressures(all []corev1.NodeCondition) (kept []corev1.NodeCondition) {
	for _, c := range all {
		if c.Type == corev1.NodeReady || c.Status == corev1.ConditionTrue {
			kept = append(kept, corev1.NodeCondition{Type: c.Type, Status: c.Status, Reason: c.Reason, Message: c.Message})
		}
	}
	return kept
}

// states are those of nodes by their names; of one that is not there any more it is none.
func (n *hostNodes) states(names []string) map[string]nodeState {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := map[string]nodeState{}
	for _, name := range names {
		if at, there := n.byName[name]; there {
			all[name] = n.nodes[at].state
		}
	}
	return all
}

// nodeNews is what has changed of the nodes that carry a control plane. Of a node that carries
// it since, or does not any more, nothing is told.
func nodeNews(was, is map[string]nodeState, carries []string) (events []history.Event) {
	for _, name := range slices.Sorted(maps.Keys(was)) {
		if slices.Contains(carries, name) && was[name] != (nodeState{}) {
			events = append(events, oneNodesNews(name, was[name], is[name])...)
		}
	}
	return events
}

// oneNodesNews is what has changed of one node; a state that is none is of one that is gone.
func oneNodesNews(name string, b, a nodeState) (events []history.Event) {
	told := func(bad bool, title, node, what string) {
		events = append(events, history.Event{Kind: history.Node, Title: title, Message: node + " " + what, Bad: bad})
	}
	if a == (nodeState{}) {
		told(true, "Node gone", nodeWords(name, b.zone), "is not there any more")
		return events
	}
	node := nodeWords(name, a.zone)
	if bad, title, what := readinessNews(b, a); title != "" {
		told(bad, title, node, what)
	}
	if b.boot != "" && a.boot != "" && a.boot != b.boot {
		told(true, "Node rebooted", node, "has booted anew")
	}
	switch {
	case a.pressed == b.pressed:
	case a.pressed != "":
		told(true, "Node under pressure", node, "is under "+a.pressed)
	default:
		told(false, "Node eased", node, "is not under "+b.pressed+" any more")
	}
	if a.taints != b.taints && a.taints != "" {
		told(false, "Node tainted", node, "has the taints "+a.taints)
	}
	return events
}

// readinessNews is what has changed of whether pods can run on a node; no title where nothing
// has.
func readinessNews(b, a nodeState) (bad bool, title, what string) {
	switch {
	case b.ready && !a.ready:
		return true, "Node not ready", cmp.Or(a.leaving, "is not ready")
	case !b.ready && a.ready:
		return false, "Node ready", "is ready again"
	case a.leaving != "" && a.leaving != b.leaving:
		return true, "Node leaving", a.leaving
	case a.leaving == "" && b.leaving != "" && a.ready:
		return false, "Node stays", "is open again"
	default:
		return false, "", ""
	}
}

func nodeWords(name, zone string) string {
	if zone == "" {
		return "node " + name
	}
	return "node " + name + " of zone " + zone
}

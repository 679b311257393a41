// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"fmt"
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
	told := func(bad bool, title, format string, args ...any) {
		events = append(events, history.Event{Kind: history.Node, Title: title, Message: fmt.Sprintf(format, args...), Bad: bad})
	}
	for _, name := range slices.Sorted(maps.Keys(was)) {
		b, a := was[name], is[name]
		if !slices.Contains(carries, name) {
			continue
		}
		if a == (nodeState{}) {
			if b != (nodeState{}) {
				told(true, "Node gone", "%s is not there any more", nodeWords(name, b.zone))
			}
			continue
		}
		node := nodeWords(name, a.zone)
		switch {
		case b.ready && !a.ready:
			told(true, "Node not ready", "%s %s", node, cmp.Or(a.leaving, "is not ready"))
		case !b.ready && a.ready && b != (nodeState{}):
			told(false, "Node ready", "%s is ready again", node)
		case a.leaving != "" && a.leaving != b.leaving:
			told(true, "Node leaving", "%s %s", node, a.leaving)
		case a.leaving == "" && b.leaving != "" && a.ready:
			told(false, "Node stays", "%s is open again", node)
		}
		if b.boot != "" && a.boot != "" && a.boot != b.boot {
			told(true, "Node rebooted", "%s has booted anew", node)
		}
		if a.pressed != b.pressed {
			if a.pressed != "" {
				told(true, "Node under pressure", "%s is under %s", node, a.pressed)
			} else {
				told(false, "Node eased", "%s is not under %s any more", node, b.pressed)
			}
		}
		if a.taints != b.taints && a.taints != "" {
			told(false, "Node tainted", "%s has the taints %s", node, a.taints)
		}
	}
	return events
}

func nodeWords(name, zone string) string {
	if zone == "" {
		return "node " + name
	}
	return "node " + name + " of zone " + zone
}

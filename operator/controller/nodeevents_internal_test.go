// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What happens to a node that carries a control plane is told in words, and what does not is
// not.
func TestNodeNews(t *testing.T) {
	node := func(change func(*corev1.Node)) nodeState {
		n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n1", Labels: map[string]string{corev1.LabelTopologyZone: "a"}}}
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}, {Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse}}
		n.Status.NodeInfo.BootID = "1"
		if change != nil {
			change(n)
		}
		kept, err := slim(n)
		if err != nil {
			t.Fatal(err)
		}
		return stateOf(kept.(*corev1.Node)) //nolint:forcetypeassert // it is what was given
	}
	well := node(nil)
	unready := node(func(n *corev1.Node) { n.Status.Conditions[0].Status = corev1.ConditionUnknown })
	pressed := node(func(n *corev1.Node) { n.Status.Conditions[1].Status = corev1.ConditionTrue })
	cordoned := node(func(n *corev1.Node) { n.Spec.Unschedulable = true })
	booted := node(func(n *corev1.Node) { n.Status.NodeInfo.BootID = "2" })
	tainted := node(func(n *corev1.Node) {
		n.Spec.Taints = []corev1.Taint{{Key: "gpu", Effect: corev1.TaintEffectNoSchedule}}
	})
	for name, c := range map[string]struct {
		was, is nodeState
		want    string
	}{
		"nothing":        {well, well, ""},
		"not ready":      {well, unready, "!Node not ready: node n1 of zone a is not ready"},
		"ready again":    {unready, well, "Node ready: node n1 of zone a is ready again"},
		"pressure":       {well, pressed, "!Node under pressure: node n1 of zone a is under MemoryPressure"},
		"eased":          {pressed, well, "Node eased: node n1 of zone a is not under MemoryPressure any more"},
		"cordoned":       {well, cordoned, "!Node leaving: node n1 of zone a is cordoned"},
		"open again":     {cordoned, well, "Node stays: node n1 of zone a is open again"},
		"rebooted":       {well, booted, "!Node rebooted: node n1 of zone a has booted anew"},
		"tainted":        {well, tainted, "Node tainted: node n1 of zone a has the taints gpu"},
		"gone":           {well, nodeState{}, "!Node gone: node n1 of zone a is not there any more"},
		"gone for long":  {nodeState{}, nodeState{}, ""},
		"it came anew":   {nodeState{}, well, ""},
		"unready, still": {unready, unready, ""},
	} {
		var got []string
		for _, e := range nodeNews(map[string]nodeState{"n1": c.was}, map[string]nodeState{"n1": c.is}, []string{"n1"}) {
			line := e.Title + ": " + e.Message
			if e.Bad {
				line = "!" + line
			}
			got = append(got, line)
		}
		if line := strings.Join(got, "; "); line != c.want {
			t.Errorf("%s: %q, not %q", name, line, c.want)
		}
	}
	if events := nodeNews(map[string]nodeState{"n1": well}, map[string]nodeState{}, nil); len(events) > 0 {
		t.Errorf("of a node that carries it no more: %+v", events)
	}
	if events := nodeNews(nil, map[string]nodeState{"n1": unready}, []string{"n1"}); len(events) > 0 {
		t.Errorf("of a node that it is new to: %+v", events)
	}
}

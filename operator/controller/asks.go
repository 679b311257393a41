// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"encoding/json"
	"slices"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
)

// asks is what a pod asks of a node but room.
type asks struct {
	// key is the same for all pods that ask the same.
	key         string
	tolerations []corev1.Toleration
	selector    map[string]string
	terms       *corev1.NodeSelector
}

func asksOf(pod *corev1.Pod) asks {
	a := asks{tolerations: pod.Spec.Tolerations, selector: pod.Spec.NodeSelector}
	if of := pod.Spec.Affinity; of != nil && of.NodeAffinity != nil {
		a.terms = of.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	}
	raw, err := json.Marshal([]any{a.tolerations, a.selector, a.terms})
	if err != nil {
		raw = []byte(pod.Namespace + "/" + pod.Name) // shared with no other
	}
	a.key = string(raw)
	return a
}

// met tells whether a node is one that the pod may be placed on.
func (a asks) met(n *hostNode) bool {
	for i := range n.taints {
		if !slices.ContainsFunc(a.tolerations, func(t corev1.Toleration) bool { return t.ToleratesTaint(logr.Discard(), &n.taints[i], false) }) {
			return false
		}
	}
	if !k8slabels.SelectorFromSet(a.selector).Matches(k8slabels.Set(n.labels)) {
		return false
	}
	return a.terms == nil || slices.ContainsFunc(a.terms.NodeSelectorTerms, func(t corev1.NodeSelectorTerm) bool { return termMet(&t, n) })
}

// nodeOperators are the operators of a term by those of selectors.
var nodeOperators = map[corev1.NodeSelectorOperator]selection.Operator{
	corev1.NodeSelectorOpIn: selection.In, corev1.NodeSelectorOpNotIn: selection.NotIn,
	corev1.NodeSelectorOpExists: selection.Exists, corev1.NodeSelectorOpDoesNotExist: selection.DoesNotExist,
	corev1.NodeSelectorOpGt: selection.GreaterThan, corev1.NodeSelectorOpLt: selection.LessThan,
}

// termMet tells whether a node meets all of a term; an empty one is met by none, and so is
// one that cannot be read.
func termMet(t *corev1.NodeSelectorTerm, n *hostNode) bool {
	all := func(requirements []corev1.NodeSelectorRequirement, of k8slabels.Set) bool {
		return !slices.ContainsFunc(requirements, func(r corev1.NodeSelectorRequirement) bool {
			parsed, err := k8slabels.NewRequirement(r.Key, nodeOperators[r.Operator], r.Values)
			return err != nil || !parsed.Matches(of)
		})
	}
	if len(t.MatchExpressions) == 0 && len(t.MatchFields) == 0 {
		return false
	}
	return all(t.MatchExpressions, n.labels) && all(t.MatchFields, k8slabels.Set{"metadata.name": n.Name})
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// placeOf is what a pod's own spec says of where it may run: a constraint over zones or
// nodes that must be met, and that counts the pod itself among those it spreads. One that
// lets two more be in one place than in another does not mend what is to be mended.
func placeOf(pod *corev1.Pod) (place plane.PodPlace) {
	apart := func(key string) {
		place.ByZone = place.ByZone || key == corev1.LabelTopologyZone
		place.ByNode = place.ByNode || key == corev1.LabelHostname
	}
	for _, c := range pod.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable == corev1.DoNotSchedule && c.MaxSkew <= 1 && selects(c.LabelSelector, pod) {
			apart(c.TopologyKey)
		}
	}
	if a := pod.Spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		for _, t := range a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			if selects(t.LabelSelector, pod) && inNamespace(&t, pod.Namespace) {
				apart(t.TopologyKey)
			}
		}
	}
	place.Anchored = slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil })
	return place
}

// selects tells whether a selector matches the pod itself; nil matches nothing.
func selects(s *metav1.LabelSelector, pod *corev1.Pod) bool {
	parsed, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && parsed.Matches(k8slabels.Set(pod.Labels))
}

// inNamespace tells whether a term is about pods of this namespace: without any that it
// names it is about the pod's own. What namespaces' labels say is not looked at, but that
// no label is asked for.
func inNamespace(t *corev1.PodAffinityTerm, namespace string) bool {
	if s := t.NamespaceSelector; s != nil && len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0 {
		return true
	}
	return len(t.Namespaces) == 0 && t.NamespaceSelector == nil || slices.Contains(t.Namespaces, namespace)
}

// slimPlaces keeps of a pod's spec what tells where it may run: constraints and
// anti-affinity that must be met over zones or nodes, which claims it has, and what a node
// must have for it. A control plane host has thousands of pods, most of which say nothing
// of it.
func slimPlaces(to, from *corev1.PodSpec) {
	for _, c := range from.TopologySpreadConstraints {
		if c.WhenUnsatisfiable == corev1.DoNotSchedule && overPlaces(c.TopologyKey) {
			to.TopologySpreadConstraints = append(to.TopologySpreadConstraints, corev1.TopologySpreadConstraint{
				MaxSkew: c.MaxSkew, TopologyKey: c.TopologyKey, WhenUnsatisfiable: c.WhenUnsatisfiable, LabelSelector: c.LabelSelector,
			})
		}
	}
	to.Affinity = slimAffinity(from.Affinity)
	for _, v := range from.Volumes {
		if v.PersistentVolumeClaim != nil {
			to.Volumes = append(to.Volumes, corev1.Volume{Name: v.Name, VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: v.PersistentVolumeClaim.ClaimName},
			}})
		}
	}
	to.NodeSelector = from.NodeSelector
	for _, t := range from.Tolerations {
		if t.TolerationSeconds == nil { // those with an end keep a pod where it is, and place none
			to.Tolerations = append(to.Tolerations, t)
		}
	}
}

func slimAffinity(a *corev1.Affinity) *corev1.Affinity {
	var kept corev1.Affinity
	if a != nil && a.PodAntiAffinity != nil {
		var terms []corev1.PodAffinityTerm
		for _, t := range a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
			if overPlaces(t.TopologyKey) {
				terms = append(terms, corev1.PodAffinityTerm{
					LabelSelector: t.LabelSelector, Namespaces: t.Namespaces, NamespaceSelector: t.NamespaceSelector, TopologyKey: t.TopologyKey,
				})
			}
		}
		if len(terms) > 0 {
			kept.PodAntiAffinity = &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}
		}
	}
	if a != nil && a.NodeAffinity != nil && a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution != nil {
		kept.NodeAffinity = &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution}
	}
	if kept.PodAntiAffinity == nil && kept.NodeAffinity == nil {
		return nil
	}
	return &kept
}

func overPlaces(key string) bool {
	return key == corev1.LabelTopologyZone || key == corev1.LabelHostname
}

// slimTaints keeps what keeps pods away.
func slimTaints(taints []corev1.Taint) (kept []corev1.Taint) {
	for _, t := range taints {
		if t.Effect != corev1.TaintEffectPreferNoSchedule {
			kept = append(kept, corev1.Taint{Key: t.Key, Value: t.Value, Effect: t.Effect})
		}
	}
	return kept
}

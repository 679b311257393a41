// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package zones

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// mostLabels bounds the labels in a line of advice, in bytes: one that were cut would be no
// YAML any more.
const mostLabels = 400

// Advice is what a person can do about a problem.
type Advice struct {
	// Do is that in words, as what follows "to mend it, ".
	Do string
	// Lines are a strategic merge patch or an object in YAML, to be taken as it is; none
	// where words will do.
	Lines []string
	// Rejected are what was not advised, with the reason.
	Rejected []string
}

// Advise says what a person can do about a problem; ok is false when there is nothing: the
// pods' own rules would have it right, or nobody knows what selects them.
func Advise(s Seen, p Problem) (a Advice, ok bool) {
	w := s.Host.Workloads[p.Component]
	if len(labels(w)) > mostLabels {
		w.Labels = nil
	}
	switch p.Reason {
	case v1alpha1.ReasonTooFewZones:
		return Advice{Do: "give the host cluster nodes in another zone that take its pods, or ask for fewer zones"}, true
	case v1alpha1.ReasonZonesUneven, v1alpha1.ReasonNodeShared:
		return s.spreadAdvice(p, w)
	case v1alpha1.ReasonEvenMembers:
		return Advice{
			Do:       "add a member of etcd, or remove one, by hand",
			Rejected: []string{"to do it here: a member that is added or removed in a bad moment costs the quorum"},
		}, true
	case v1alpha1.ReasonNoBudget:
		return budgetAdvice(p, w)
	case v1alpha1.ReasonBudgetTwice:
		return Advice{Do: "delete all of these budgets but one"}, true
	case v1alpha1.ReasonBudgetBlocks:
		return Advice{Do: "patch PodDisruptionBudget " + p.Budget.Name, Lines: budgetPatch()}, true
	default:
		return Advice{}, false
	}
}

// spreadAdvice is a patch of the workload's template, where that does not say it yet.
func (s Seen) spreadAdvice(p Problem, w plane.HostWorkload) (Advice, bool) {
	zone := p.Reason == v1alpha1.ReasonZonesUneven
	pods, wanted := s.of(p.Component), s.Host.Wanted[p.Component]
	anchored := slices.ContainsFunc(pods, func(p plane.SizedPod) bool { return p.Place.Anchored })
	said := !slices.ContainsFunc(pods, func(p plane.SizedPod) bool { return zone && !p.Place.ByZone || !zone && !p.Place.ByNode })
	switch {
	case zone && wanted > 0 && wanted < min(s.Asked, len(s.given())):
		return Advice{Do: fmt.Sprintf("have %s run a pod for each zone, or ask for fewer zones", w.Name)}, w.Name != ""
	case said && anchored:
		return Advice{
			Do:       "have the volume of one pod made anew in the other zone: of etcd a follower, while all members are well",
			Rejected: []string{"to evict it: its volume would have it placed where it is"},
		}, true
	case said || w.Labels == nil || w.Name == "":
		return Advice{}, false
	}
	return Advice{
		Do:       fmt.Sprintf("patch %s %s, whose pods then start anew one after the other", w.Kind, w.Name),
		Lines:    constraints(w, s.Asked > 1),
		Rejected: []string{"to write it here: the template is its owner's"},
	}, true
}

// constraints are a patch of a template that spreads its pods over nodes, and over zones.
func constraints(w plane.HostWorkload, overZones bool) []string {
	keys := []string{"kubernetes.io/hostname"}
	if overZones {
		keys = []string{"topology.kubernetes.io/zone", "kubernetes.io/hostname"}
	}
	lines := []string{"spec:", "  template:", "    spec:", "      topologySpreadConstraints:"}
	for _, key := range keys {
		lines = append(lines,
			"      - maxSkew: 1",
			"        topologyKey: "+key,
			"        whenUnsatisfiable: DoNotSchedule",
			"        labelSelector: {matchLabels: "+labels(w)+"}")
		if w.Kind == "Deployment" { // else the pods of the revision before would count
			lines = append(lines, "        matchLabelKeys: [pod-template-hash]")
		}
	}
	return lines
}

// budgetAdvice is a budget that lets one go at a time.
func budgetAdvice(p Problem, w plane.HostWorkload) (Advice, bool) {
	switch {
	case p.Budget.Name != "" && p.Budget.Expected > 0 && p.Budget.Expected-p.Budget.Desired > 1:
		return Advice{Do: "patch PodDisruptionBudget " + p.Budget.Name, Lines: budgetPatch()}, true
	case w.Labels == nil || w.Name == "":
		return Advice{}, false
	case p.Budget.Name != "":
		return Advice{
			Do:    "patch PodDisruptionBudget " + p.Budget.Name,
			Lines: []string{"spec:", "  selector: {matchLabels: " + labels(w) + "}"},
		}, true
	}
	a := Advice{Do: "create", Lines: []string{
		"apiVersion: policy/v1", "kind: PodDisruptionBudget", "metadata: {name: " + strconv.Quote(w.Name) + "}", "spec:", "  maxUnavailable: 1",
	}}
	if p.Component == sizing.APIServer { // one that is not well serves nobody, and must not keep its node
		a.Lines = append(a.Lines, "  unhealthyPodEvictionPolicy: AlwaysAllow")
	}
	a.Lines = append(a.Lines, "  selector: {matchLabels: "+labels(w)+"}")
	return a, true
}

func budgetPatch() []string { return []string{"spec:", "  minAvailable: null", "  maxUnavailable: 1"} }

// labels are a workload's, as YAML in one line.
func labels(w plane.HostWorkload) string {
	words := make([]string, 0, len(w.Labels))
	for _, key := range slices.Sorted(maps.Keys(w.Labels)) {
		words = append(words, strconv.Quote(key)+": "+strconv.Quote(w.Labels[key]))
	}
	return "{" + strings.Join(words, ", ") + "}"
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// floorReason is why a floor is written or shown.
func (d *pass) floorReason(step plane.Step) plane.Reason {
	from, to := step.Floor.From, step.Floor.To
	r := plane.Reason{Code: v1alpha1.ReasonFloorRaised, Evidence: d.floorEvidence()}
	verb, more, many := "raises", "more", to-from
	if to < from {
		r.Code, verb, more, many = v1alpha1.ReasonFloorLowered, "lowers", "fewer", from-to
	}
	if !step.Apply {
		verb = "would " + strings.TrimSuffix(verb, "s")
	}
	r.Message = fmt.Sprintf("%s the floor of the apiservers from %d to %d replicas", verb, from, to)
	if from == 0 {
		r.Message = fmt.Sprintf("%s a floor of %d replicas to the apiservers, which have none", map[bool]string{true: "gives", false: "would give"}[step.Apply], to)
	}
	if zones := d.profile.Scaling.Zones; d.profile.Scaling.ByZone && zones > 1 && from > 0 && many%zones == 0 {
		r.Message += fmt.Sprintf(", %d %s in each of %d zones", many/zones, more, zones)
	}
	r.Rejected = []string{"spec.replicas: that would have two writers, and no rate of descent"}
	if to > from {
		if bound := d.scaled.Numbers.Bound; bound > 0 {
			r.Rejected = append(r.Rejected, fmt.Sprintf("larger pods: one may come to %.3g cores, and that is counted already", bound))
		}
		r.Rejected = append(r.Rejected, "to wait for the autoscaler: it sees what is used, once it is, and not what is due")
		return r
	}
	r.Rejected = append(r.Rejected, "all that are too many at once: what is too much for half an hour may be needed again")
	return r
}

// floorEvidence is what a floor follows from, a line each.
func (d *pass) floorEvidence() []string {
	n := d.scaled.Numbers
	var now, left []string
	if n.Bound > 0 {
		now = append(now, fmt.Sprintf("%.3g cores are used and %.3g are due in two minutes", n.CPU.Now, n.CPU.Due))
		left = append(left, fmt.Sprintf("%.3g cores", float64(n.Left)*n.Bound))
	}
	if n.Line > 0 {
		now = append(now, fmt.Sprintf("%.0f seats are asked for and %.0f are due", n.Seats.Now, n.Seats.Due))
		left = append(left, fmt.Sprintf("%.0f seats", float64(n.Left)*n.Line))
	}
	lost := "without one replica"
	if n.ByZone {
		lost = "with a zone lost"
	}
	lines := []string{strings.Join(now, "; ")}
	if len(left) > 0 && n.Before > 0 {
		lines = append(lines, fmt.Sprintf("%s %d of %d that run would be left, and carry %s", lost, n.Left, n.Before, strings.Join(left, " and ")))
	}
	if d.scaled.Words != "" {
		lines = append(lines, d.scaled.Words)
	}
	if n.Bound > 0 {
		lines = append(lines, d.sizeNearBound(n.Bound))
	}
	lines = append(lines, d.etcdHasRoom())
	return append(lines, d.scaled.Notes...)
}

// sizeNearBound says how near the pods are to the most that they may come to.
func (d *pass) sizeNearBound(bound float64) string {
	least := bound
	for _, p := range d.podsOf(sizing.APIServer) {
		least = min(least, p.Requested.CPU)
	}
	if least >= nearLimit*bound {
		return fmt.Sprintf("the size is at its bound of %.3g cores", bound)
	}
	return fmt.Sprintf("the size may come to %.3g cores in place, from %.3g", bound, least)
}

// etcdHasRoom says how etcd is, while it is not short.
func (d *pass) etcdHasRoom() string {
	slowest, seen := 0.0, false
	for _, m := range d.seen.Members {
		if d.fresh(m) {
			slowest, seen = max(slowest, m.CommitMean), true
		}
	}
	switch short := d.etcdShort(); {
	case short != "":
		return short
	case !seen:
		return "etcd's members are not seen"
	case slowest == 0:
		return "etcd has room"
	}
	return fmt.Sprintf("etcd commits in %.0f ms and has room", 1000*slowest)
}

// scaleWhy is why the floor is where it is, for people. It holds no figure that changes
// from look to look.
func (d *pass) scaleWhy() string {
	words := d.scaled.Words
	if words == "" {
		words = "they carry what is due, and without one of them the others do"
		if d.scaled.Numbers.ByZone {
			words = "they carry what is due, and with a zone lost the others do"
		}
	}
	return strings.Join(append([]string{words}, d.scaled.Notes...), "; ")
}

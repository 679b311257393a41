// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"math"
	"slices"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/care"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// etcdKept tells whether anything is due for the members, and what it waits for.
func (d *pass) etcdKept() plane.Finding {
	f := plane.Finding{Condition: v1alpha1.ConditionEtcdKept}
	fullest, seen := d.leastRoom()
	due := d.fragmented()
	switch {
	case d.profile.Care.Mode == plane.Off:
		f.Reason, f.Message = v1alpha1.ReasonOff, "nothing is done for etcd's members beyond their sizes: the profile has switched it off, or names no etcd with a client certificate"
	case d.seen.MembersFault != nil:
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonMembersUnseen, d.seen.MembersFault.Message
	case !seen:
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonMembersUnseen, "no member is seen whose database is known: nothing is done to any"
	case slices.Contains(d.alarms(), corrupt):
		f.Reason, f.Message = v1alpha1.ReasonAlarm, "nothing is done: "+d.careHeld()
	case d.onlyNoSpace():
		f.Reason, f.Message = v1alpha1.ReasonNoSpace, "etcd has no space and refuses writes since "+clock(d.memory.Care.Alarmed)+d.waitsFor()
	case fullest.Tight():
		f.Reason, f.Message = v1alpha1.ReasonQuotaNear, d.quotaNear(fullest)
	case len(due) > 0:
		f.Reason, f.Message = v1alpha1.ReasonFragmented, fmt.Sprintf("of %s a large part is air (%s)%s", names(due), airOf(room(due[0])), d.waitsFor())
	case d.memory.Care.UnderWay() != "":
		f.Reason, f.Message = v1alpha1.ReasonFragmented, d.memory.Care.UnderWay()+" is being defragmented, and answers nobody meanwhile"
	case d.unmeasured() != "":
		f.Unknown, f.Reason, f.Message = true, v1alpha1.ReasonMembersUnseen, "nothing is known to be due, and how full "+d.unmeasured()+" is, is not known"
	default:
		f.True, f.Reason = true, v1alpha1.ReasonAsExpected
		f.Message = fmt.Sprintf("nothing is due: %s%s", usedOf(fullest), d.growthWords(fullest))
	}
	return f
}

// unmeasured names the members whose database nobody knows enough of to tell that nothing is
// due; empty when there is none.
func (d *pass) unmeasured() string {
	return names(slices.DeleteFunc(slices.Clone(d.seen.Members), func(m plane.Member) bool {
		return d.fresh(m) && m.Fault == nil && room(m).Known()
	}))
}

// leastRoom is the file that is the nearest to its quota, of the members that are seen; the
// largest where no quota is known.
func (d *pass) leastRoom() (least care.Room, seen bool) {
	for _, m := range d.seen.Members {
		if r := room(m); d.fresh(m) && r.Known() {
			if !seen || r.Used() > least.Used() || r.Used() == least.Used() && r.Size > least.Size {
				least = r
			}
			seen = true
		}
	}
	return least, seen
}

// quotaNear says how long the room lasts, and what brings more.
func (d *pass) quotaNear(r care.Room) string {
	says := usedOf(r) + d.growthWords(r)
	if r.Due(d.worthwhile()) {
		return fmt.Sprintf("%s; a defragmentation gives %s back%s", says, gibibytes(r.Air()), d.waitsFor())
	}
	return fmt.Sprintf("%s; a defragmentation would give %s back, which is not worth it: %s", says, gibibytes(r.Air()), d.raiseQuota())
}

// usedOf says how much of its quota a file takes.
func usedOf(r care.Room) string {
	if r.Quota <= 0 {
		return fmt.Sprintf("the largest database file has %s, and %.0f %% of it is air", coarse(float64(r.Size)), 100*r.Fragmentation())
	}
	return fmt.Sprintf("the fullest member has %.0f %% of its quota of %s, and %.0f %% of its file is air", 100*r.Used(), gibibytes(r.Quota), 100*r.Fragmentation())
}

// growthWords say how fast what is in use grows, in figures that do not move with every look.
func (d *pass) growthWords(r care.Room) string {
	slope, known := d.memory.Care.Growth.Slope()
	if !known {
		return "; how it grows is not known yet"
	}
	if slope < 1<<20 {
		return "; what is in use does not grow"
	}
	words := fmt.Sprintf("; what is in use grows by %s a day", coarse(slope))
	if days, known := d.memory.Care.Growth.Days(r); known {
		words += fmt.Sprintf(" and reaches the quota in %s days", digits(days))
	}
	return words
}

// waitsFor says what is waited for; that it is next where it is for nothing.
func (d *pass) waitsFor() string {
	switch {
	case d.careWaits != "":
		return "; it waits for: " + d.careWaits
	case !d.enforcing(d.profile.Care.Mode):
		return "; it is recommended only, and what to do is among the decisions"
	default:
		return "; the members are defragmented one after the other"
	}
}

// coarse is a number of bytes in two digits.
func coarse(bytes float64) string {
	if bytes <= 0 {
		return "0 MiB"
	}
	unit := math.Pow(10, math.Floor(math.Log10(bytes/(1<<20)))-1)
	return gibibytes(math.Round(bytes/(1<<20)/unit) * unit * (1 << 20))
}

// digits are days in two digits.
func digits(days float64) string {
	if days < 10 {
		return fmt.Sprintf("%.1f", days)
	}
	unit := math.Pow(10, math.Floor(math.Log10(days))-1)
	return fmt.Sprintf("%.0f", math.Round(days/unit)*unit)
}

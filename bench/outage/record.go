// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"fmt"
	"math"

	"evenkeel.dev/evenkeel/bench/report"
)

// Record puts an outcome into a report.
func Record(r *report.Report, o Outcome) {
	var pages, lasted []float64
	missed := 0
	for _, one := range o.Outages {
		lasted = append(lasted, one.To.Sub(one.From).Seconds())
		if one.Page == 0 {
			missed++
			continue
		}
		pages = append(pages, one.Page.Seconds())
	}
	if missed > 0 {
		r.Miss(report.SLAPage, fmt.Sprintf("no page fired in %d of %d outages", missed, len(o.Outages)))
	} else {
		r.Add(report.SLAPage, report.UnitSeconds, pages...)
	}
	r.Add(report.SLAOutage, report.UnitSeconds, lasted...)
	r.Add(report.SLAKills, report.UnitCount, float64(o.Kills))
	r.Add(report.SLATruth, report.UnitCount, float64(o.Truth))
	if o.Truth == 0 {
		r.Miss(report.SLALedgerError, "there was no bad minute by the client's account")
	} else {
		r.Add(report.SLALedgerError, report.UnitCount, math.Abs(float64(o.Kept-o.Truth)))
		r.Add(report.SLALedgerWrong, report.UnitCount, float64(o.Wrong))
		r.Add(report.SLAWrongCauses, report.UnitCount, float64(o.WrongCauses))
		r.Add(report.SLAUnseen, report.UnitCount, float64(o.Unseen))
	}
	if o.Asked > 0 {
		r.Add(report.SLAPanels, report.UnitCount, float64(o.Asked))
		r.Add(report.SLAPanelsEmpty, report.UnitCount, float64(len(o.Empty)))
	}
	if o.Dead == nil {
		r.Miss(report.SLADeadGap, "the tenant was not left dead")
		return
	}
	r.Add(report.SLADeadGap, report.UnitCount, o.Dead.Intervals())
	r.Add(report.SLADeadSeconds, report.UnitSeconds, o.Dead.Lasted.Seconds())
	r.Add(report.SLADeadSeries, report.UnitSeconds, o.Dead.SeriesGap.Seconds())
	r.Add(report.SLADeadLedger, report.UnitSeconds, o.Dead.LedgerGap.Seconds())
	r.Add(report.SLADeadPage, report.UnitSeconds, o.Dead.PageGap.Seconds())
	r.Add(report.SLADeadMinutes, report.UnitCount, float64(o.Dead.Minutes))
}

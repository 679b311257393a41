// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import "slices"

// The figures of `make bench-sla`.
const (
	// SLAFixtures counts the failures that are simulated, SLARight those that Evenkeel's rules
	// tell rightly and SLAUsual those that the usual rule does; SLAFalsePages counts the pages
	// of thirty healthy days.
	SLAFixtures   = "sla.fixtures"
	SLARight      = "sla.fixtures_right"
	SLAUsual      = "sla.usual_rule_right"
	SLAFalsePages = "sla.false_pages"
	// SLAPage is the time from a total outage to the page, and SLAOutage how long the outages
	// were.
	SLAPage   = "sla.page_seconds"
	SLAOutage = "sla.outage_seconds"
	// SLAKills counts the operator replicas that were killed while they led, SLATruth the bad
	// minutes by the account of the tenant's client; SLALedgerError is by how many the ledger
	// is off, SLALedgerWrong how many are bad in one of the two alone, and SLAUnseen of how many
	// it says nothing. SLAWrongCauses are the bad minutes of outages that the ledger puts down
	// to something else than what was done.
	SLAKills       = "sla.operator_kills"
	SLATruth       = "sla.bad_minutes"
	SLALedgerError = "sla.ledger_error_minutes"
	SLALedgerWrong = "sla.ledger_wrong_minutes"
	SLAWrongCauses = "sla.wrong_causes"
	SLAUnseen      = "sla.ledger_unseen_minutes"
	// SLADeadGap is the longest gap in what is told of a tenant that is dead, in intervals;
	// the others are what it is made of, and for how long the tenant was dead.
	SLADeadGap     = "sla.dead_hour_gap_intervals"
	SLADeadSeconds = "sla.dead_seconds"
	SLADeadSeries  = "sla.dead_series_gap_seconds"
	SLADeadLedger  = "sla.dead_ledger_gap_seconds"
	SLADeadPage    = "sla.dead_page_gap_seconds"
	SLADeadMinutes = "sla.dead_bad_minutes"
	// SLAPanels counts the expressions of the dashboards' panels, SLAPanelsEmpty those that
	// give nothing on the testbed's data.
	SLAPanels      = "sla.panels"
	SLAPanelsEmpty = "sla.panels_empty"
	// WebPaint is the first paint of the fleet's page in a browser.
	WebPaint = "web.first_paint_ms"
)

// The bars of `make bench-sla`.
const (
	pageMost   = 60.0
	ledgerMost = 1.0
	gapMost    = 2.0
	paintMost  = 1000.0
)

// SLAResult is what `make bench-sla` shows at its end, made from its report.
type SLAResult struct {
	Bars    []Bar
	missing []Missing
	origin  string
}

// NewSLA makes the bars from the report.
func NewSLA(r *Report) SLAResult {
	var bars []Bar
	if r.mentions(SLAFixtures) {
		bars = append(bars,
			r.measured(Bar{Key: "fixtures", Title: "failures that are simulated"}, SLAFixtures),
			r.measured(Bar{Key: "right", Title: "of these told rightly by the shipped rules"}, SLARight),
			r.measured(Bar{Key: "usual", Title: "of these told rightly by a burn rate of the usual shape"}, SLAUsual),
			r.never(Bar{Key: "pages", Title: "pages in thirty healthy days, simulated"}, SLAFalsePages),
		)
	}
	bars = append(bars,
		r.always(Bar{Key: "page", Title: "total outage: until a page fires, the slowest of all counts"}, SLAPage, pageMost),
		r.atMost(Bar{Key: "ledger", Title: "bad minutes by which the ledger is off, operators killed meanwhile"}, SLALedgerError, ledgerMost),
		r.atMost(Bar{Key: "dead", Title: "tenant dead: the longest gap in its series, its ledger and its page, in intervals"}, SLADeadGap, gapMost),
	)
	if r.mentions(SLAWrongCauses) {
		bars = append(bars, r.never(Bar{Key: "causes", Title: "bad minutes that are put down to what was not the cause"}, SLAWrongCauses))
	}
	if r.mentions(SLAPanels) {
		bars = append(bars, r.never(Bar{Key: "panels", Title: "expressions of the dashboards' panels that give nothing"}, SLAPanelsEmpty))
	}
	if r.mentions(WebPaint) {
		bars = append(bars, r.atMost(Bar{Key: "paint", Title: "the fleet's page with 1,000 control planes: first paint"}, WebPaint, paintMost))
	}
	return SLAResult{Bars: bars, missing: slices.Clone(r.Missing), origin: r.origin()}
}

// Text is the result for a terminal.
func (s SLAResult) Text() string { return s.render(Table.Text) }

// Markdown is the same for docs/results.md.
func (s SLAResult) Markdown() string { return s.render(Table.Markdown) }

func (s SLAResult) render(as func(Table) string) string {
	text := as(barTable(s.Bars)) + "\n"
	if len(s.missing) > 0 {
		text += as(missingTable(s.missing)) + "\n"
	}
	return text + s.origin + "\n"
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sla"
)

type reportPage struct {
	page
	Namespace, Name string
	Month           month
	Notes           []string
	Before, After   string
}

// reported is the month that is asked for; false where the answer has been given.
// Machines are told by the status and a header what people read in notes.
func (s *Server) reported(w http.ResponseWriter, r *http.Request, p *v1alpha1.ControlPlaneProfile, machine bool) (reportPage, bool) {
	now := s.config.Now().UTC()
	of := now
	if text := r.URL.Query().Get("month"); text != "" {
		var err error
		if of, err = time.Parse("2006-01", text); err != nil || len(text) != len("2006-01") || of.Year() < 2000 || of.Year() > 2200 {
			s.fail(w, r, http.StatusBadRequest, "No month", "A month is asked for as in ?month=2026-11.")
			return reportPage{}, false
		}
	}
	out := reportPage{Namespace: p.Namespace, Name: p.Name}
	l, err := s.ledger(r.Context(), types.NamespacedName{Namespace: p.Namespace, Name: p.Name}, &out.Notes)
	if machine && err != nil {
		s.fail(w, r, http.StatusServiceUnavailable, "No answer", "The AvailabilityLedger cannot be read now; try again in a moment.")
		return reportPage{}, false
	}
	out.Month = monthOf(l, targetOf(p), of, now)
	for _, missing := range []string{out.Month.Gone, out.Month.Untold} {
		if machine && missing != "" {
			out.Notes = append(out.Notes, missing)
		}
	}
	if machine && len(out.Notes) > 0 {
		w.Header().Set("X-Evenkeel-Note", ascii(strings.Join(out.Notes, " ")))
	}
	first := time.Date(of.Year(), of.Month(), 1, 0, 0, 0, 0, time.UTC)
	out.Before, out.After = first.AddDate(0, -1, 0).Format("2006-01"), first.AddDate(0, 1, 0).Format("2006-01")
	return out, true
}

// ascii is text as a header carries it.
func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, cut(text, 1024))
}

func (s *Server) showReport(w http.ResponseWriter, r *http.Request, u *user, p *v1alpha1.ControlPlaneProfile) {
	out, ok := s.reported(w, r, p, false)
	if !ok {
		return
	}
	out.page = s.page(r, u, out.Month.Title+" – "+p.Namespace+"/"+p.Name)
	s.write(w, r, http.StatusOK, "report.html", out)
}

func (s *Server) reportCSV(w http.ResponseWriter, r *http.Request, _ *user, p *v1alpha1.ControlPlaneProfile) {
	out, ok := s.reported(w, r, p, true)
	if !ok {
		return
	}
	table, records := "days", dayRecords(out.Month)
	if r.URL.Query().Get("table") == "outages" {
		table, records = "outages", outageRecords(out.Month)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s-%s-%s.csv"`, p.Namespace, p.Name, out.Month.Name, table))
	compress(w, r, http.StatusOK, func(to writer) error {
		c := csv.NewWriter(to)
		for _, record := range records {
			for i := range record {
				record[i] = cell(record[i])
			}
			if err := c.Write(record); err != nil {
				return fmt.Errorf("writing a report: %w", err)
			}
		}
		c.Flush()
		return c.Error()
	})
}

// cell is a cell that a spreadsheet takes for text: one that it would take for a formula
// begins with a quote.
func cell(text string) string {
	formula := strings.HasPrefix(text, "\t") || strings.HasPrefix(text, "\r")
	text = plain(text)
	for _, first := range strings.TrimLeft(text, " ") {
		formula = formula || strings.ContainsRune("=+-@＝＋－＠", first)
		break
	}
	if formula {
		return "'" + text
	}
	return text
}

// notKept stands in a table for minutes that are no longer kept.
const notKept = "not kept"

func dayRecords(m month) [][]string {
	head := []string{"date", "minutes", "seen", "bad", "unseen", "slow", "shedding"}
	for _, c := range m.Causes {
		head = append(head, "bad by "+c.Word)
	}
	head = append(head, "requests", "failed", "shed", "late", "seconds in queues")
	all := [][]string{head}
	for _, d := range m.Days {
		t := d.Totals
		if d.Gone {
			// Whoever adds the days up is to stumble over those that are missing.
			record := make([]string, len(head))
			record[0], record[1] = d.Date.Format(time.DateOnly), notKept
			all = append(all, record)
		}
		if t.Minutes == 0 {
			continue
		}
		record := []string{d.Date.Format(time.DateOnly)}
		for _, n := range []int{t.Minutes, t.Seen, t.Bad, d.Unseen, t.Slow, t.Shedding} {
			record = append(record, strconv.Itoa(n))
		}
		for _, letter := range sla.Causes() {
			record = append(record, strconv.Itoa(t.By[letter]))
		}
		for _, f := range []float64{t.Sums.Requests, t.Sums.Failed, t.Sums.Shed, t.Sums.Slow, t.Sums.Waited} {
			record = append(record, strconv.FormatFloat(f, 'f', 0, 64))
		}
		all = append(all, record)
	}
	return all
}

func outageRecords(m month) [][]string {
	all := [][]string{{"from", "minutes", "cause", "why"}}
	for _, o := range m.Outages {
		all = append(all, []string{iso(o.From), strconv.Itoa(o.Minutes), o.Word, o.Why})
	}
	// Of days that are gone the ledger may tell some outages, but not all.
	if missing := cmp.Or(m.Gone, m.Untold); missing != "" {
		all = append(all, []string{iso(m.Days[0].Date), notKept, "", missing})
	}
	return all
}

// The report for machines. Its names are stable. Of a month that is not kept whole the sums
// stand under kept instead: whoever reads those of the month finds none.
type monthJSON struct {
	Namespace         string `json:"namespace"`
	Name              string `json:"name"`
	Month             string `json:"month"`
	Target            string `json:"target"`
	Available         string `json:"available"`
	AvailableRuns     string `json:"availableByRuns"`
	AvailableRequests string `json:"availableByRequests"`
	BudgetLeft        string `json:"budgetLeft"`
	BudgetWorst       string `json:"budgetLeftIfUnseenWasBad"`
	AsOf              string `json:"asOf,omitempty"`
	*sumsJSON
	KeptFrom string       `json:"keptFrom,omitempty"`
	Kept     *sumsJSON    `json:"kept,omitempty"`
	Outages  []outageJSON `json:"outages"`
	Notes    []string     `json:"notes,omitempty"`
}

type sumsJSON struct {
	BadMinutes    int            `json:"badMinutes"`
	UnseenMinutes int            `json:"unseenMinutes"`
	SeenMinutes   int            `json:"seenMinutes"`
	ByCause       map[string]int `json:"badMinutesByCause"`
}

type outageJSON struct {
	From    string `json:"from"`
	Minutes int    `json:"minutes"`
	Cause   string `json:"cause"`
	Why     string `json:"why"`
}

func (s *Server) reportJSON(w http.ResponseWriter, r *http.Request, _ *user, p *v1alpha1.ControlPlaneProfile) {
	got, ok := s.reported(w, r, p, true)
	if !ok {
		return
	}
	m := got.Month
	out := monthJSON{
		Namespace: got.Namespace, Name: got.Name, Month: m.Name, Target: m.Target, Available: m.Minutes, AvailableRuns: m.Runs, AvailableRequests: m.Req,
		BudgetLeft: m.Left, BudgetWorst: m.Worst, Outages: []outageJSON{}, Notes: got.Notes,
	}
	if !m.AsOf.IsZero() {
		out.AsOf = iso(m.AsOf)
	}
	sums := &sumsJSON{BadMinutes: m.Totals.Bad, UnseenMinutes: m.Unseen, SeenMinutes: m.Totals.Seen, ByCause: map[string]int{}}
	for _, c := range m.Causes {
		sums.ByCause[c.Word] = c.Minutes
	}
	if m.Gone == "" {
		out.sumsJSON = sums
	} else {
		out.KeptFrom, out.Kept = iso(m.KeptFrom), sums
	}
	for _, o := range m.Outages {
		out.Outages = append(out.Outages, outageJSON{iso(o.From), o.Minutes, o.Word, o.Why})
	}
	s.writeJSON(w, r, out)
}

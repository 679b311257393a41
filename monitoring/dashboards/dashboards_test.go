// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dashboards_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"evenkeel.dev/evenkeel/monitoring/dashboards"
	"evenkeel.dev/evenkeel/monitoring/grafana"
)

// page is what of a dashboard's JSON is looked at.
type page struct {
	UID, Title, Description string
	Editable                bool
	SchemaVersion           int
	Templating              struct{ List []struct{ Name, Type string } }
	Links                   []struct{ Type string }
	Panels                  []panel
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	Datasource               struct{ UID string }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []struct {
		RefID, Expr, LegendFormat string
		Datasource                struct{ UID string }
	}
}

func (p panel) String() string { return fmt.Sprintf("%d %q", p.ID, p.Title) }

func read(t *testing.T, d grafana.Dashboard) (page, string) {
	t.Helper()
	raw, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var p page
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	return p, string(raw)
}

// Their addresses are in other people's bookmarks, runbooks and alerts.
func TestAddressesStay(t *testing.T) {
	want := []string{"evenkeel-fleet", "evenkeel-control-plane", "evenkeel-etcd", "evenkeel-decisions"}
	var got []string
	for _, d := range dashboards.All() {
		p, _ := read(t, d)
		got = append(got, p.UID)
		if !p.Editable || p.SchemaVersion < 39 || p.Description == "" || !strings.HasPrefix(p.Title, "Evenkeel / ") || len(p.Links) != 1 {
			t.Errorf("%s: editable %t, schema %d, title %q, description %q, %d links", p.UID, p.Editable, p.SchemaVersion, p.Title, p.Description, len(p.Links))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("addresses are %q, want %q", got, want)
	}
}

// Every panel says what it shows, in what unit, from the data source that was chosen, and
// is large enough to be read on a page of 1,280 pixels.
func TestPanelsSayWhatTheyShow(t *testing.T) {
	units := []string{
		grafana.Ratio, grafana.Seconds, grafana.Bytes, grafana.ByteRate, grafana.Rate, grafana.Count, grafana.Minutes,
		grafana.Seats, grafana.Cores, grafana.Times, grafana.PerHour, grafana.State,
	}
	widths := map[string]int{"stat": 4, "timeseries": 6, "bargauge": 6, "table": 12, "state-timeline": 12}
	for _, d := range dashboards.All() {
		p, _ := read(t, d)
		ids, titles := map[int]bool{}, map[string]bool{}
		for _, panel := range p.Panels {
			if ids[panel.ID] || panel.ID < 1 || panel.Title == "" {
				t.Errorf("%s: panel %s has the id of another, or no title", p.UID, panel)
			}
			ids[panel.ID] = true
			if panel.Type == "row" {
				continue
			}
			if titles[panel.Title] {
				t.Errorf("%s: there are two panels %q", p.UID, panel.Title)
			}
			titles[panel.Title] = true
			if !strings.HasSuffix(panel.Description, ".") || !slices.Contains(units, panel.FieldConfig.Defaults.Unit) {
				t.Errorf("%s: panel %s has the description %q and the unit %q", p.UID, panel, panel.Description, panel.FieldConfig.Defaults.Unit)
			}
			if least, known := widths[panel.Type]; !known || panel.GridPos.W < least || panel.GridPos.H < 4 {
				t.Errorf("%s: panel %s, a %s, has %d × %d", p.UID, panel, panel.Type, panel.GridPos.W, panel.GridPos.H)
			}
			if len(panel.Targets) == 0 || panel.Datasource.UID != "${datasource}" {
				t.Errorf("%s: panel %s has no target, or the data source %q", p.UID, panel, panel.Datasource.UID)
			}
			for _, target := range panel.Targets {
				if target.Expr == "" || target.Datasource.UID != "${datasource}" || target.LegendFormat == "" && panel.Type != "table" {
					t.Errorf("%s: panel %s has the target %+v", p.UID, panel, target)
				}
			}
		}
	}
}

// No panel lies on another, or beyond the page.
func TestPanelsLieBesideEachOther(t *testing.T) {
	for _, d := range dashboards.All() {
		p, _ := read(t, d)
		for i, a := range p.Panels {
			if a.GridPos.X < 0 || a.GridPos.X+a.GridPos.W > 24 || a.GridPos.W < 1 || a.GridPos.H < 1 {
				t.Errorf("%s: panel %s lies at %+v", p.UID, a, a.GridPos)
			}
			for _, b := range p.Panels[:i] {
				if a.GridPos.X < b.GridPos.X+b.GridPos.W && b.GridPos.X < a.GridPos.X+a.GridPos.W &&
					a.GridPos.Y < b.GridPos.Y+b.GridPos.H && b.GridPos.Y < a.GridPos.Y+a.GridPos.H {
					t.Errorf("%s: panel %s lies on %s", p.UID, a, b)
				}
			}
		}
	}
}

var (
	variable = regexp.MustCompile(`\$\{?(\w+)`)
	link     = regexp.MustCompile(`/d/([\w-]+)\?`)
	given    = regexp.MustCompile(`var-(\w+)=`)
)

// Every variable that is used is there, and every one that is there is used; links lead to
// dashboards that are there, and give them variables that they have.
func TestVariablesAndLinks(t *testing.T) {
	has := map[string][]string{}
	for _, d := range dashboards.All() {
		p, _ := read(t, d)
		for _, v := range p.Templating.List {
			has[p.UID] = append(has[p.UID], v.Name)
		}
		if p.Templating.List[0].Type != "datasource" {
			t.Errorf("%s: the first variable is %+v", p.UID, p.Templating.List[0])
		}
	}
	for _, d := range dashboards.All() {
		p, raw := read(t, d)
		used := map[string]bool{}
		for _, m := range variable.FindAllStringSubmatch(raw, -1) {
			if used[m[1]] = true; !strings.HasPrefix(m[1], "__") && !slices.Contains(has[p.UID], m[1]) {
				t.Errorf("%s uses the variable %s, which it has not", p.UID, m[1])
			}
		}
		for _, name := range has[p.UID] {
			if !used[name] {
				t.Errorf("%s has the variable %s, which nothing uses", p.UID, name)
			}
		}
		for _, m := range link.FindAllStringSubmatchIndex(raw, -1) {
			to := raw[m[2]:m[3]]
			address, _, _ := strings.Cut(raw[m[0]:], `"`)
			for _, v := range given.FindAllStringSubmatch(address, -1) {
				if !slices.Contains(has[to], v[1]) {
					t.Errorf("%s links to %s with the variable %s, which that has not", p.UID, to, v[1])
				}
			}
		}
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is shipped is read back as what it was, with nothing in it that the model does not
// know.
func TestShippedDashboardsRoundTrip(t *testing.T) {
	paths, err := filepath.Glob("../../manifests/monitoring/dashboards/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var d wireDashboard
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&d); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		again, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var was, is any
		if err := json.Unmarshal(raw, &was); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(again, &is); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("%s (-was +is):\n%s", path, diff)
		}
	}
}

// Panels go from left to right, and below the tallest of the line where one does not fit.
func TestLayout(t *testing.T) {
	panel := func(width, height int) Panel { return Panel{Kind: Stat, Width: width, Height: height} }
	d := Dashboard{Rows: []Row{
		{Title: "one", Panels: []Panel{panel(12, 8), panel(12, 4), panel(20, 4), panel(8, 2)}},
		{Title: "two", Panels: []Panel{panel(24, 3)}},
	}}
	want := []wireGrid{
		{H: 1, W: 24, X: 0, Y: 0},
		{H: 8, W: 12, X: 0, Y: 1}, {H: 4, W: 12, X: 12, Y: 1}, {H: 4, W: 20, X: 0, Y: 9}, {H: 2, W: 8, X: 0, Y: 13},
		{H: 1, W: 24, X: 0, Y: 15}, {H: 3, W: 24, X: 0, Y: 16},
	}
	var got []wireGrid
	for i, p := range d.layout() {
		if p.ID != i+1 {
			t.Errorf("panel %d has the id %d", i, p.ID)
		}
		got = append(got, p.GridPos)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("layout (-want +got):\n%s", diff)
	}
}

// A table asks for values of now, puts its targets side by side and shows what has a column.
func TestTable(t *testing.T) {
	p := Panel{
		Kind: Table, Unit: Count, Targets: []Target{{Expr: "a"}, {Expr: "b"}},
		Columns: []Column{
			{Label: "name", Title: "Name", Links: []Link{{Title: "there", URL: "/d/there"}}},
			{Target: 1, Title: "B", Unit: Ratio, Thresholds: Below("green").From(1, "red"), Sort: true, Down: true},
		},
	}.wire()
	for i, target := range p.Targets {
		if target.RefID != Ref(i) || target.Format != "table" || !target.Instant || target.Range {
			t.Errorf("target %d is %+v", i, target)
		}
	}
	raw, err := json.Marshal(p.Transformations)
	want := `[{"id":"merge","options":{}},{"id":"filterFieldsByName","options":{"include":{"names":["name","Value #B"]}}},` +
		`{"id":"organize","options":{"excludeByName":{},"indexByName":{"Value #B":1,"name":0},"renameByName":{"Value #B":"B","name":"Name"}}}]`
	if err != nil || string(raw) != want {
		t.Errorf("its transformations are %s, %v; want %s", raw, err, want)
	}
	if diff := cmp.Diff([]wireSort{{DisplayName: "B", Desc: true}}, p.Options.SortBy); diff != "" {
		t.Errorf("its order (-want +got):\n%s", diff)
	}
	if len(p.FieldConfig.Overrides) != 2 || len(p.FieldConfig.Overrides[1].Properties) != 3 {
		t.Errorf("its columns are %+v", p.FieldConfig.Overrides)
	}
}

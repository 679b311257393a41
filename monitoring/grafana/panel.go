// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

func (p Panel) wire() wirePanel {
	from := source()
	w := wirePanel{
		Type: string(p.Kind), Title: p.Title, Description: p.Description, Datasource: &from,
		FieldConfig: &wireFieldConfig{Defaults: p.field(), Overrides: []wireOverride{}}, Options: p.options(),
	}
	for i, t := range p.Targets {
		w.Targets = append(w.Targets, t.wire(Ref(i), p.Kind == Table))
	}
	if p.Kind == Table {
		w.Transformations = p.transformations()
		for _, c := range p.Columns {
			w.FieldConfig.Overrides = append(w.FieldConfig.Overrides, c.override())
		}
	}
	return w
}

// Ref is the name of a target within its panel.
func Ref(i int) string { return string("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i]) }

func (t Target) wire(ref string, table bool) wireTarget {
	w := wireTarget{
		RefID: ref, Datasource: source(), EditorMode: "code", Expr: t.Expr, LegendFormat: t.Legend, Format: "time_series",
		Instant: t.Now || table, Range: !t.Now && !table,
	}
	switch {
	case table:
		w.Format = "table"
	case t.Buckets:
		w.Format = "heatmap"
	}
	return w
}

func (p Panel) field() wireField {
	f := wireField{
		Unit: p.Unit, Min: p.Min, Max: p.Max, Decimals: p.Decimals, Color: wireColor{Mode: "thresholds"},
		Thresholds: p.Thresholds.wire(), Mappings: []wireMapping{}, Links: links(p.Links),
	}
	if len(p.States) > 0 {
		m := wireMapping{Type: "value", Options: map[string]wireNamed{}}
		for i, s := range p.States {
			m.Options[s.Value] = wireNamed{Text: s.Text, Color: s.Color, Index: i}
		}
		f.Mappings = append(f.Mappings, m)
	}
	switch p.Kind {
	case Timeseries:
		f.Color.Mode = "palette-classic"
		f.Custom = p.Look.wire()
	case StateTimeline:
		none, most := 0, 80
		f.Custom = &wireCustom{LineWidth: &none, FillOpacity: &most}
	case Stat, Table, BarGauge:
	}
	return f
}

func (l Look) wire() *wireCustom {
	one, fill := 1, 10
	c := &wireCustom{
		DrawStyle: "line", LineInterpolation: "linear", LineWidth: &one, FillOpacity: &fill, ShowPoints: "never",
		Stacking: &wireStacking{Mode: "none", Group: "A"}, ThresholdsStyle: &wireMode{Mode: "off"},
	}
	if l.Bars {
		most := 80
		c.DrawStyle, c.FillOpacity = "bars", &most
	}
	if l.Stacked {
		c.Stacking.Mode = "normal"
	}
	if l.Steps {
		c.LineInterpolation = "stepAfter"
	}
	if l.Line {
		c.ThresholdsStyle.Mode = "dashed"
	}
	return c
}

func (t Thresholds) wire() wireThresholds {
	w := wireThresholds{Mode: "absolute", Steps: []wireStep{{Color: t.Base}}}
	for _, s := range t.Steps {
		w.Steps = append(w.Steps, wireStep{Color: s.Color, Value: &s.From})
	}
	return w
}

func (p Panel) options() *wireOptions {
	yes := true
	last := &wireReduce{Calcs: []string{"lastNotNull"}}
	switch p.Kind {
	case Stat:
		o := &wireOptions{ReduceOptions: last, ColorMode: "value", GraphMode: "area", TextMode: "auto", Orientation: "auto"}
		if len(p.States) > 0 {
			o.ColorMode, o.GraphMode = "background", "none"
		}
		return o
	case BarGauge:
		return &wireOptions{ReduceOptions: last, DisplayMode: "basic", ValueMode: "color", Orientation: "horizontal", ShowUnfilled: &yes}
	case Table:
		o := &wireOptions{ShowHeader: &yes, CellHeight: "sm"}
		for _, c := range p.Columns {
			if c.Sort {
				o.SortBy = append(o.SortBy, wireSort{DisplayName: c.Title, Desc: c.Down})
			}
		}
		return o
	case StateTimeline:
		height := 0.9
		return &wireOptions{
			MergeValues: &yes, ShowValue: "never", RowHeight: &height,
			Legend: &wireLegend{DisplayMode: "list", Placement: "bottom", ShowLegend: true, Calcs: []string{}}, Tooltip: &wireTooltip{Mode: "single", Sort: "none"},
		}
	case Timeseries:
		return &wireOptions{
			Legend:  &wireLegend{DisplayMode: "table", Placement: "bottom", ShowLegend: true, Calcs: []string{"lastNotNull", "max"}},
			Tooltip: &wireTooltip{Mode: "multi", Sort: "desc"},
		}
	}
	return nil
}

// transformations put the targets of a table side by side, a line for each set of labels,
// and leave the columns that are wanted.
func (p Panel) transformations() []wireTransformation {
	names := make([]string, 0, len(p.Columns))
	o := wireOrganize{ExcludeByName: map[string]bool{}, IndexByName: map[string]int{}, RenameByName: map[string]string{}}
	for i, c := range p.Columns {
		name := c.field(len(p.Targets))
		names = append(names, name)
		o.IndexByName[name], o.RenameByName[name] = i, c.Title
	}
	return []wireTransformation{
		{ID: "merge", Options: struct{}{}},
		{ID: "filterFieldsByName", Options: wireInclude{wireNames{names}}},
		{ID: "organize", Options: o},
	}
}

// field is what Grafana calls the column before it is renamed.
func (c Column) field(targets int) string {
	switch {
	case c.Label != "":
		return c.Label
	case targets == 1:
		return "Value"
	default:
		return "Value #" + Ref(c.Target)
	}
}

// override is how a column differs from the panel's others.
func (c Column) override() wireOverride {
	o := wireOverride{Matcher: wireMatcher{ID: "byName", Options: c.Title}, Properties: []wireProperty{}}
	add := func(id string, value any) { o.Properties = append(o.Properties, wireProperty{ID: id, Value: value}) }
	if c.Unit != "" {
		add("unit", c.Unit)
	}
	if c.Thresholds.Base != "" {
		add("thresholds", c.Thresholds.wire())
		add("custom.cellOptions", map[string]string{"type": "color-text"})
	}
	if len(c.Links) > 0 {
		add("links", links(c.Links))
	}
	return o
}

func links(all []Link) []wireLink {
	var out []wireLink
	for _, l := range all {
		out = append(out, wireLink{Title: l.Title, URL: l.URL})
	}
	return out
}

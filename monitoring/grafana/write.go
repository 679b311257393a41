// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
)

const (
	// schemaVersion is the form of the JSON: that of Grafana 10.4. Newer ones raise what
	// they read.
	schemaVersion = 39
	// refresh is how often an open dashboard asks anew, and sharedCursor shows the cursor
	// in all of its panels.
	refresh, sharedCursor = "1m", 1
	// onTimeRange has a variable's values asked for anew with the times that are shown.
	onTimeRange = 2
	// ascending sorts a variable's values.
	ascending = 1
	// stepOfAnnotations is how finely times are marked.
	stepOfAnnotations = "60s"
)

// Source is the variable that is the data source; expressions never name it.
const Source = "datasource"

func source() wireSource { return wireSource{Type: "prometheus", UID: "${" + Source + "}"} }

// JSON is the dashboard as Grafana reads it, indented, with a line break at its end.
func (d Dashboard) JSON() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // people read expressions with < and > in them
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(d.wire()); err != nil {
		return nil, fmt.Errorf("writing the dashboard %s: %w", d.UID, err)
	}
	return out.Bytes(), nil
}

func (d Dashboard) wire() wireDashboard {
	w := wireDashboard{
		UID: d.UID, Title: d.Title, Description: d.Description, Tags: d.Tags, Editable: true, GraphTooltip: sharedCursor,
		Refresh: refresh, SchemaVersion: schemaVersion, Time: wireTime{From: "now-" + d.From, To: "now"}, Timezone: "browser",
		Annotations: wireAnnotations{List: []wireAnnotation{}},
		Panels:      d.layout(),
	}
	for _, tag := range d.Tags {
		w.Links = append(w.Links, wireLink{Title: tag, Type: "dashboards", Tags: []string{tag}, IncludeVars: true, KeepTime: true})
	}
	w.Templating.List = []wireVariable{{
		Name: Source, Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1, Current: map[string]any{},
	}}
	for _, v := range d.Variables {
		w.Templating.List = append(w.Templating.List, v.wire())
	}
	for _, a := range d.Annotations {
		w.Annotations.List = append(w.Annotations.List, wireAnnotation{
			Name: a.Name, Datasource: source(), Enable: true, IconColor: a.Color, Expr: a.Expr,
			Step: stepOfAnnotations, TitleFormat: a.Title, TextFormat: a.Text,
		})
	}
	return w
}

func (v Variable) wire() wireVariable {
	from, in := source(), ""
	if v.In != "" {
		in = "{" + v.In + "}"
	}
	definition := fmt.Sprintf("label_values(%s%s, %s)", v.Series, in, v.Of)
	w := wireVariable{
		Name: v.Name, Label: v.Label, Description: v.Description, Type: "query", Datasource: &from, Definition: definition,
		Query:   wireVariableQuery{Query: definition, RefID: "PrometheusVariableQueryEditor-VariableQuery"},
		Refresh: onTimeRange, Sort: ascending, Multi: v.Many, IncludeAll: v.Many, Current: map[string]any{},
	}
	if v.Many {
		// One pattern instead of a list of all that there are, which may be a thousand.
		w.AllValue = ".*"
		w.Current = map[string]any{"text": []string{"All"}, "value": []string{"$__all"}}
	}
	return w
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

// How values are shown, as Grafana reads it.

type wireFieldConfig struct {
	Defaults  wireField      `json:"defaults"`
	Overrides []wireOverride `json:"overrides"`
}

type wireField struct {
	Unit       string         `json:"unit"`
	Min        *float64       `json:"min,omitempty"`
	Max        *float64       `json:"max,omitempty"`
	Decimals   *int           `json:"decimals,omitempty"`
	Color      wireColor      `json:"color"`
	Thresholds wireThresholds `json:"thresholds"`
	Mappings   []wireMapping  `json:"mappings"`
	Links      []wireLink     `json:"links,omitempty"`
	NoValue    string         `json:"noValue,omitempty"`
	Custom     *wireCustom    `json:"custom,omitempty"`
}

type wireColor struct {
	Mode string `json:"mode"`
}

type wireThresholds struct {
	Mode  string     `json:"mode"`
	Steps []wireStep `json:"steps"`
}

// wireStep has no value where it is below all.
type wireStep struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

type wireMapping struct {
	Type    string               `json:"type"`
	Options map[string]wireNamed `json:"options"`
}

type wireNamed struct {
	Text  string `json:"text"`
	Color string `json:"color"`
	Index int    `json:"index"`
}

// wireCustom is what the kinds of panels have of their own.
type wireCustom struct {
	DrawStyle         string        `json:"drawStyle,omitempty"`
	LineInterpolation string        `json:"lineInterpolation,omitempty"`
	LineWidth         *int          `json:"lineWidth,omitempty"`
	FillOpacity       *int          `json:"fillOpacity,omitempty"`
	ShowPoints        string        `json:"showPoints,omitempty"`
	Stacking          *wireStacking `json:"stacking,omitempty"`
	ThresholdsStyle   *wireMode     `json:"thresholdsStyle,omitempty"`
}

type wireStacking struct {
	Mode  string `json:"mode"`
	Group string `json:"group"`
}

type wireMode struct {
	Mode string `json:"mode"`
}

type wireOverride struct {
	Matcher    wireMatcher    `json:"matcher"`
	Properties []wireProperty `json:"properties"`
}

type wireMatcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
}

type wireProperty struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

type wireOptions struct {
	Legend        *wireLegend  `json:"legend,omitempty"`
	Tooltip       *wireTooltip `json:"tooltip,omitempty"`
	ReduceOptions *wireReduce  `json:"reduceOptions,omitempty"`
	ColorMode     string       `json:"colorMode,omitempty"`
	GraphMode     string       `json:"graphMode,omitempty"`
	TextMode      string       `json:"textMode,omitempty"`
	Orientation   string       `json:"orientation,omitempty"`
	DisplayMode   string       `json:"displayMode,omitempty"`
	ValueMode     string       `json:"valueMode,omitempty"`
	ShowUnfilled  *bool        `json:"showUnfilled,omitempty"`
	ShowHeader    *bool        `json:"showHeader,omitempty"`
	CellHeight    string       `json:"cellHeight,omitempty"`
	SortBy        []wireSort   `json:"sortBy,omitempty"`
	MergeValues   *bool        `json:"mergeValues,omitempty"`
	ShowValue     string       `json:"showValue,omitempty"`
	RowHeight     *float64     `json:"rowHeight,omitempty"`
}

type wireLegend struct {
	DisplayMode string   `json:"displayMode"`
	Placement   string   `json:"placement"`
	ShowLegend  bool     `json:"showLegend"`
	Calcs       []string `json:"calcs"`
}

type wireTooltip struct {
	Mode string `json:"mode"`
	Sort string `json:"sort"`
}

type wireReduce struct {
	Calcs  []string `json:"calcs"`
	Fields string   `json:"fields"`
	Values bool     `json:"values"`
}

type wireSort struct {
	DisplayName string `json:"displayName"`
	Desc        bool   `json:"desc"`
}

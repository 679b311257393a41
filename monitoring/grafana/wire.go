// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package grafana

// What follows is the form that Grafana reads. Names are Grafana's.

type wireDashboard struct {
	UID           string          `json:"uid"`
	Title         string          `json:"title"`
	Description   string          `json:"description"`
	Tags          []string        `json:"tags"`
	Editable      bool            `json:"editable"`
	GraphTooltip  int             `json:"graphTooltip"`
	Refresh       string          `json:"refresh"`
	SchemaVersion int             `json:"schemaVersion"`
	Time          wireTime        `json:"time"`
	Timezone      string          `json:"timezone"`
	Links         []wireLink      `json:"links"`
	Templating    wireTemplating  `json:"templating"`
	Annotations   wireAnnotations `json:"annotations"`
	Panels        []wirePanel     `json:"panels"`
}

type wireTime struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// wireLink is a link to all dashboards with a tag, or to one address.
type wireLink struct {
	Title       string   `json:"title"`
	Type        string   `json:"type,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	URL         string   `json:"url,omitempty"`
	AsDropdown  bool     `json:"asDropdown,omitempty"`
	IncludeVars bool     `json:"includeVars,omitempty"`
	KeepTime    bool     `json:"keepTime,omitempty"`
}

type wireSource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type wireTemplating struct {
	List []wireVariable `json:"list"`
}

type wireVariable struct {
	Name        string         `json:"name"`
	Label       string         `json:"label"`
	Description string         `json:"description,omitempty"`
	Type        string         `json:"type"`
	Datasource  *wireSource    `json:"datasource,omitempty"`
	Definition  string         `json:"definition,omitempty"`
	Query       any            `json:"query"`
	Refresh     int            `json:"refresh"`
	Sort        int            `json:"sort,omitempty"`
	Multi       bool           `json:"multi"`
	IncludeAll  bool           `json:"includeAll"`
	AllValue    string         `json:"allValue,omitempty"`
	Current     map[string]any `json:"current"`
}

type wireVariableQuery struct {
	Query string `json:"query"`
	RefID string `json:"refId"`
}

type wireAnnotations struct {
	List []wireAnnotation `json:"list"`
}

type wireAnnotation struct {
	Name        string     `json:"name"`
	Datasource  wireSource `json:"datasource"`
	Enable      bool       `json:"enable"`
	IconColor   string     `json:"iconColor"`
	Expr        string     `json:"expr"`
	Step        string     `json:"step"`
	TitleFormat string     `json:"titleFormat"`
	TextFormat  string     `json:"textFormat"`
}

type wirePanel struct {
	ID              int                  `json:"id"`
	Type            string               `json:"type"`
	Title           string               `json:"title"`
	Description     string               `json:"description,omitempty"`
	GridPos         wireGrid             `json:"gridPos"`
	Collapsed       *bool                `json:"collapsed,omitempty"` // rows alone
	Datasource      *wireSource          `json:"datasource,omitempty"`
	Targets         []wireTarget         `json:"targets,omitempty"`
	FieldConfig     *wireFieldConfig     `json:"fieldConfig,omitempty"`
	Options         *wireOptions         `json:"options,omitempty"`
	Transformations []wireTransformation `json:"transformations,omitempty"`
	Panels          []wirePanel          `json:"panels,omitempty"`
}

type wireGrid struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

type wireTarget struct {
	RefID        string     `json:"refId"`
	Datasource   wireSource `json:"datasource"`
	EditorMode   string     `json:"editorMode"`
	Expr         string     `json:"expr"`
	LegendFormat string     `json:"legendFormat"`
	Format       string     `json:"format"`
	Instant      bool       `json:"instant"`
	Range        bool       `json:"range"`
}

type wireTransformation struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

type wireOrganize struct {
	ExcludeByName map[string]bool   `json:"excludeByName"`
	IndexByName   map[string]int    `json:"indexByName"`
	RenameByName  map[string]string `json:"renameByName"`
}

type wireInclude struct {
	Include wireNames `json:"include"`
}

type wireNames struct {
	Names []string `json:"names"`
}

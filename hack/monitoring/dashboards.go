// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"evenkeel.dev/evenkeel/monitoring/dashboards"
)

// dashboardHeader begins the file of ConfigMaps.
const dashboardHeader = `# Grafana's dashboards of Evenkeel, for the sidecar that loads ConfigMaps with this label.
# Made from monitoring/dashboards by make generate; docs/grafana.md says how to use it.
`

// dashboardConfigMap holds one dashboard; the folder is that of Grafana's sidecar.
const dashboardConfigMap = `---
apiVersion: v1
kind: ConfigMap
metadata:
  name: %s-dashboard
  labels:
    app.kubernetes.io/name: evenkeel
    grafana_dashboard: "1"
  annotations:
    grafana_folder: Evenkeel
data:
  %s.json: |
`

// dashboardFiles are the dashboards, each by itself to be imported by hand, and all of them
// as ConfigMaps.
func dashboardFiles() ([]file, error) {
	folder := filepath.Join("manifests", "monitoring")
	var all []file
	maps := bytes.NewBufferString(dashboardHeader)
	for _, d := range dashboards.All() {
		raw, err := d.JSON()
		if err != nil {
			return nil, err
		}
		all = append(all, file{filepath.Join(folder, "dashboards", d.UID+".json"), raw})
		fmt.Fprintf(maps, dashboardConfigMap, d.UID, d.UID)
		for line := range strings.Lines(string(raw)) {
			maps.WriteString("    " + line)
		}
	}
	return append(all, file{filepath.Join(folder, "dashboards.yaml"), maps.Bytes()}), nil
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// What is committed is what the code says.
func TestDashboardFilesAreOfTheCode(t *testing.T) {
	files, err := dashboardFiles()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range files {
		known[filepath.Base(f.path)] = true
		if was, err := os.ReadFile(filepath.Join("..", "..", f.path)); err != nil || !bytes.Equal(was, f.content) {
			t.Errorf("%s is old (%v): make generate renews it", f.path, err)
		}
	}
	committed, err := filepath.Glob("../../manifests/monitoring/dashboards/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range committed {
		if !known[filepath.Base(path)] {
			t.Errorf("%s is of no dashboard: remove it", path)
		}
	}
}

// A ConfigMap has the dashboard's JSON byte for byte, and the label that the sidecar asks
// for.
func TestConfigMapsHoldTheDashboards(t *testing.T) {
	files, err := dashboardFiles()
	if err != nil {
		t.Fatal(err)
	}
	all := files[len(files)-1]
	documents := strings.Split(string(all.content), "\n---\n")[1:]
	if len(documents) != len(files)-1 {
		t.Fatalf("%d ConfigMaps of %d dashboards", len(documents), len(files)-1)
	}
	for i, document := range documents {
		var m corev1.ConfigMap
		if err := yaml.UnmarshalStrict([]byte(document), &m); err != nil {
			t.Fatal(err)
		}
		if m.Labels["grafana_dashboard"] != "1" || m.Namespace != "" {
			t.Errorf("%s has the labels %v in the namespace %q", m.Name, m.Labels, m.Namespace)
		}
		want := map[string]string{filepath.Base(files[i].path): strings.TrimSuffix(string(files[i].content), "\n")}
		for name, text := range m.Data {
			m.Data[name] = strings.TrimSuffix(text, "\n")
		}
		if diff := cmp.Diff(want, m.Data); diff != "" {
			t.Errorf("%s (-want +got):\n%s", m.Name, diff)
		}
		if size := len(document); size > 1<<20 {
			t.Errorf("%s has %d bytes, more than an object may", m.Name, size)
		}
	}
}

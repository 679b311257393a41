// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestObjects compares what is sent to a tenant's API with files that a person can
// read.
func TestObjects(t *testing.T) {
	a := New(nil, nil, Owner{Namespace: "tenant-acme", Name: "acme", UID: "4f1c", Self: "evenkeel"})
	jailed := func(c plane.Client, g plane.Grade) []client.Object {
		s := offender.Pass(c, g, 1, plane.Profile{Term: time.Minute, MaxTerm: time.Hour}, time.Date(2026, 3, 1, 14, 2, 11, 0, time.UTC))
		s.Reason = "held 58 of 60 seats"
		schema, err := a.schema(s)
		if err != nil {
			t.Fatal(err)
		}
		return []client.Object{a.level(offender.Level(s, 600, 245)), schema}
	}
	one, none, some := plane.Grade{Kind: plane.GradeOne}, plane.Grade{Kind: plane.GradeNone}, plane.Grade{Kind: plane.GradeSeats, Seats: 4}
	for name, objects := range map[string][]client.Object{
		"ballast":                      {a.level(plane.LevelSpec{Name: BallastName, Shares: 245})},
		"self":                         {a.selfLevel(), a.selfSchema()},
		"sentence-seats-cluster":       jailed(plane.Client{User: "system:serviceaccount:telemetry:agent", Verb: "list", Resource: "pods"}, some),
		"sentence-one-by-namespace":    jailed(plane.Client{User: "jane@example.com", Verb: "list", Group: "apps", Resource: "deployments", Namespaced: true}, one),
		"sentence-none-on-status":      jailed(plane.Client{User: "system:serviceaccount:ops:bot", Verb: "patch", Resource: "pods/status", Namespaced: true}, none),
		"sentence-one-on-a-path":       jailed(plane.Client{User: "scraper", Verb: "get", Path: "/metrics"}, one),
		"sentence-everybody":           jailed(plane.Client{User: plane.Everyone, Verb: "list", Group: "example.com", Resource: "reports"}, plane.Grade{Kind: plane.GradeSeats, Seats: 1}),
		"sentence-group":               jailed(plane.Client{User: plane.Group("ci"), Verb: "list", Resource: "pods"}, some),
		"sentence-half-a-sa-is-a-user": jailed(plane.Client{User: "system:serviceaccount:odd", Verb: "list", Resource: "nodes"}, one),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".yaml")
			got := rendered(t, objects)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got), -update writes it anew:\n%s", file, diff)
			}
			if strings.Contains(got, "apf.kubernetes.io/autoupdate-spec") {
				t.Error("the apiserver deletes objects of other names with the annotation apf.kubernetes.io/autoupdate-spec")
			}
		})
	}
}

// rendered are objects exactly as they are applied.
func rendered(t *testing.T, objects []client.Object) string {
	t.Helper()
	var documents []string
	for _, o := range objects {
		applied, err := asApplied(o)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(applied)
		if err != nil {
			t.Fatal(err)
		}
		document, err := yaml.JSONToYAML(raw)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(document))
	}
	return strings.Join(documents, "---\n")
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/monitoring/rules"
	"evenkeel.dev/evenkeel/monitoring/series"
)

const root = "../../"

// The files are what the code says.
func TestFiles(t *testing.T) {
	for path, content := range map[string]func() ([]byte, error){
		"manifests/monitoring/rules.yaml":          rules.File,
		"manifests/monitoring/prometheusrule.yaml": rules.Resource,
	} {
		want, err := content()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is old, run make generate (-want +got):\n%s", path, diff)
		}
	}
}

// So are the tables in the docs.
func TestTables(t *testing.T) {
	for path, want := range map[string]string{
		"docs/monitoring.md":      rules.Table("runbooks/") + "\n" + series.Table(),
		"docs/runbooks/README.md": rules.Table(""),
	} {
		page, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(want, "\n") {
			if !strings.Contains(string(page), line+"\n") {
				t.Errorf("%s does not have the line %q, run make generate", path, line)
			}
		}
	}
}

// Every alert says who is to do something, what it means, and where it stands what to do.
func TestAlerts(t *testing.T) {
	for _, a := range rules.Alerts() {
		if !strings.HasPrefix(a.Name, "Evenkeel") || a.Expr == "" || a.Summary == "" || a.Description == "" {
			t.Errorf("%+v is not whole", a)
		}
		if !slices.Contains([]rules.Severity{rules.Page, rules.Ticket, rules.Info}, a.Severity) {
			t.Errorf("%s has the severity %q", a.Name, a.Severity)
		}
		// What is of one control plane is summed up by its labels, whoever told it.
		fleet := strings.Contains(a.Expr, "absent(") || a.Name == "EvenkeelNoVantagePoint"
		recorded := strings.Contains(a.Expr, rules.Burn) || strings.HasPrefix(a.Expr, "predict_linear(controlplane:")
		if !fleet && !recorded && !strings.Contains(a.Expr, "by (namespace, name") {
			t.Errorf("%s is not by control plane: %s", a.Name, a.Expr)
		}
		if ends := a.Severity != rules.Info && !fleet && a.Name != "EvenkeelNotWatched" && a.KeepFor < 5*time.Minute; ends {
			t.Errorf("%s ends when the leader does, and begins again with the next", a.Name)
		}
		if raw := regexp.MustCompile(`\{\{ *\$labels\.(namespace|name)`).FindString(a.Summary + a.Description); raw != "" {
			t.Errorf("%s puts a label into its text as it is: %s", a.Name, raw)
		}
	}
}

// Each alert has its page, and no page is without an alert.
func TestRunbooks(t *testing.T) {
	want := map[string]bool{"README.md": true}
	for _, a := range rules.Alerts() {
		want[filepath.Base(a.Runbook())] = true
	}
	entries, err := os.ReadDir(root + "docs/runbooks")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !want[e.Name()] {
			t.Errorf("docs/runbooks/%s is of no alert", e.Name())
		}
		delete(want, e.Name())
	}
	for name := range want {
		t.Errorf("there is no docs/runbooks/%s", name)
	}
	for _, a := range rules.Alerts() {
		page, err := os.ReadFile(root + a.Runbook())
		if err != nil {
			continue // said above
		}
		for _, part := range []string{"# " + a.Name + "\n", "## First", "## Likely causes", "## What Evenkeel does by itself", "## Mend", "## Silence"} {
			if !strings.Contains(string(page), part) {
				t.Errorf("%s has no part %q", a.Runbook(), part)
			}
		}
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evenkeel.dev/evenkeel/bench/scenario"
)

func TestShippedScenariosLoad(t *testing.T) {
	files, err := filepath.Glob("../scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, f := range files {
		s, err := scenario.Load(f)
		if err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		if want := strings.TrimSuffix(filepath.Base(f), ".yaml"); s.Name != want {
			t.Errorf("%s is named %q", f, s.Name)
		}
	}
}

func TestLoadSaysWhatIsWrong(t *testing.T) {
	good, err := os.ReadFile("../scenarios/short.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, replacement, want string }{
		"unknown field":       {"storms: 1", "storms: 1\nstroms: 2", `unknown field "stroms"`},
		"no load":             {"clients: 32", "clients: 0", "offender.clients must be above 0"},
		"too much load":       {"clients: 32", "clients: 100000", "offender.clients must be at most 512"},
		"nothing to measure":  {"saturate: 6s", "saturate: 30s", "phases.saturate must be shorter"},
		"not a duration":      {"quiet: 12s", "quiet: twelve", "time: invalid duration"},
		"no name":             {"name: short", `name: ""`, "name is missing"},
		"larger than allowed": {"name: short", "name: short\n#" + strings.Repeat("x", 70_000), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.yaml")
			if err := os.WriteFile(path, []byte(strings.Replace(string(good), c.old, c.replacement, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := scenario.Load(path)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Load = %v, want %q", err, c.want)
			}
		})
	}
	if _, err := scenario.Load("no-such-file.yaml"); err == nil {
		t.Error("a missing file is no error")
	}
}

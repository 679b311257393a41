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

func TestShippedOverloadScenariosLoad(t *testing.T) {
	bed, err := scenario.LoadOverload("../scenarios/overload/bed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../scenarios/overload/*.yaml")
	if err != nil || len(files) != len(bed.Played)+1 {
		t.Errorf("%d scenarios are played, and there are files %v (%v)", len(bed.Played), files, err)
	}
	healthy := 0
	for _, s := range bed.Played {
		healthy += len(s.Traces)
	}
	if healthy != 6 {
		t.Errorf("%d healthy traces, want six", healthy)
	}
}

func TestLoadOverloadSaysWhatIsWrong(t *testing.T) {
	read := func(name string) string {
		raw, err := os.ReadFile("../scenarios/overload/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for name, c := range map[string]struct{ file, old, replacement, want string }{
		"unknown field":      {"crowd", "users: 200", "users: 200\n    user: 1", `unknown field "user"`},
		"too much load":      {"crowd", "users: 200", "users: 20000", "load.crowd.users must be at most 500"},
		"unbounded":          {"crowd", "timeout: 30s", "timeout: 0s", "load.crowd.timeout must be above 0"},
		"two kinds":          {"crowd", "load:", "load:\n  stampede: {clients: 1, every: 1s, timeout: 1s}", "load has 2 kinds of load"},
		"no load":            {"crowd", "sweep:", "traces: [{name: a, load: {}}]\nsweep:", "either a load or traces"},
		"a trace of nothing": {"healthy", "{lists:", "{crowd: {users: 1, atOnce: 1, timeout: 1s, pace: []}, lists:", "traces[3].load has 2 kinds"},
		"no room":            {"crowd", "evenkeel: 120s", "evenkeel: 30s", "phases.evenkeel must have room"},
		"a dead disk":        {"slow-etcd", "fsyncDelay: 40ms", "fsyncDelay: 10s", "fsyncDelay in seconds must be at most 1"},
		"another name":       {"crowd", "name: crowd", "name: mob", `name is "mob"`},
		"not in the folder":  {"bed", "crowd,", "../crowd,", "no name of a scenario"},
		"no path":            {"healthy", "path: /api/v1/pods", "path: pods", "is no path of an API"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, f := range []string{"bed", "healthy", "crowd", "stampede", "slow-etcd", "churn", "giants"} {
				text := read(f)
				if f == c.file {
					if !strings.Contains(text, c.old) {
						t.Fatalf("%s.yaml does not say %q any more: nothing is spoilt", f, c.old)
					}
					text = strings.Replace(text, c.old, c.replacement, 1)
				}
				if err := os.WriteFile(filepath.Join(dir, f+".yaml"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := scenario.LoadOverload(filepath.Join(dir, "bed.yaml"))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("LoadOverload = %v, want %q", err, c.want)
			}
		})
	}
}

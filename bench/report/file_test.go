// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrittenReportIsReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.json")
	r := sample()
	if err := r.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	back, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

func TestWriteFileLeavesNothingHalf(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "demo.json")
	if err := sample().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	// A folder in the place of the report makes the last move fail.
	taken := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(taken, "x"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := sample().WriteFile(taken); err == nil || !strings.Contains(err.Error(), "writing the report "+taken) {
		t.Errorf("writing over a folder: %v, want an error that names it", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 2 {
		t.Errorf("the folder holds %v, want the report and the folder only", left)
	}
}

func TestReadFileRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"no JSON":        {"hello", "invalid character"},
		"another object": {`{"kind": "Pod"}`, "names no target"},
		"too large":      {strings.Repeat(" ", maxFile+1), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "r.json")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("ReadFile: %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestCommit(t *testing.T) {
	dir := t.TempDir()
	if got := commit(t.Context(), dir); got != "unknown" {
		t.Errorf("commit outside a checkout = %q, want unknown", got)
	}
	run := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	run("init", "-q")
	run("commit", "-q", "--allow-empty", "-m", "first")
	clean := commit(t.Context(), dir)
	if len(clean) != 40 {
		t.Errorf("commit = %q, want 40 digits", clean)
	}
	if err := os.WriteFile(filepath.Join(dir, "new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := commit(t.Context(), dir); got != clean+"-dirty" {
		t.Errorf("commit with a new file = %q, want %q", got, clean+"-dirty")
	}
}

func TestMachineNamesNoHost(t *testing.T) {
	m := ThisMachine()
	if m.Cores < 1 || m.Go == "" {
		t.Errorf("machine = %+v, want cores and a Go version", m)
	}
	path := filepath.Join(t.TempDir(), "osrelease")
	if err := os.WriteFile(path, []byte("6.1.102-build-of-alice+\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := kernel(path); got != "6.1.102" {
		t.Errorf("kernel = %q, want 6.1.102", got)
	}
}

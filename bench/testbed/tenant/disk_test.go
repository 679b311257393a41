// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestDelayFsyncTellsEveryMember(t *testing.T) {
	member := &Tenant{options: Options{Namespace: "tenant-acme", Dir: t.TempDir(), Zones: []string{"a", "b", "c"}}}
	var files []string
	for _, v := range volumes(member.options) {
		if err := os.MkdirAll(filepath.Join(v.Path, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.Join(v.Path, "data", delayFile))
	}
	for _, d := range []time.Duration{40 * time.Millisecond, 2 * time.Second} {
		if err := member.DelayFsync(d); err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil || string(raw) != d.String()+"\n" {
				t.Errorf("%s says %q (%v), want %s", f, raw, err, d)
			}
		}
	}
	for range 2 { // the second time there is nothing to remove
		if err := member.DelayFsync(0); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		if _, err := os.Stat(f); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", f, err)
		}
	}
	member.options.Dir = filepath.Join(t.TempDir(), "nowhere")
	if err := member.DelayFsync(time.Second); err == nil {
		t.Error("a member without a folder was made slow")
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A figure that the browser's test did not give is missing, with what to do about it. One after
// another: what is written while another process begins cannot be run.
func TestFirstPaint(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		want   float64
		says   string
	}{
		"measured":         {`echo '{"web.first_paint_ms": 248, "web.page_bytes": 32551}' >"$EVENKEEL_FIGURES"`, 248, ""},
		"it skipped":       {`exit 0`, 0, "there is no Chromium: install it"},
		"it failed":        {`echo 'a console error' >&2; exit 1`, 0, "a console error"},
		"another figure":   {`echo '{"web.page_bytes": 32551}' >"$EVENKEEL_FIGURES"`, 0, "wrote no web.first_paint_ms"},
		"nothing of sense": {`echo 'PASS' >"$EVENKEEL_FIGURES"`, 0, "reading the first paint"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "web.test")
			if err := os.WriteFile(path, []byte("#!/bin/sh\n"+c.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			got, err := firstPaint(t.Context(), path)
			if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error %v, want %q in it", err, c.says)
			}
			if got != c.want {
				t.Errorf("%v ms, want %v", got, c.want)
			}
		})
	}
}

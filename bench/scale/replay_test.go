// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/bench/scale/turns"
)

// TestReplay takes what a binary writes, and tells what one said that failed.
func TestReplay(t *testing.T) {
	for _, c := range []struct {
		name, script, wrong string
		want                turns.Result
	}{
		{
			name:   "writes",
			script: `echo '{"replays":[{"arm":"hpa","day":7200000000000,"seed":3,"replicas":[{"what":"replicas","first":{"at":60000000000,"from":3,"to":4},"back":{"at":120000000000,"from":4,"to":3}}]}]}' >"${1#-result=}"`,
			want: turns.Result{Replays: []turns.Replay{{
				Arm: "hpa", Day: short, Seed: 3,
				Replicas: []turns.Turn{{
					What: "replicas", First: turns.Change{At: time.Minute, From: 3, To: 4}, Back: turns.Change{At: 2 * time.Minute, From: 4, To: 3},
				}},
			}}},
		},
		{name: "fails", script: `echo 'a plant that is none'; exit 1`, wrong: "a plant that is none"},
		{name: "writes nothing", script: `true`, wrong: "reading what the replay saw"},
		{name: "plays nothing", script: `echo '{"replays":[]}' >"${1#-result=}"`, wrong: errNothing.Error()},
		{name: "writes what is not known", script: `echo '{"days":[]}' >"${1#-result=}"`, wrong: `unknown field "days"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			binary := filepath.Join(t.TempDir(), "replay")
			if err := os.WriteFile(binary, []byte("#!/bin/sh\n"+c.script+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			got, err := Replay(t.Context(), binary)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Fatalf("the error is %v, want one that says %q", err, c.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

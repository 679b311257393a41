// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// The stories of the care for etcd, as a person would read them. They are written anew as
// the others are, with -update.
func TestCareTranscripts(t *testing.T) {
	const tick = 5 * time.Second
	for name, play := range map[string]func(w *etcdWorld){
		"no-space-enforced": func(w *etcdWorld) {
			w.run(6*time.Minute, tick) // there is a revision that is five minutes old
			w.full(900 * mebi)
			w.run(3*time.Minute, tick)
		},
		"no-space-recommended": func(w *etcdWorld) {
			w.profile.Care.Mode = plane.Recommend
			w.run(6*time.Minute, tick)
			w.full(900 * mebi)
			w.run(20*time.Minute, tick)
		},
		"no-space-not-enough": func(w *etcdWorld) {
			w.full(20 * mebi) // an operator that has just started: no revision is known to be old
			w.run(40*time.Minute, tick)
		},
		"fragmented": func(w *etcdWorld) {
			w.busy = 1000
			w.run(8*time.Hour, time.Minute)
			w.all(func(m *plane.Member) { m.DBSize = 3100 * mebi; m.DBInUse = 1200 * mebi; m.Quota = 8192 * mebi })
			w.stubborn["etcd-2"] = true
			w.run(10*time.Minute, tick) // waits for a quiet hour
			w.busy = 100
			w.run(30*time.Minute, tick)
		},
		"quota-near": func(w *etcdWorld) {
			w.grows = mebi / 2
			w.run(4*time.Hour, time.Minute)
			w.all(func(m *plane.Member) { m.DBSize = 1700 * mebi; m.DBInUse = 1650 * mebi })
			w.run(time.Minute, tick)
		},
		"leader-leaves": func(w *etcdWorld) {
			w.run(time.Minute, tick)
			w.host.Nodes[0].Leaving = "is cordoned"
			w.members[1].Applied = 10 // the nearest heir is far behind
			w.run(time.Minute, tick)
			w.host.Nodes[2].Ready, w.members[1].Ready = false, false
			w.run(time.Minute, tick)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newEtcdWorld()
			play(w)
			path := filepath.Join("testdata", "care-"+name+".txt")
			if flag.Lookup("update").Value.String() == "true" {
				if err := os.WriteFile(path, []byte(w.log.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), w.log.String()); diff != "" {
				t.Errorf("another transcript than %s (-want +got):\n%s", path, diff)
			}
		})
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"os"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

func main() {
	for seed := range uint64(3) {
		for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
			for _, s := range shapes(rand.New(rand.NewPCG(seed, 7))) {
				t := newMaker(seed, c, plain()).make(s)
				for _, p := range []string{"evenkeel", "unprofiled", "upstream"} {
					var pl player
					switch p {
					case "evenkeel":
						pl = newEvenkeel(c, plain())
					case "unprofiled":
						pl = newEvenkeel(c, nil)
					default:
						u, err := newUpstream()
						if err != nil {
							fmt.Fprintln(os.Stderr, err)
							os.Exit(1)
						}
						pl = u
					}
					o := play(&t, pl)
					n := float64(o.minutes)
					fmt.Printf("%d %-9s %-20s %-10s slack cpu %5.1f mem %5.1f covered cpu %6.2f mem %6.2f ooms %3d changes/d %5.1f\n", seed, c, s.name, p,
						100*o.slackCPU/n, 100*o.slackMemory/n, 100*float64(o.coveredCPU)/n, 100*float64(o.coveredMemory)/n, o.ooms, float64(o.changes)/float64(o.days))
				}
			}
		}
	}
}

// plain is a profile.
func plain() *sizing.Profile {
	return &sizing.Profile{
		Name: "standard", Revision: "bench",
		APIServer: sizing.Needs{
			CPU:    sizing.Curve{Base: 0.1, Each: sizing.Drivers{Nodes: 0.0004, Pods: 1e-5, Requests: 0.0015}, Error: 0.1},
			Memory: sizing.Curve{Base: 300 << 20, Each: sizing.Drivers{Nodes: 1e5, Pods: 3e4, Objects: 8e3}, Error: 0.1},
		},
		Etcd: sizing.Needs{
			CPU:    sizing.Curve{Base: 0.03, Each: sizing.Drivers{Nodes: 0.0002, Requests: 0.0006}, Error: 0.1},
			Memory: sizing.Curve{Base: 60 << 20, Each: sizing.Drivers{Bytes: 3, Objects: 500}, Error: 0.1},
		},
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// forged is a piece of a line that accuses somebody.
const forged = "workload-low,\tservice-accounts,\t0,\t-1,\t,\t2026-11-23T11:59:00Z,\t10,\t0,\t0s,\t2026-11-23T11:59:00Z,\tvictim,\tlist,\t"

// Whoever may choose the parts of a request path can write lines into the dump. No
// such line may accuse somebody of a request for a resource.
func TestPathsDoNotAccuse(t *testing.T) {
	pieces := []string{"\n", ",\t", ",\t,\t", ",\t,\t,\t,\t,\t", "x", "/", "v1", "pods", forged, forged + "/api/v1/pods,\t,\t,\tv1,\tpods,\t"}
	part := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 7).Draw(t, "pieces"), "")
	})
	rapid.Check(t, func(t *rapid.T) {
		r := list("attacker", time.Second, -1)
		r.namespace = strings.ReplaceAll(part.Draw(t, "namespace"), "/", "")
		r.name = strings.ReplaceAll(part.Draw(t, "name"), "/", "")
		r.sub = strings.ReplaceAll(part.Draw(t, "sub"), "/", "")
		r.path = "/api/v1/namespaces/" + r.namespace + "/pods/" + r.name + "/" + r.sub
		if rapid.Bool().Draw(t, "no resource") {
			r.path, r.namespace, r.name, r.sub, r.version, r.resource = "/"+part.Draw(t, "path"), "", "", "", "", ""
		}
		got, err := Parse(write(&testing.T{}, header(), r, list("other", time.Second, -1)), noon(), Bounds{})
		if err != nil {
			return // refused as a whole
		}
		for _, h := range got.Held {
			if h.Client.User == "victim" && h.Client.Resource != "" {
				t.Fatalf("%s is accused of %s %s, by the request of another", h.Client.User, h.Client.Verb, h.Client.Resource)
			}
		}
	})
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func own(path string) string { return module + "/" + path }

func TestWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		p    importing
		want string
	}{
		"cmd on top":                     {p: importing{ImportPath: own("cmd/evenkeel"), Imports: []string{own("operator/controller"), own("apis/v1alpha1"), "os"}}},
		"the operator on the core":       {p: importing{ImportPath: own("operator/observe"), Imports: []string{own("recommender/plane"), "k8s.io/client-go/rest"}}},
		"bench on the core":              {p: importing{ImportPath: own("bench/demo"), Imports: []string{own("recommender/plane"), own("bench/live")}}},
		"the core on the API":            {p: importing{ImportPath: own("recommender"), Imports: []string{own("apis/v1alpha1"), "time"}}},
		"the core's tests on rapid":      {p: importing{ImportPath: own("recommender"), XTestImports: []string{"pgregory.net/rapid", own("recommender")}}},
		"the core on the operator":       {importing{ImportPath: own("recommender/seats"), Imports: []string{own("operator/access")}}, own("recommender/seats") + " imports " + own("operator/access") + ": recommender may import recommender, apis"},
		"the core on another module":     {importing{ImportPath: own("recommender"), Imports: []string{"k8s.io/api/core/v1"}}, own("recommender") + " imports k8s.io/api/core/v1: recommender imports nothing but the standard library, its own floors and what hack/arrows lends it"},
		"bench on the operator":          {importing{ImportPath: own("bench/demo"), Imports: []string{own("operator/observe")}}, own("bench/demo") + " imports " + own("operator/observe") + ": bench may import bench, recommender, monitoring, apis, manifests"},
		"bench's tests on the operator":  {importing{ImportPath: own("bench/demo"), TestImports: []string{own("operator/observe")}}, own("bench/demo") + " (test) imports " + own("operator/observe") + ": bench may import bench, recommender, monitoring, apis, manifests"},
		"the API on the core":            {importing{ImportPath: own("apis/v1alpha1"), Imports: []string{own("recommender/plane")}}, own("apis/v1alpha1") + " imports " + own("recommender/plane") + ": apis may import apis"},
		"the product on its testbed":     {importing{ImportPath: own("cmd/evenkeel"), Imports: []string{own("bench/live")}}, own("cmd/evenkeel") + " imports " + own("bench/live") + ": cmd may import cmd, operator, recommender, monitoring, apis, manifests"},
		"an upstream server":             {importing{ImportPath: own("bench/testbed"), Imports: []string{"k8s.io/kubernetes/cmd/kube-apiserver/app"}}, own("bench/testbed") + " imports k8s.io/kubernetes/cmd/kube-apiserver/app: upstream servers live in modules of their own"},
		"a folder that is not the house": {importing{ImportPath: own("pkg/util"), Imports: []string{"fmt"}}, own("pkg/util") + ` imports fmt: the house has no floor "pkg", give it a line in hack/arrows and in CONTRIBUTING.md`},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, a := range wrong([]importing{tt.p}) {
				got = append(got, a.String())
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("wrong arrows (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDrawn(t *testing.T) {
	packages, err := parse([]byte(`{"ImportPath": "evenkeel.dev/evenkeel/operator/a", "Imports": ["evenkeel.dev/evenkeel/recommender", "evenkeel.dev/evenkeel/operator/b", "fmt"]}
{"ImportPath": "evenkeel.dev/evenkeel/operator/b", "Imports": ["evenkeel.dev/evenkeel/apis/v1alpha1"]}
{"ImportPath": "evenkeel.dev/evenkeel/apis/v1alpha1"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"apis         → nothing of ours", "operator     → apis, recommender"}
	if diff := cmp.Diff(want, drawn(packages)); diff != "" {
		t.Errorf("drawn (-want +got):\n%s", diff)
	}
	if _, err := parse([]byte(`{"ImportPath": `)); err == nil {
		t.Error("half a list was read without an error")
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// module is the path of the product's module.
const module = "evenkeel.dev/evenkeel"

// house says which floors of the house each floor may import, itself included.
// A floor is the first folder of a package's path; what stands here is the whole
// house, so a new folder at the top needs a line of its own.
var house = map[string][]string{
	"apis":        {"apis"},
	"recommender": {"recommender", "apis"},
	"monitoring":  {"monitoring", "apis"},
	"operator":    {"operator", "recommender", "monitoring", "apis", "manifests"},
	"bench":       {"bench", "recommender", "monitoring", "apis", "manifests"},
	"cmd":         {"cmd", "operator", "recommender", "monitoring", "apis", "manifests"},
	"manifests":   {"manifests", "apis"},
	// hack/monitoring writes the files that are made from the data in monitoring.
	"hack": {"hack", "monitoring", "apis"},
}

// closed are the floors that may import, besides their own floors, the standard
// library only. Tests are free to use other modules.
var closed = []string{"recommender"}

// lent are packages of other modules that closed floors may import all the same: they
// touch nothing either.
var lent = []string{
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/util",           // histograms that decay
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1", // the form they are kept in
}

// unwelcome are modules that must not reach the product at all: the upstream
// servers are built in modules of their own.
var unwelcome = []string{"k8s.io/kubernetes", "go.etcd.io/etcd/server"}

// importing is a package and what it imports: by itself, and in its tests.
type importing struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// arrow is one import that points the wrong way.
type arrow struct{ from, to, why string }

func (a arrow) String() string { return fmt.Sprintf("%s imports %s: %s", a.from, a.to, a.why) }

// floor is the first folder of a package of this module; ok is false for
// packages of other modules.
func floor(path string) (name string, ok bool) {
	if path == module {
		return ".", true
	}
	rest, ok := strings.CutPrefix(path, module+"/")
	name, _, _ = strings.Cut(rest, "/")
	return name, ok
}

// standard tells whether a path is of the standard library: its first element
// has no dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// wrong are the imports that point the wrong way, in the order of the packages.
func wrong(packages []importing) []arrow {
	var out []arrow
	for _, p := range packages {
		for _, to := range sorted(p.Imports) {
			if why := objection(p.ImportPath, to, false); why != "" {
				out = append(out, arrow{p.ImportPath, to, why})
			}
		}
		for _, to := range sorted(p.TestImports, p.XTestImports) {
			if why := objection(p.ImportPath, to, true); why != "" {
				out = append(out, arrow{p.ImportPath + " (test)", to, why})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b arrow) int { return cmp.Compare(a.from, b.from) })
	return out
}

// objection says why a package must not import another; empty when it may.
func objection(from, to string, test bool) string {
	mine, _ := floor(from)
	allowed, known := house[mine]
	if !known {
		return fmt.Sprintf("the house has no floor %q, give it a line in hack/arrows and in CONTRIBUTING.md", mine)
	}
	if theirs, ours := floor(to); ours {
		if !slices.Contains(allowed, theirs) {
			return fmt.Sprintf("%s may import %s", mine, strings.Join(allowed, ", "))
		}
		return ""
	}
	for _, m := range unwelcome {
		if to == m || strings.HasPrefix(to, m+"/") {
			return "upstream servers live in modules of their own"
		}
	}
	if !test && slices.Contains(closed, mine) && !standard(to) && !slices.Contains(lent, to) {
		return mine + " imports nothing but the standard library, its own floors and what hack/arrows lends it"
	}
	return ""
}

// drawn are the arrows between floors as they are, a line for each floor.
func drawn(packages []importing) []string {
	floors := map[string]map[string]bool{}
	for _, p := range packages {
		from, _ := floor(p.ImportPath)
		if floors[from] == nil {
			floors[from] = map[string]bool{}
		}
		for _, to := range p.Imports {
			if theirs, ours := floor(to); ours && theirs != from {
				floors[from][theirs] = true
			}
		}
	}
	var lines []string
	for from, to := range floors {
		names := make([]string, 0, len(to))
		for name := range to {
			names = append(names, name)
		}
		slices.Sort(names)
		if len(names) == 0 {
			names = []string{"nothing of ours"}
		}
		lines = append(lines, fmt.Sprintf("%-12s → %s", from, strings.Join(names, ", ")))
	}
	slices.Sort(lines)
	return lines
}

func sorted(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

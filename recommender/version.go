// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender

import (
	"fmt"
	"slices"
	"strings"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// knownVersions are the minor versions of Kubernetes whose metrics and debug endpoints
// Evenkeel reads as they are.
var knownVersions = []string{"v1.34", "v1.35", "v1.36"}

// goLines are the go lines of the go.mod that programs of a version are built by, and with
// it what their runtime makes of a CPU limit: k8s.io/kubernetes, whose godebug default is
// the same, and go.etcd.io/etcd/server.
var goLines = map[sizing.Component]map[string]string{
	sizing.APIServer: {"v1.34": "1.24", "v1.35": "1.25", "v1.36": "1.26"},
	sizing.Etcd:      {"3.6": "1.24", "3.7": "1.26"},
}

// goLine is that of a component; empty where its pods do not all tell a version of which it
// is known, and the same.
func (d *pass) goLine(c sizing.Component) string {
	var versions []string
	for _, r := range d.seen.Replicas {
		if c == sizing.APIServer {
			versions = append(versions, r.Version)
		}
	}
	for _, m := range d.seen.Members {
		if c == sizing.Etcd {
			versions = append(versions, m.Version)
		}
	}
	line := ""
	for i, v := range versions {
		minor := v
		if parts := strings.SplitN(v, ".", 3); len(parts) == 3 {
			minor = parts[0] + "." + parts[1]
		}
		of := goLines[c][minor]
		if of == "" || i > 0 && of != line {
			return ""
		}
		line = of
	}
	return line
}

// versionKnown tells whether every replica runs a version that Evenkeel knows. With
// another it goes on as long as it can read what it needs: what is missing or renamed
// is a fault of the replica's page, and holds everything.
func (d *pass) versionKnown() plane.Finding {
	f := plane.Finding{
		Condition: v1alpha1.ConditionVersionKnown, True: true, Reason: v1alpha1.ReasonAsExpected,
		Message: "every replica runs a version that Evenkeel knows",
	}
	var unknown []string
	for _, r := range d.seen.Replicas {
		known := slices.ContainsFunc(knownVersions, func(v string) bool { return strings.HasPrefix(r.Version, v+".") })
		if r.Ready && !r.Observed.IsZero() && !known {
			unknown = append(unknown, fmt.Sprintf("%s runs %.40q", r.Name, r.Version))
		}
	}
	if len(unknown) > 0 {
		f.True, f.Reason = false, v1alpha1.ReasonVersionUnknown
		f.Message = fmt.Sprintf("%s: Evenkeel knows %s; it goes on with what it can read",
			strings.Join(unknown, ", "), strings.Join(knownVersions, ", "))
	}
	return f
}

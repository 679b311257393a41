// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scaler

import (
	"strconv"
	"strings"
)

const (
	goAwayFlag = "--goaway-chance"
	// mostGoAway is the most that a kube-apiserver starts with
	// (k8s.io/apiserver v0.36 pkg/server/options/server_run_options.go).
	mostGoAway = 0.02
)

// GoAway is the chance, from 0 to 0.02, with which a kube-apiserver with these command and
// arguments has a client connect anew, which spreads HTTP/2 clients over new replicas;
// stated is false where they do not say, or say what it would not start with. A flag in a
// shell's line counts.
func GoAway(args []string) (chance float64, stated bool) {
	var words []string
	for _, a := range args {
		if strings.Contains(strings.ReplaceAll(a, "_", "-"), goAwayFlag) {
			words = append(words, strings.Fields(a)...)
			continue
		}
		words = append(words, a)
	}
	text := ""
	for i, w := range words { // the last one counts, as it does for the apiserver
		flag, value, valued := strings.Cut(w, "=")
		switch {
		case strings.ReplaceAll(flag, "_", "-") != goAwayFlag:
		case valued:
			text = value
		case i+1 < len(words):
			text = words[i+1]
		default:
			text = ""
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0 && n <= mostGoAway) {
		return 0, false
	}
	return n, true
}

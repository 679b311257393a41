// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"slices"
	"strings"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// CannotBeJailed says why a client must only be named, and what an administrator
// can do about it; empty when it may be jailed.
func CannotBeJailed(v Verdict, p plane.Profile) string {
	user := v.Client.User
	namespace, _, serviceAccount := v.Client.ServiceAccount()
	switch {
	case v.Level == "exempt":
		return "its requests are exempt from priority and fairness (system:masters, or a flow schema of an administrator's): give it credentials of its own instead"
	case strings.HasPrefix(user, "system:evenkeel:"):
		return "it is many small clients added up, none of them large: a lower load line is the remedy"
	case v.Client.Resource == "":
		return "its requests are not for a resource: a flow schema for a path would hold all paths below it too, and whoever can send a path can put another's name beside it in the apiserver's debug dump"
	case user == p.Self && user != "":
		return "it is Evenkeel itself: lengthen its tick"
	case slices.Contains(p.NeverJail, user):
		return "the profile's neverJail names it: ask its owner to page and to watch instead of listing"
	case strings.HasPrefix(user, "system:node:"):
		return "it is a node: look at what runs on it with the kubelet's credentials"
	case serviceAccount && namespace == "kube-system":
		return "it is a controller of the control plane (kube-system): look at its flags and its version"
	case strings.HasPrefix(user, "system:") && !serviceAccount && user != "system:anonymous":
		return "it is a component of the control plane: look at its flags and its version"
	default:
		return ""
	}
}

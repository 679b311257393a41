// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"fmt"
	"slices"
	"strings"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// CannotBeJailed says why a client must only be named, and what an administrator
// can do about it; empty when it may be jailed.
func CannotBeJailed(v Verdict, p plane.Profile) string {
	user := v.Client.User
	namespace, _, serviceAccount := v.Client.ServiceAccount()
	if why := many(v.Client, p); why != "" || user == plane.Everyone {
		return why
	}
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
		return fmt.Sprintf("it is a node: cordon %s, and look at its kubelet and at what runs there with the kubelet's credentials", strings.TrimPrefix(user, "system:node:"))
	case serviceAccount && namespace == "kube-system":
		return "it is a controller of the control plane (kube-system): look at its flags and its version"
	case strings.HasPrefix(user, "system:") && !serviceAccount && user != "system:anonymous":
		return "it is a component of the control plane: look at its flags and its version"
	default:
		return ""
	}
}

// many says why many clients together must only be named; empty when they may be jailed,
// and of a client that is one.
func many(c plane.Client, p plane.Profile) string {
	group, isGroup := c.GroupOf()
	switch {
	case isGroup && protects(p, group):
		return "a service account of its namespace must not be jailed (the profile's neverJail, or Evenkeel itself): jail the others by sentences of their own, or give that one a namespace of its own"
	case c.User != plane.Everyone:
		return ""
	case c.Verb != "list":
		return "all clients together can be held for what they list, and for nothing else"
	case slices.ContainsFunc(p.NeverJail, plane.Ordinary):
		return "a flow schema for everybody would hold those too whom the profile's neverJail names: jail the others by sentences of their own, or ask all to page and to watch instead of listing"
	default:
		return ""
	}
}

// protects tells whether Evenkeel itself or a user that must not be jailed is a
// service account of the namespace.
func protects(p plane.Profile, namespace string) bool {
	return livesIn(p.Self, namespace) || slices.ContainsFunc(p.NeverJail, func(u string) bool { return livesIn(u, namespace) })
}

// livesIn tells whether a user is a service account of the namespace.
func livesIn(user, namespace string) bool {
	theirs, _, ok := plane.Client{User: user}.ServiceAccount()
	return ok && theirs == namespace
}

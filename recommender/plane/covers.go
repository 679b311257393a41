// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"slices"
	"strings"
)

// All stands for every verb, or for every resource of every API group.
const All = "*"

// Group is the user name that stands for all service accounts of a namespace.
func Group(namespace string) string { return "system:serviceaccount:" + namespace + ":" + All }

// GroupOf is the namespace whose service accounts the client stands for; ok is
// false for a client that is one user.
func (c Client) GroupOf() (namespace string, ok bool) {
	namespace, name, ok := c.ServiceAccount()
	if !ok || name != All {
		return "", false
	}
	return namespace, true
}

// Everyone is the user name that stands for all clients but those of the control
// plane itself: the group that every client of a tenant is in.
const Everyone = "system:authenticated"

// Ordinary tells whether a user is none of the control plane itself: nodes, components
// and the service accounts of kube-system.
func Ordinary(user string) bool {
	namespace, _, serviceAccount := Client{User: user}.ServiceAccount()
	return serviceAccount && namespace != "kube-system" || !strings.HasPrefix(user, "system:")
}

// Kind is the description of what a client lists, whoever lists it; ok is false for
// other requests, and for clients of the control plane itself.
func (c Client) Kind() (kind Client, ok bool) {
	if c.Verb != "list" || c.Resource == "" || c.Resource == All || !Ordinary(c.User) {
		return c, false
	}
	c.User = Everyone
	return c, true
}

// Many tells whether the client stands for many, of whom none is to blame alone.
func (c Client) Many() bool {
	_, group := c.GroupOf()
	return group || c.User == Everyone
}

// Verbs are the client's verbs.
func (c Client) Verbs() []string { return strings.Split(c.Verb, ",") }

// Covers tells whether a sentence on c holds the requests of other as well: the
// same client, or one that is part of a wider description. It is how a flow schema
// for c matches.
func (c Client) Covers(other Client) bool {
	if c == other {
		return true
	}
	if c.Resource == "" || other.Resource == "" || !c.coversUser(other) {
		return false
	}
	verbs := c.Verbs()
	for _, v := range other.Verbs() {
		if c.Verb != All && !slices.Contains(verbs, v) {
			return false
		}
	}
	return c.Resource == All || c.Group == other.Group && c.Resource == other.Resource && c.Namespaced == other.Namespaced
}

func (c Client) coversUser(other Client) bool {
	if c.User == other.User || c.User == Everyone && Ordinary(other.User) {
		return true
	}
	namespace, ok := c.GroupOf()
	if !ok {
		return false
	}
	theirs, _, ok := other.ServiceAccount()
	return ok && theirs == namespace
}

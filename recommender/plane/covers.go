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
	if c.User == other.User {
		return true
	}
	namespace, ok := c.GroupOf()
	if !ok {
		return false
	}
	theirs, _, ok := other.ServiceAccount()
	return ok && theirs == namespace
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"slices"
	"strings"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// description maps a client to a wider one that it is part of; ok is false when it
// is part of none of this kind.
type description func(plane.Client) (wider plane.Client, ok bool)

// rung is a kind of description, and how many clients of it may share the blame.
type rung struct {
	of   description
	most int
	// part names what a description is made of.
	part func(plane.Client) string
	// dear is true where each request must be dear by itself.
	dear bool
}

// ladder has the narrowest descriptions first: who is not needed to explain the
// harm is not held for it. A few exact sentences are narrower than one on all that
// a user does, and that is narrower than one on what everybody lists of a kind, which is
// held only where each such list is dear; the widest is one on a namespace.
func ladder() []rung {
	verb := func(c plane.Client) string { return c.Verb }
	what := func(c plane.Client) string { return strings.Trim(strings.TrimPrefix(c.String(), c.User+" "), "()") }
	user := func(c plane.Client) string { return c.User }
	return []rung{
		{of: exact, most: 1, part: what}, {of: churn, most: 1, part: verb},
		{of: exact, most: mostAtOnce, part: what}, {of: churn, most: mostAtOnce, part: verb},
		{of: wholeUser, most: 1, part: what}, {of: wholeUser, most: mostAtOnce, part: what},
		{of: plane.Client.Kind, most: 1, part: user, dear: true},
		{of: group(same), most: 1, part: user}, {of: group(churnOf), most: 1, part: user}, {of: group(all), most: 1, part: user},
	}
}

// families are the verbs that belong together when a client creates and deletes, or
// lists and watches, the same resource over and over: each request is short, so that
// a dump catches few of each verb. A sentence has all verbs of the family, so that
// its name does not depend on which were caught.
func families() [][]string {
	return [][]string{{"create", "delete", "deletecollection", "patch", "update"}, {"list", "watch"}}
}

// exact is the client itself, not one that stands for many.
func exact(c plane.Client) (plane.Client, bool) {
	_, many := c.GroupOf()
	return c, !many
}

// churn is all that a user does to one resource by verbs of a family.
func churn(c plane.Client) (plane.Client, bool) {
	if _, many := c.GroupOf(); many {
		return c, false
	}
	return churnOf(c)
}

// wholeUser is all that a user asks of resources.
func wholeUser(c plane.Client) (plane.Client, bool) {
	if _, many := c.GroupOf(); many {
		return c, false
	}
	return all(c)
}

// group is a description of all service accounts of a client's namespace.
func group(of description) description {
	return func(c plane.Client) (plane.Client, bool) {
		namespace, _, ok := c.ServiceAccount()
		if !ok {
			return c, false
		}
		c.User = plane.Group(namespace)
		return of(c)
	}
}

func same(c plane.Client) (plane.Client, bool) { return c, c.Resource != "" }

func churnOf(c plane.Client) (plane.Client, bool) {
	for _, verbs := range families() {
		if c.Resource != "" && slices.Contains(verbs, c.Verb) {
			c.Verb = strings.Join(verbs, ",")
			return c, true
		}
	}
	return c, false
}

func all(c plane.Client) (plane.Client, bool) {
	return plane.Client{User: c.User, Verb: plane.All, Group: plane.All, Resource: plane.All}, c.Resource != ""
}

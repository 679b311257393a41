// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import "strings"

// Circumstances are what was going on in a minute, each in words, and empty where it was
// not.
type Circumstances struct {
	// Evenkeel is what Evenkeel itself was doing that disturbs.
	Evenkeel string
	// Zone is a zone of which nodes are gone.
	Zone string
	// Etcd is what is wrong with etcd.
	Etcd string
	// Offender is the client that does harm.
	Offender string
	// Rollout is what somebody else is replacing.
	Rollout string
}

// Cause is what a bad minute is put down to, and the evidence. What Evenkeel did comes
// first: it is the only one that could hide it. Then what is wrong furthest below, as a
// lost zone takes members with it, and members without a quorum fail every client.
func (c Circumstances) Cause(what string) (l Letter, why string) {
	for _, one := range []struct {
		letter Letter
		words  string
	}{
		{ByEvenkeel, c.Evenkeel}, {ByZone, c.Zone}, {ByEtcd, c.Etcd}, {ByOffender, c.Offender}, {ByRollout, c.Rollout},
	} {
		if one.words != "" {
			return one.letter, strings.TrimPrefix(what+"; "+one.words, "; ")
		}
	}
	return ByUnknown, what
}

// first takes of each what is told, where nothing was told of it before.
func (c *Circumstances) first(o Circumstances) {
	for _, one := range []struct {
		into *string
		is   string
	}{
		{&c.Evenkeel, o.Evenkeel}, {&c.Zone, o.Zone}, {&c.Etcd, o.Etcd}, {&c.Offender, o.Offender}, {&c.Rollout, o.Rollout},
	} {
		if *one.into == "" {
			*one.into = one.is
		}
	}
}

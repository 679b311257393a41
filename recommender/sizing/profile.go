// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import "math"

// Component is a part of a control plane whose containers are alike.
type Component string

// The components.
const (
	APIServer Component = "apiServer"
	Etcd      Component = "etcd"
)

// Profile says how sizes follow from what a control plane carries: by curves, or by
// tiers where there are any.
type Profile struct {
	Name, Revision string
	// Measured is the largest load that its numbers come from; what is 0 is not said.
	Measured  Drivers
	APIServer Needs
	Etcd      Needs
	Tiers     []Tier
}

// Needs is what one container of a component needs.
type Needs struct {
	CPU, Memory Curve
	// Extra is the seats of an apiserver, or the quota of an etcd in bytes; its At is 0
	// where the profile does not say.
	Extra Curve
}

// Tier is a size, and the load up to which it holds; a bound of 0 is none.
type Tier struct {
	Name            string
	UpTo            Drivers
	APIServer, Etcd Needs
}

// Need is what a profile says.
type Need struct {
	CPU, Memory, Extra Curve
	// Tier is its tier, empty where it goes by curves.
	Tier string
	// Beyond is true where the load is larger than any that was measured.
	Beyond bool
}

// Need is what a container of the component needs under a load. ok is false where the
// profile is nil, does not say, or says what no container can need.
func (p *Profile) Need(c Component, d Drivers) (n Need, ok bool) {
	if p == nil {
		return Need{}, false
	}
	needs, tier := p.needs(c, d)
	n.Tier = tier
	n.CPU, n.Memory, n.Extra, n.Beyond = needs.CPU, needs.Memory, needs.Extra, p.beyond(d)
	return n, sane(n.CPU.At(d)) && sane(n.Memory.At(d))
}

// Says tells whether the profile has a word on the component at all, under a load.
func (p *Profile) Says(c Component, d Drivers) bool {
	if p == nil {
		return false
	}
	needs, _ := p.needs(c, d)
	return needs != (Needs{})
}

// needs are those of the component, by the tier where there are any.
func (p *Profile) needs(c Component, d Drivers) (needs Needs, tier string) {
	server, etcd := p.APIServer, p.Etcd
	if len(p.Tiers) > 0 {
		t := p.tier(d)
		tier, server, etcd = t.Name, t.APIServer, t.Etcd
	}
	if c == Etcd {
		return etcd, tier
	}
	return server, tier
}

// sane tells whether a container can need so much.
func sane(v float64) bool { return v > 0 && v < most && !math.IsNaN(v) }

// tier is the first that holds the load, and the last for more than that.
func (p *Profile) tier(d Drivers) Tier {
	for _, t := range p.Tiers {
		if within(d, t.UpTo) {
			return t
		}
	}
	return p.Tiers[len(p.Tiers)-1]
}

func (p *Profile) beyond(d Drivers) bool { return !within(d, p.Measured) }

// within tells whether no driver is above its bound.
func within(d, bound Drivers) bool {
	for _, pair := range [][2]float64{
		{d.Nodes, bound.Nodes}, {d.Pods, bound.Pods}, {d.Objects, bound.Objects}, {d.Bytes, bound.Bytes}, {d.Requests, bound.Requests},
	} {
		if pair[1] > 0 && pair[0] > pair[1] {
			return false
		}
	}
	return true
}

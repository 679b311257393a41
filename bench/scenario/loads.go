// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LoadSpec is one load, by its kind.
type LoadSpec struct {
	Crowd    *Users    `json:"crowd,omitempty"`
	Churn    *Users    `json:"churn,omitempty"`
	Giants   *Giants   `json:"giants,omitempty"`
	Lists    *Lists    `json:"lists,omitempty"`
	Stampede *Stampede `json:"stampede,omitempty"`
}

// Users are many clients on one timetable.
type Users struct {
	Users int `json:"users"`
	// AtOnce is how many requests one user has on their way at the most.
	AtOnce int `json:"atOnce"`
	// Timeout bounds one request.
	Timeout metav1.Duration `json:"timeout"`
	// Pace is that of all users together.
	Pace []Pace `json:"pace"`
	// Repeat plays the pace again and again; without it the last rate stays.
	Repeat bool `json:"repeat,omitempty"`
}

// Pace is so many requests a second for so long.
type Pace struct {
	Rate float64         `json:"rate"`
	For  metav1.Duration `json:"for"`
}

// Giants are lists of all objects of a custom resource, which are large.
type Giants struct {
	Users   `json:",inline"`
	Objects int `json:"objects"`
	Bytes   int `json:"bytes"`
}

// Lists are lists of everything at a path.
type Lists struct {
	Users `json:",inline"`
	Path  string `json:"path"`
}

// Stampede is informers that start cold together, again and again.
type Stampede struct {
	Clients int             `json:"clients"`
	Every   metav1.Duration `json:"every"`
	Timeout metav1.Duration `json:"timeout"`
}

func (l LoadSpec) check(c *checks, at string) {
	kinds := 0
	for _, u := range []struct {
		kind  string
		users *Users
	}{{"crowd", l.Crowd}, {"churn", l.Churn}, {"giants", l.Giants.users()}, {"lists", l.Lists.users()}} {
		if u.users != nil {
			kinds++
			u.users.check(c, at+"."+u.kind)
		}
	}
	if g := l.Giants; g != nil {
		c.positive(at+".giants.objects", float64(g.Objects))
		c.positive(at+".giants.bytes", float64(g.Bytes))
		c.atMost(at+".giants.objects", float64(g.Objects), 2000)
		c.atMost(at+".giants.bytes", float64(g.Bytes), 512<<10)
	}
	if l.Lists != nil && !strings.HasPrefix(l.Lists.Path, "/api") {
		c.add(fmt.Errorf("%s.lists.path: %q is no path of an API", at, l.Lists.Path))
	}
	if s := l.Stampede; s != nil {
		kinds++
		c.positive(at+".stampede.clients", float64(s.Clients))
		c.atMost(at+".stampede.clients", float64(s.Clients), 200)
		c.length(at+".stampede.every", s.Every.Duration)
		c.length(at+".stampede.timeout", s.Timeout.Duration)
	}
	if kinds != 1 {
		c.add(fmt.Errorf("%s has %d kinds of load, and must have one", at, kinds))
	}
}

func (g *Giants) users() *Users {
	if g == nil {
		return nil
	}
	return &g.Users
}

func (l *Lists) users() *Users {
	if l == nil {
		return nil
	}
	return &l.Users
}

func (u *Users) check(c *checks, at string) {
	c.positive(at+".users", float64(u.Users))
	c.atMost(at+".users", float64(u.Users), 500)
	c.positive(at+".atOnce", float64(u.AtOnce))
	c.atMost(at+".atOnce", float64(u.AtOnce), 32)
	c.length(at+".timeout", u.Timeout.Duration)
	c.positive(at+".pace", float64(len(u.Pace)))
	for i, p := range u.Pace {
		c.positive(fmt.Sprintf("%s.pace[%d].rate", at, i), p.Rate)
		c.atMost(fmt.Sprintf("%s.pace[%d].rate", at, i), p.Rate, 5000)
		c.length(fmt.Sprintf("%s.pace[%d].for", at, i), p.For.Duration)
	}
}

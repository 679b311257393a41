// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"errors"
	"fmt"
	"time"
)

// checks gathers what is wrong with a scenario, so that all of it is told at once.
type checks struct{ problems []error }

func (c *checks) add(err error) { c.problems = append(c.problems, err) }

func (c *checks) err() error { return errors.Join(c.problems...) }

func (c *checks) positive(name string, value float64) {
	if value <= 0 {
		c.add(fmt.Errorf("%s must be above 0", name))
	}
}

func (c *checks) atMost(name string, value, most float64) {
	if value > most {
		c.add(fmt.Errorf("%s must be at most %v: the load is bounded on purpose", name, most))
	}
}

// length is that of a part of a run.
func (c *checks) length(name string, d time.Duration) {
	c.positive(name, d.Seconds())
	c.atMost(name, d.Seconds(), 3600)
}

func (c *checks) tenant(t Tenant) {
	c.positive("tenant.pods", float64(t.Pods))
	c.positive("tenant.podBytes", float64(t.PodBytes))
	c.positive("tenant.leases", float64(t.Leases))
	c.positive("tenant.maxRequestsInflight", float64(t.MaxInflight))
	c.positive("tenant.maxMutatingRequestsInflight", float64(t.MaxMutating))
	c.atMost("tenant.pods", float64(t.Pods), 50_000)
	c.atMost("tenant.podBytes", float64(t.PodBytes), 64<<10)
}

func (c *checks) victims(v Victims) {
	c.positive("victims.leaseRenewalsPerSecond", v.LeaseRenewals)
	c.positive("victims.getsPerSecond", v.Gets)
}

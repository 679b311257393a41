// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scenario reads what a run of the testbed plays: the tenant, its
// victims and its offender, and how long each phase lasts. A scenario is a YAML
// file, strict about its fields, so that a run can be repeated and varied without
// touching code.
package scenario

import (
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// maxFile bounds a scenario file, in bytes.
const maxFile = 64 << 10

// Scenario is one storm on one tenant.
type Scenario struct {
	// Name and Description are for the report.
	Name        string `json:"name"`
	Description string `json:"description"`
	// Tenant is the hosted control plane.
	Tenant Tenant `json:"tenant"`
	// Victims is the load that must not suffer.
	Victims Victims `json:"victims"`
	// Offender is the load that makes it suffer.
	Offender Offender `json:"offender"`
	// Phases are their lengths.
	Phases Phases `json:"phases"`
	// Profile changes the sample profile for this run.
	Profile Profile `json:"profile"`
	// Storms is how many storms are played in Enforce: the first one in full,
	// the others until their offender is jailed.
	Storms int `json:"storms"`
	// MemoryGiB is what the run took at its peak when it was measured; 0 is unknown.
	MemoryGiB float64 `json:"memoryGiB"`
}

// Tenant is the hosted control plane and what it stores.
type Tenant struct {
	Pods        int     `json:"pods"`
	PodBytes    int     `json:"podBytes"`
	Leases      int     `json:"leases"`
	MaxInflight int     `json:"maxRequestsInflight"`
	MaxMutating int     `json:"maxMutatingRequestsInflight"`
	GoAway      float64 `json:"goAwayChance"`
	// Strict has an apiserver count as not ready as soon as it does not answer in time.
	Strict    bool      `json:"strict"`
	APIServer Resources `json:"apiServer"`
	Etcd      Resources `json:"etcd"`
}

// Resources of one replica or member; CPULimit zero is no limit.
type Resources struct {
	CPURequest    resource.Quantity `json:"cpuRequest"`
	CPULimit      resource.Quantity `json:"cpuLimit"`
	MemoryRequest resource.Quantity `json:"memoryRequest"`
	// Restarts is whether the container restarts for another memory request.
	Restarts bool `json:"restarts"`
}

// Victims is the load that must not suffer, in requests a second.
type Victims struct {
	LeaseRenewals float64 `json:"leaseRenewalsPerSecond"`
	Gets          float64 `json:"getsPerSecond"`
}

// Offender is an agent that lists all pods, as many clients of one service
// account.
type Offender struct {
	Clients        int    `json:"clients"`
	Namespace      string `json:"namespace"`
	ServiceAccount string `json:"serviceAccount"`
	// Impatient clients do not heed Retry-After, as client-go's do.
	Impatient bool `json:"impatient"`
}

// Phases are the lengths of a run's parts.
type Phases struct {
	Quiet metav1.Duration `json:"quiet"`
	// Default is the storm while Evenkeel only recommends.
	Default metav1.Duration `json:"default"`
	// Saturate is the start of that storm which is not measured: the queues fill.
	Saturate metav1.Duration `json:"saturate"`
	// Enforce is the storm in Enforce.
	Enforce metav1.Duration `json:"enforce"`
	// Calm is the most that is waited for the victims to recover.
	Calm metav1.Duration `json:"calm"`
}

// Profile changes the sample profile for this run.
type Profile struct {
	SentenceSeconds int32 `json:"sentenceSeconds"`
	SeatsMax        int32 `json:"seatsMax"`
}

// Load reads and checks a scenario file.
func Load(path string) (*Scenario, error) {
	s := &Scenario{}
	if err := strict(path, s); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("the scenario %s: %w", path, err)
	}
	return s, nil
}

func (s *Scenario) check() error {
	c := &checks{}
	if s.Name == "" {
		c.add(errors.New("name is missing"))
	}
	c.tenant(s.Tenant)
	c.victims(s.Victims)
	c.positive("offender.clients", float64(s.Offender.Clients))
	c.positive("storms", float64(s.Storms))
	c.atMost("offender.clients", float64(s.Offender.Clients), 512)
	c.atMost("storms", float64(s.Storms), 20)
	for name, d := range map[string]time.Duration{
		"phases.quiet": s.Phases.Quiet.Duration, "phases.default": s.Phases.Default.Duration,
		"phases.enforce": s.Phases.Enforce.Duration, "phases.calm": s.Phases.Calm.Duration,
	} {
		c.length(name, d)
	}
	if s.Phases.Saturate.Duration >= s.Phases.Default.Duration {
		c.add(errors.New("phases.saturate must be shorter than phases.default"))
	}
	if term := float64(s.Profile.SentenceSeconds); term > 0 && 4*s.Phases.Enforce.Seconds() > 3*term {
		c.add(errors.New("phases.enforce must end before the last quarter of profile.sentenceSeconds, in which the seats come back"))
	}
	return c.err()
}

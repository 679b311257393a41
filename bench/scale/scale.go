// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package scale plays a load that becomes four times as much from one second to the next,
// on a tenant whose apiservers are small: once with an autoscaler alone, set as Gardener
// sets its own, and once under Evenkeel, which resizes in place and sets the autoscaler's
// floor. How long it takes until capacity is in force, and for how long the critical
// requests are late, is what is judged.
//
// Both plays begin with three replicas of one size, and both may come to the same: the
// autoscaler alone to six replicas of 150m, Evenkeel to four of 225m, which is 900m either
// way. More than that two cores do not carry beside etcd, the host cluster and the load.
//
// The clients' connections stay where they are, as HTTP/2's do; the apiservers send one
// request in 200 away with a GOAWAY (--goaway-chance), so that clients choose anew now and
// then. Without that a new replica would get nothing in either play.
//
// The autoscaler alone is Gardener's but for one number. Gardener adds a replica above 6
// cores each, of which its VerticalPodAutoscaler gives at most 7, and has no limit: what is
// needed is seen. Here a replica is held at its size, and uses 94 to 98 hundredths of it
// when it is full: a tenth more than six sevenths, which is where the controller's tolerance
// ends, and one look below it in a minute is enough to wait on. Played so, it took 202 s to
// add one. Both plays add one above four fifths therefore, which is Evenkeel's default.
package scale

import (
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"evenkeel.dev/evenkeel/bench/scenario"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

const (
	// startReplicas and startMilli are what both plays begin with: millicores are of each
	// replica's limit, which is its request as well.
	startReplicas, startMilli = 3, 150
	// hpaReplicas is the most that the autoscaler alone may add up to, and evenkeelReplicas
	// and evenkeelMilli what Evenkeel may: the same in all.
	hpaReplicas                     = 6
	evenkeelReplicas, evenkeelMilli = 4, 225
	// part of parts of a replica's size is what it uses on average when one is added.
	part, parts = 4, 5
	// step is by how much the load grows, and enough how much of the capacity at the start
	// is called enough for it: three replicas carry about twice the load of before, so that
	// four times need about twice as many; one and a half takes the worst.
	step, enough = 4, 1.5
	// goAway is the chance that a request is answered with a GOAWAY.
	goAway = 0.005
)

// small is the tenant. Its etcd has enough for all that comes.
var small = scenario.Tenant{
	Pods: 300, PodBytes: 2048, Leases: 60, MaxInflight: 400, MaxMutating: 200, GoAway: goAway,
	APIServer: scenario.Resources{CPURequest: milli(startMilli), CPULimit: milli(startMilli), MemoryRequest: resource.MustParse("384Mi")},
	Etcd:      scenario.Resources{CPURequest: milli(etcdMilli), CPULimit: milli(etcdMilli), MemoryRequest: resource.MustParse("96Mi")},
}

const etcdMilli = 300

func milli(v int64) resource.Quantity { return *resource.NewMilliQuantity(v, resource.DecimalSI) }

// Options are what a run is given.
type Options struct {
	// Root is the checkout and Dir the run's own folder.
	Root, Dir string
	Binaries  servers.Binaries
	// Rate is the clients' requests a second before the step; Warm and Hold are how long
	// it is before the step and after it.
	Rate       float64
	Warm, Hold time.Duration
	// Logf is told of progress.
	Logf func(string, ...any)
}

// Outcome is what came of one play.
type Outcome struct {
	// Stepped is when the load grew, and Until when the play ended.
	Stepped, Until time.Time
	// Seen is what there was of capacity, a look a second.
	Seen []Capacity
	// Windows are the critical requests after the step, ten seconds each, and Before those
	// of the last minute before it.
	Windows, Before []Window
	// Least is the capacity that is enough, in cores.
	Least float64
	// Served is how many of the clients' requests were answered with success a second,
	// before the step and in the last minute.
	Served, ServedAtEnd float64
	// Decisions are those of Evenkeel since the step, oldest first.
	Decisions []string
}

// Capacity is what is in force at a time: the CPU limits of the replicas that are ready,
// added up, in cores.
type Capacity struct {
	At time.Time
	// Ready counts the replicas that serve, All those that there are.
	Ready, All int
	Cores      float64
	// Largest is the largest limit of one.
	Largest float64
}

// Window is ten seconds of critical requests.
type Window struct {
	P99 time.Duration
	// Requests were due, Failed of them got no good answer.
	Requests, Failed int
}

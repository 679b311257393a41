// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"math"
	"sync"

	"evenkeel.dev/evenkeel/operator/observe/page"
)

// The wanted families, in the order of WantedFamilies.
const (
	nominalSeats = iota
	currentSeats
	executingSeats
	inqueueRequests
	rejectedTotal
	dispatchedTotal
	executionSeconds
	waitSeconds
	cpuSeconds
	residentBytes
	startSeconds
	inflightRequests
	demandSeats
	servedSeconds
	etcdSeconds
	buildInfo
	storedObjects
	storedBefore
	storedBytes
	answeredTotal
	openStreams
	watchedBytes
	endedWatches
	answerBytes
)

// WantedFamilies are read of every page. Only regular requests count as executed:
// a watch holds its seat for its first moments alone. Only the waits of requests
// that were executed in the end count, as the others show as rejected.
func WantedFamilies() []page.Family {
	const prefix = "apiserver_flowcontrol_"
	level := []string{"priority_level"}
	flow := []string{"priority_level", "flow_schema"}
	return []page.Family{
		nominalSeats:     {Name: prefix + "nominal_limit_seats", Labels: level},
		currentSeats:     {Name: prefix + "current_limit_seats", Labels: level},
		executingSeats:   {Name: prefix + "current_executing_seats", Labels: flow},
		inqueueRequests:  {Name: prefix + "current_inqueue_requests", Labels: flow},
		rejectedTotal:    {Name: prefix + "rejected_requests_total", Labels: flow},
		dispatchedTotal:  {Name: prefix + "dispatched_requests_total", Labels: flow},
		executionSeconds: {Name: prefix + "request_execution_seconds", Labels: flow, Only: page.Label{Name: "type", Value: "regular"}, Buckets: true},
		waitSeconds:      {Name: prefix + "request_wait_duration_seconds", Labels: flow, Only: page.Label{Name: "execute", Value: "true"}},
		cpuSeconds:       {Name: "process_cpu_seconds_total"},
		residentBytes:    {Name: "process_resident_memory_bytes"},
		startSeconds:     {Name: "process_start_time_seconds"},
		inflightRequests: {Name: "apiserver_current_inflight_requests", Labels: []string{"request_kind"}},
		demandSeats:      {Name: prefix + "demand_seats_smoothed", Labels: level},
		buildInfo:        {Name: "kubernetes_build_info", Labels: []string{"git_version"}},
		etcdSeconds:      {Name: "etcd_request_duration_seconds"},
		storedObjects:    {Name: "apiserver_resource_objects", Labels: []string{"group", "resource"}},
		storedBefore:     {Name: "apiserver_storage_objects", Labels: []string{"resource"}}, // until 1.33
		storedBytes:      {Name: "apiserver_resource_size_estimate_bytes"},
		answeredTotal:    {Name: "apiserver_request_total", Labels: []string{"code", "verb", "scope"}, Sum: true},
		openStreams:      {Name: "apiserver_longrunning_requests", Only: page.Label{Name: "verb", Value: "WATCH"}, Sum: true},
		watchedBytes:     {Name: "apiserver_watch_events_sizes", Sum: true},
		endedWatches:     {Name: "apiserver_terminated_watchers_total", Sum: true},
		answerBytes:      {Name: "apiserver_response_sizes", Sum: true},
		servedSeconds:    {Name: "apiserver_request_sli_duration_seconds", Labels: []string{"verb", "group", "resource", "subresource", "scope"}, Buckets: true},
	}
}

// wanted is WantedFamilies, compiled once.
var wanted = sync.OnceValue(func() *page.Wanted { return mustWant(WantedFamilies()...) })

// wantedLimits is the one family that a read-back needs.
var wantedLimits = sync.OnceValue(func() *page.Wanted { return mustWant(WantedFamilies()[nominalSeats]) })

// mustWant is for the lists above, which are right or fail every test.
func mustWant(families ...page.Family) *page.Wanted {
	w, err := page.Want(families...)
	if err != nil {
		return &page.Wanted{}
	}
	return w
}

// missing names a family without which a page says nothing about priority and
// fairness. Every kube-apiserver has had requests of its own by the time that it
// serves, so that each of these has series.
func missing(p *page.Page) error {
	for _, i := range []int{nominalSeats, currentSeats, executingSeats, dispatchedTotal, executionSeconds} {
		if !p.Has(i) {
			return fmt.Errorf("%w: it lacks the family %s: is priority and fairness disabled, or the server of another version than Evenkeel knows (1.29 and later)?",
				errForm, WantedFamilies()[i].Name)
		}
	}
	return nil
}

// amount is a gauge as a quantity; what is none is 0.
func amount(value float64) float64 {
	if math.IsNaN(value) || math.IsInf(value, 0) || value < 0 {
		return 0
	}
	return value
}

// count is a gauge as a number of things; what is no such number is 0.
func count(value float64) int {
	if math.IsNaN(value) || value < 0 {
		return 0
	}
	return int(min(value, 1<<40))
}

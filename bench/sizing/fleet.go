// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"evenkeel.dev/evenkeel/bench/report"
)

// The layout of one control plane: four VerticalPodAutoscalers, seven pods, twelve
// containers.
var workloads = []workload{
	{"kube-apiserver", 2, []string{"kube-apiserver", "vpn"}},
	{"etcd", 3, []string{"etcd", "backup"}},
	{"kube-controller-manager", 1, []string{"kube-controller-manager"}},
	{"kube-scheduler", 1, []string{"kube-scheduler"}},
}

type workload struct {
	name       string
	pods       int
	containers []string
}

const (
	smallFleet, largeFleet = 100, 1000
	vpasEach               = 4
	rollouts               = 10
)

// fleet is one recommender with many control planes.
type fleet interface {
	// roll makes all pods anew, as a rollout does; generation tells them from those before.
	roll(planes, generation int)
	// sample takes a minute of usage of every container.
	sample(now time.Time)
	// loop recommends for all, writes what has changed and keeps what it has to keep.
	loop(now time.Time)
	// restart is a fleet that begins from what this one has kept, with the same pods.
	restart() fleet
}

// costs are what a fleet costs.
type costs struct{ small, large, cold, bytes, grown float64 }

// measureFleet measures on one core: the loop of few and of many, the heap, the heap after
// rollouts, and the start from what was kept.
func measureFleet(empty func() fleet) costs {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var c costs
	now := begin
	small := empty()
	small.roll(smallFleet, 0)
	c.small = loopSeconds(small, &now)
	small = nil

	before := heap()
	large := empty()
	large.roll(largeFleet, 0)
	c.large = loopSeconds(large, &now)
	c.bytes = (heap() - before) / (largeFleet * vpasEach)

	began := time.Now()
	again := large.restart()
	c.cold = time.Since(began).Seconds()
	runtime.KeepAlive(again)
	again, large = nil, nil

	// Rollouts are measured on the small fleet, as upstream takes its time over them.
	before = heap()
	small = empty()
	small.roll(smallFleet, 0)
	loopSeconds(small, &now)
	was := heap() - before
	for generation := range rollouts {
		now = now.Add(time.Hour)
		small.roll(smallFleet, generation+1)
		small.sample(now)
		small.loop(now)
	}
	c.grown = 100 * ((heap()-before)/was - 1)
	runtime.KeepAlive(small)
	return c
}

// loopSeconds is the shortest of three loops after a noisy hour in which each minute
// brought other samples.
func loopSeconds(f fleet, now *time.Time) float64 {
	shortest := 0.0
	for i := range 6 {
		*now = now.Add(time.Minute)
		f.sample(*now)
		began := time.Now()
		f.loop(*now)
		if took := time.Since(began).Seconds(); i >= 3 && (shortest == 0 || took < shortest) {
			shortest = took
		}
	}
	return shortest
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func addFleets(r *report.Report) error {
	for _, who := range []struct {
		name  string
		empty func() fleet
	}{{byEvenkeel, newEvenkeelFleet}, {byUpstream, newUpstreamFleet}} {
		fmt.Fprintf(os.Stderr, "%s: %d control planes with %d VerticalPodAutoscalers\n", who.name, largeFleet, largeFleet*vpasEach)
		c := measureFleet(who.empty)
		named := func(figure string) string { return "recommender." + who.name + "." + figure }
		r.Add(named("loop_seconds"), report.UnitSeconds, c.large)
		r.Add(named("loop_100_seconds"), report.UnitSeconds, c.small)
		r.Add(named("cold_start_seconds"), report.UnitSeconds, c.cold)
		r.Add(named("bytes_per_vpa"), unitBytes, c.bytes)
		r.Add(named("rollouts_percent"), unitPercent, c.grown)
		r.Add(named("growth_100_to_1000"), unitTimes, c.large/c.small)
	}
	return nil
}

// used is what a container uses in a minute: another amount for each, and each minute.
func used(plane, container int, now time.Time) (cpu, memory float64) {
	n := float64((plane*31+container*17+int(now.Unix()/60)*7)%100) / 100
	return 0.05 + 0.4*n, (100 + 400*n) * (1 << 20)
}

func podName(w workload, replica, generation int) string {
	return fmt.Sprintf("%s-%d-%d", w.name, generation, replica)
}

func namespace(plane int) string { return fmt.Sprintf("tenant-%04d", plane) }

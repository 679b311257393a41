// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/monitoring/series"
)

const (
	// waitsTooLong is the seconds that a request waits in a queue, in the mean of all: at a
	// quarter of a second clients that ask ten times after each other notice.
	waitsTooLong = 0.25
	// shedTooMany is the share of requests that are refused, from which a minute is one that
	// sheds.
	shedTooMany = 0.01
	// balancerBytes are the bytes of answers in a second from which a load balancer is worth a
	// look: 100 MB are eight tenths of a link of 1 Gbit/s, and what many balancers of clouds
	// are sized for at first. Raise it to eight tenths of what yours is bought with.
	balancerBytes = 100e6
	// throughBalancer is the share of probes there from which it is not one slow answer, and
	// atReplicas the share of those at replicas that must be served in time at the same time.
	throughBalancer, atReplicas = 0.3, 0.9
)

// balancer tells of what stands between the tenant and the replicas. It needs no metric of
// the cloud: the same questions are asked at both doors. Writes are left out, as they are
// asked at one of them only.
func balancer() []Alert {
	share := func(door string, results string) string {
		at := []string{is("door", door), not("question", "write")}
		return fmt.Sprintf("%s\n/ (%s > 0)", rate("5m", series.Probes, append(at, is("result", results))...),
			rate("5m", series.Probes, append(at, not("result", "denied"))...))
	}
	but := fmt.Sprintf("and %s > %g", share("replica", "served"), atReplicas)
	return []Alert{
		{
			Name: "EvenkeelBalancerUnreachable", Severity: Ticket, For: time.Minute,
			Expr:        lines(fmt.Sprintf("%s > %g", share("balancer", "failed"), throughBalancer), but),
			Summary:     "The load balancer of " + who + " does not get requests through",
			Description: "{{ $value | humanizePercentage }} of the probes through the balancer of " + who + " fail, and its replicas serve the same probes at their own addresses.",
		},
		{
			Name: "EvenkeelBalancerSaturated", Severity: Ticket, For: 5 * time.Minute,
			Expr:        lines(fmt.Sprintf("%s > %g", share("balancer", "late"), throughBalancer), but),
			Summary:     "The load balancer of " + who + " is slow",
			Description: "{{ $value | humanizePercentage }} of the probes through the balancer of " + who + " are late, and its replicas serve the same probes in time at their own addresses.",
		},
		{
			Name: "EvenkeelResponseBytesHigh", Severity: Info, For: 10 * time.Minute,
			Expr:        fmt.Sprintf("%s > %.0f", rate("5m", series.ResponseBytes), balancerBytes),
			Summary:     "Control plane " + who + " answers with very many bytes",
			Description: "{{ $value | humanize }}B/s go through the balancer of " + who + ": near what one of 1 Gbit/s carries.",
		},
	}
}

func load() []Alert {
	return []Alert{
		{
			Name: "EvenkeelApiserverOverloaded", Severity: Ticket, For: 10 * time.Minute,
			Expr: lines(
				fmt.Sprintf("%s >= (%s > 0)", most(series.Used), most(series.LoadLine)),
				fmt.Sprintf("and (%s > 0", most(series.Waiting)),
				fmt.Sprintf("  or %s / (%s > 0) > %g)", rate("5m", series.Shed), rate("5m", series.Requests), shedTooMany)),
			Summary:     "The apiservers of " + who + " have more to do than they can",
			Description: "For 10 minutes {{ $value }} seats are in use on the busiest replica of " + who + ", which is its load line, and requests wait or are refused.",
		},
		{
			Name: "EvenkeelRequestsWait", Severity: Ticket, For: 10 * time.Minute,
			Expr:        fmt.Sprintf("%s\n/ (%s > 1)\n> %g", rate("5m", series.QueueSeconds), rate("5m", series.Requests), waitsTooLong),
			Summary:     "Requests to " + who + " wait long in queues",
			Description: "A request to " + who + " waits {{ $value | humanizeDuration }} in a queue of priority and fairness, in the mean of all. The usual objectives of latency leave this time out.",
		},
		{
			Name: "EvenkeelCeilingReached", Severity: Ticket, For: 15 * time.Minute,
			Expr:        condition(v1alpha1.ConditionCeilingReached) + " == 1",
			Summary:     "The inflight flags of " + who + " are too low",
			Description: "Seats of " + who + " are short at the ceiling that the inflight flags set, and its replicas could carry more.",
		},
		{
			Name: "EvenkeelReplicaBlind", Severity: Ticket, For: 10 * time.Minute,
			Expr:        most(series.Blind) + " > 0",
			Summary:     "Evenkeel does not see every replica of " + who,
			Description: "{{ $value }} ready replicas of " + who + " cannot be observed: Evenkeel raises no limit and judges nobody there.",
		},
	}
}

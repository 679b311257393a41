// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
)

// now is the time of all pages here: a Thursday night in November.
var now = time.Date(2026, 11, 26, 14, 6, 10, 0, time.UTC)

var tenants = []string{"acme", "borealis", "contoso", "delphi", "edison-energy", "fabrikam", "globex", "hooli", "initech", "juniper-health", "kestrel", "lumen", "meridian-bank", "northwind", "octan", "polaris", "quarry", "rivet", "soylent", "tyrell"}

// fleet are so many control planes as a host cluster has them: most are well, one is down,
// one is not seen, some have a jailed client, a blind replica or little budget.
func fleet(n int) []v1alpha1.ControlPlaneProfile {
	all := make([]v1alpha1.ControlPlaneProfile, 0, n)
	for i := range n {
		name := tenants[i%len(tenants)]
		if i >= len(tenants) {
			name = fmt.Sprintf("%s-%d", name, i/len(tenants))
		}
		all = append(all, one(i, name))
	}
	return all
}

func one(i int, name string) v1alpha1.ControlPlaneProfile {
	zones := []string{"eu-central-1a", "eu-central-1b", "eu-central-1c"}
	line, used := int32(120+20*(i%7)), int32(10+(i*37)%100)
	p := v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: "tenant-" + name, Name: name, ResourceVersion: "1"}}
	p.Spec.Mode = v1alpha1.ModeEnforce
	if i%9 == 4 {
		p.Spec.Mode = v1alpha1.ModeRecommend
	}
	p.Spec.Availability = v1alpha1.AvailabilitySpec{Zones: 3, Target: "99.95"}
	s := &p.Status
	s.Size, s.ReadyReplicas = "1500m/3Gi", 3
	s.LoadLine = &v1alpha1.LoadLineStatus{Seats: line, Ceiling: 600, Summary: fmt.Sprintf("%d of 600", line), Used: fmt.Sprintf("%d%%", 100*used/line)}
	for z, zone := range zones {
		s.Replicas = append(s.Replicas, v1alpha1.ReplicaStatus{Name: fmt.Sprintf("kube-apiserver-7d9f6c5b8-%c%dkx2", 'b'+z, i%10), Zone: zone, Ready: true, UsedSeats: max(1, used-int32(7*z)), LoadLine: line})
	}
	bad := []int32{0, 2, 0, 1, 5, 0, 3, 0, 9, 0, 1, 13, 0, 0, 7, 1, 0}[(i*5)%17]
	s.SLA = &v1alpha1.SLAStatus{Month: "2026-11", Target: "99.95", Available: fmt.Sprintf("%.3f%%", 100-100*float64(bad)/36846), BudgetLeft: fmt.Sprintf("%d%%", 100-bad*100*10/216), BadMinutes: bad}
	s.Conditions = []metav1.Condition{{Type: "Ready", Status: metav1.ConditionTrue, Reason: "AsExpected", Message: "what was decided is in force", LastTransitionTime: metav1.NewTime(now.Add(-41 * 24 * time.Hour))},
		{Type: "Observed", Status: metav1.ConditionTrue, Reason: "AsExpected", Message: "every ready replica answers"}}
	trouble(&p, i)
	return p
}

// trouble is what is wrong with some.
func trouble(p *v1alpha1.ControlPlaneProfile, i int) {
	s := &p.Status
	notReady := func(reason, message string) {
		s.Conditions[0].Status, s.Conditions[0].Reason, s.Conditions[0].Message = metav1.ConditionFalse, reason, message
		s.Conditions[0].LastTransitionTime = metav1.NewTime(now.Add(-9 * time.Minute))
	}
	switch i {
	case 7:
		s.SLA.DownSince, s.SLA.Message = &metav1.Time{Time: now.Add(-4 * time.Minute)}, "balancer: dial tcp 10.96.14.7:6443: connection refused (seen from evenkeel-0 and evenkeel-1)"
		s.SLA.Available, s.SLA.BudgetLeft, s.SLA.BadMinutes = "99.948%", "12%", 19
		s.ReadyReplicas, s.Replicas[1].Ready, s.Replicas[2].Ready = 1, false, false
		notReady("TenantUnreachable", "no ready replica answers; check the nodes of zone eu-central-1b, where 2 of 3 replicas ran")
	case 12:
		s.SLA.Message = "it is not known whether it serves: no vantage point has reached the host cluster's network for 3 rounds"
	case 3:
		s.Replicas[2].Fault = "ReplicaTimeout: no answer within 2 s from 10.244.3.17"
		s.Conditions[0].Message, s.Conditions[1].Status = "1 of 3 replicas is not observed", metav1.ConditionFalse
		notReady("ReplicaTimeout", "replica kube-apiserver-7d9f6c5b8-d3kx2 gives no whole answer within 2 s; its limits are held until it does")
	case 5:
		s.SLA.Available, s.SLA.BudgetLeft, s.SLA.BadMinutes = "99.937%", "-6%", 23
	case 9:
		notReady("AccessExpired", "the client certificate in Secret juniper-health-evenkeel ended 9 min ago: put a new kubeconfig into it")
	case 14:
		cpu, memory := resource.MustParse("2"), resource.MustParse("4Gi")
		s.Sizes = []v1alpha1.SizeStatus{{Component: v1alpha1.ComponentAPIServer, Target: v1alpha1.ResourceSize{CPU: &cpu, Memory: &memory}}}
	}
	if i == 0 || i%97 == 40 {
		s.Jailed = 1
	}
}

// acme is the first of the fleet with all that a page can show: a storm a while ago, for
// which a client was jailed.
func acme() (v1alpha1.ControlPlaneProfile, v1alpha1.AvailabilityLedger, *history.Store) {
	p := fleet(1)[0]
	q := func(text string) *resource.Quantity { q := resource.MustParse(text); return &q }
	s := &p.Status
	s.LoadLine = &v1alpha1.LoadLineStatus{Seats: 212, Ceiling: 600, Summary: "212 of 600", Used: "41%"}
	for i := range s.Replicas {
		s.Replicas[i].LoadLine, s.Replicas[i].UsedSeats = 212, int32(88-20*i)
	}
	s.SLA.Available, s.SLA.BudgetLeft, s.SLA.BadMinutes, s.SLA.UnseenMinutes = "99.975%", "58%", 9, 12
	s.Availability = &v1alpha1.AvailabilityStatus{Class: "99.95", Message: "replicas and members are spread over three zones; the loss of any one is carried"}
	for i, z := range []string{"eu-central-1a", "eu-central-1b", "eu-central-1c"} {
		h := int32(35 - 5*i)
		s.Availability.Zones = append(s.Availability.Zones, v1alpha1.ZoneStatus{Name: z, Replicas: 1, Members: 1, HeadroomPercent: &h, Quorum: "Kept"})
		s.Members = append(s.Members, v1alpha1.MemberStatus{
			Name: fmt.Sprintf("etcd-%d", i), Zone: z, Role: []string{"Follower", "Leader", "Follower"}[i], Database: q([]string{"2910Mi", "2894Mi", "2902Mi"}[i]), InUse: q("1612Mi"), QuotaPercent: 36,
		})
	}
	s.Sizes = []v1alpha1.SizeStatus{
		{Component: v1alpha1.ComponentAPIServer, Container: "kube-apiserver", Target: v1alpha1.ResourceSize{CPU: q("1500m"), Memory: q("3Gi")}, Message: "by the curve for 240 nodes; measured use is below it"},
		{Component: v1alpha1.ComponentEtcd, Container: "etcd", Target: v1alpha1.ResourceSize{CPU: q("1"), Memory: q("4Gi")}, Message: "the page cache holds the database once"},
	}
	for i, r := range s.Replicas {
		s.Sizes[0].Pods = append(s.Sizes[0].Pods, v1alpha1.PodSizeStatus{Name: r.Name, Requests: v1alpha1.ResourceSize{CPU: q("1500m"), Memory: q("3Gi")}})
		e := v1alpha1.PodSizeStatus{Name: fmt.Sprintf("etcd-%d", i), Requests: v1alpha1.ResourceSize{CPU: q("1"), Memory: q("4Gi")}}
		if i == 2 {
			e.Requests.Memory, e.State, e.Message = q("3Gi"), "Deferred", "node-c7 has 512Mi left"
		}
		s.Sizes[1].Pods = append(s.Sizes[1].Pods, e)
	}
	s.Plan = &v1alpha1.PlanStatus{State: "Waiting", Message: "for the window Sat, Sun 01:00 (180 min, Europe/Berlin)", Steps: []v1alpha1.PlanStepStatus{
		{Step: "Defragment", Pod: "etcd-0", Zone: "eu-central-1a", Message: "45% of 2910Mi is air"}, {Step: "Defragment", Pod: "etcd-2", Zone: "eu-central-1c", Message: "45% of 2902Mi is air"},
	}}
	at := now.Add(-24 * time.Minute)
	until := metav1.NewTime(at.Add(40 * time.Minute))
	s.Offenders = []v1alpha1.OffenderStatus{{Name: "a1", Client: "system:serviceaccount:telemetry:agent (list pods, cluster)", Phase: v1alpha1.OffenderJailed, Grade: "one", Until: &until, Message: "held 58 of 60 seats in 3 of 3 samples over 2 s"}}
	decision := func(after time.Duration, step, reason, message, outcome string, evidence, rejected []string) v1alpha1.DecisionStatus {
		return v1alpha1.DecisionStatus{
			Time: metav1.NewMicroTime(at.Add(after)), Step: step, Reason: reason, Message: message, Evidence: evidence, Rejected: rejected, Applied: true, Outcome: outcome, BudgetBefore: "72%", BudgetAfter: "58%",
		}
	}
	s.Decisions = []v1alpha1.DecisionStatus{
		decision(6*time.Minute, "LoadLine", "LoadLineRaised", "load line 180 to 212 seats: the harm has ended and latency is what it was", "in force on every ready replica 310 ms after the write", []string{"p99 of reads 0.07 s for 120 s", "no request waited for 120 s"}, nil),
		decision(4*time.Second, "Jail", "OffenderJailed", "jailed system:serviceaccount:telemetry:agent (list pods, cluster), one request at a time, until 14:22", "in force on every ready replica 402 ms after the write",
			[]string{"held 58 of 60 seats in 3 of 3 samples over 2 s; 41 others waited, oldest 4.1 s; own baseline 0.3 seats", "victims' p99 5.0 s before, 0.07 s after"},
			[]string{"more replicas: the same client on each", "larger pods: CPU three times as large would be full in 9 s", "load line: harm is one client"}),
		decision(2*time.Second, "LoadLine", "LoadLineCut", "load line 240 to 180 seats: latency rises with what is in use", "in force on every ready replica 288 ms after the write", []string{"p99 of reads 5.0 s", "CPU 98% of 1500m"}, nil),
	}
	s.Conditions = append(s.Conditions,
		metav1.Condition{Type: "OffenderFound", Status: metav1.ConditionTrue, Reason: "OffenderJailed", Message: "system:serviceaccount:telemetry:agent is jailed until 14:22"},
		metav1.Condition{Type: "EtcdHealthy", Status: metav1.ConditionTrue, Reason: "AsExpected", Message: "3 of 3 members answer and have a leader"},
		metav1.Condition{Type: "PlanProceeds", Status: metav1.ConditionFalse, Reason: "WindowClosed", Message: "2 steps wait for the window"},
	)
	return p, acmeLedger(p), acmeHistory(at)
}

func acmeLedger(p v1alpha1.ControlPlaneProfile) v1alpha1.AvailabilityLedger {
	l := v1alpha1.AvailabilityLedger{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name}}
	for d := 1; d <= 26; d++ {
		text := "g1440"
		switch d {
		case 9:
			text = "g600 u12 g828"
		case 19:
			text = "g1330 K1 g109"
		case 24:
			text = "g580 Z5 g855"
		case 26:
			text = "g822 O3 g15"
		}
		l.Days = append(l.Days, v1alpha1.LedgerDay{Date: fmt.Sprintf("2026-11-%02d", d), Minutes: text, Requests: 8_640_000, Failed: 600, Shed: 1700, Slow: 240, WaitedSeconds: 9500})
	}
	out := func(day, hour, minute int, n int32, cause, why string) v1alpha1.LedgerOutage {
		return v1alpha1.LedgerOutage{From: metav1.Date(2026, 11, day, hour, minute, 0, 0, time.UTC), Minutes: n, Cause: cause, Why: why}
	}
	l.Outages = []v1alpha1.LedgerOutage{
		out(19, 22, 10, 1, "Evenkeel", "restart of etcd-1 for its size, taken back after 22 s"),
		out(24, 9, 40, 5, "Zone", "node-c3 and node-c4 of zone eu-central-1c are not ready; 1 of 3 replicas and etcd-2 are gone"),
		out(26, 13, 42, 3, "Offender", "system:serviceaccount:telemetry:agent held 58 of 60 seats; jailed after 2.1 s"),
	}
	return l
}

// acmeHistory is a day with a storm at a time.
func acmeHistory(storm time.Time) *history.Store {
	h, key := history.New(), types.NamespacedName{Namespace: "tenant-acme", Name: "acme"}
	for at := now.Add(-24 * time.Hour); !at.After(now); at = at.Add(30 * time.Second) {
		x := at.Sub(now).Hours()
		s := history.None()
		wave := 1 + .35*math.Sin(x*math.Pi/6) + .08*math.Sin(x*53) + .05*math.Sin(x*211)
		s.Used, s.LoadLine, s.Ceiling, s.Waiting = float32(math.Round(60*wave)), 240, 600, 0
		s.ListP99, s.OneP99, s.Probe = float32(.06*wave), float32(.09*wave), float32(.012*wave)
		s.Requests, s.Failed, s.Shed = float32(100*wave), 0, 0
		s.CPU, s.CPURequested, s.Memory, s.MemoryRequested = float32(1.7*wave), 4.5, float32((5.8+.4*wave)*(1<<30)), 9<<30
		s.Ready, s.Verdict = 3, history.Up
		since := at.Sub(storm).Seconds()
		switch {
		case since >= -90 && since < 60:
			s.Used, s.Waiting, s.ListP99, s.OneP99, s.CPU, s.Requests, s.Shed, s.Failed = 236, 140, 5.0, 3.2, 4.4, 380, 60, 22
			s.Verdict = history.Down
		case since >= 60 && since < 360:
			s.LoadLine = 180
			s.Shed = 4
		case since >= 360:
			s.LoadLine = 212
		}
		if at.After(storm.Add(-50*time.Minute)) && at.Before(storm.Add(-42*time.Minute)) {
			s = history.None()
			s.Verdict = history.Blind
		}
		h.Add(key, at, s)
	}
	h.Note(key, history.Event{At: storm.Add(-50 * time.Minute), Kind: history.Alarm, Title: "Blind", Message: "no replica was observed for 8 min: the operator was moved to another node", Outcome: "observed again; limits were held as they were"})
	h.Note(key, history.Event{At: storm.Add(-75 * time.Second), Kind: history.Outage, Title: "Offender", Message: "bad minutes began: reads time out, telemetry:agent lists all pods without limit", Bad: true, Evidence: []string{"balancer: wait for the first byte, 5 s", "replica 2 of 3: shed with 429"}, Outcome: "3 min, up again"})
	h.Note(key, history.Event{At: storm.Add(-95 * time.Minute), Kind: history.Node, Title: "NodeNotReady", Message: "node-b2 of zone eu-central-1b, which carries no replica now", Outcome: "ready again after 4 min"})
	return h
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 0, 64) }

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"time"

	"evenkeel.dev/evenkeel/monitoring/series"
)

// schedule is what happens on healthy days: at which hour, every how many days, and on which of
// them. All of it happens in the first four.
//
// On each day three rounds are lost with one thing, and on one in a month, on which all of a
// tenant is upgraded, nine within some hours. More than that on each would be a control plane that
// breaks its promise.
var schedule = []struct {
	hour, every, on int
	happens         func(*story) []phase
}{
	{3, 7, 3, (*story).defragments},
	{8, 30, 2, (*story).rollsOut},
	{12, 30, 2, (*story).replacesMembers},
	{10, 3, 0, (*story).rollsOut},
	{10, 3, 1, (*story).replacesMembers},
	{10, 3, 2, (*story).drains},
	{11, 4, 3, (*story).scales},
	{13, 2, 1, (*story).jails},
	{14, 1, 0, (*story).movesTheLine},
	{15, 10, 1, (*story).operatorRestarts},
	{16, 15, 0, (*story).leaderIsKilled},
	{17, 7, 2, (*story).operatorRollsOut},
	{18, 3, 2, (*story).isNotSeen},
	{19, 9, 1, (*story).reachesNobody},
	{20, 10, 3, (*story).prometheusRestarts},
	{21, 12, 0, (*story).hostIsAway},
	{22, 13, 2, (*story).secretsAreRenewed},
}

// cond is a condition as the gauges name it.
func cond(kind string) string { return named(series.Condition, `type="`+kind+`"`) }

// appears is a new apiserver replica that is ready, and was not looked at yet.
func (s *story) appears(replicas string) phase {
	return s.closely(15*time.Second, phase{Gauges: map[string]string{
		series.Replicas: replicas, series.ReplicasReady: replicas, series.Blind: "1", cond("Observed"): "0", cond("LoadLineInForce"): "-1",
	}})
}

// rollsOut replaces the three apiserver replicas, one after the other: a round is lost with
// each.
func (s *story) rollsOut() (all []phase) {
	fewer := map[string]string{series.ReplicasReady: "2", cond("PlanProceeds"): "0"}
	for range 3 {
		all = append(all, s.loses(phase{look: look{Replica: "failed 0.33"}, Gauges: fewer}), s.closely(35*time.Second, phase{Gauges: fewer}),
			s.appears("3"), s.closely(75*time.Second, phase{}))
	}
	return all
}

// replacesMembers restarts the three members for another size, one after the other: a round is
// lost with each. The last of them leads.
func (s *story) replacesMembers() (all []phase) {
	fewer := map[string]string{series.EtcdMembersReady: "2", series.EtcdSeen: "2", series.EtcdFsync: "0.02", series.EtcdCommit: "0.04", cond("EtcdHealthy"): "0"}
	for i := range 3 {
		begins := phase{Gauges: fewer, Once: map[string]float64{named(series.Decisions, `step="EvictPod",reason="StepBegun",applied="true"`): 1}}
		if i == 2 {
			begins = s.elects(begins)
		}
		all = append(all, s.loses(begins), s.closely(50*time.Second, phase{Gauges: fewer}), s.closely(time.Minute, phase{}))
	}
	return all
}

// elects has etcd choose another leader meanwhile. Every other time a pass, and with it a
// scrape, meets with the second or two in which there is none.
func (s *story) elects(p phase) phase {
	gauges := map[string]string{series.EtcdHasLeader: "1"}
	maps.Copy(gauges, p.Gauges)
	if s.r.IntN(2) == 0 {
		gauges[series.EtcdHasLeader] = "0"
	}
	once := map[string]float64{series.EtcdLeaderMoves: 1}
	maps.Copy(once, p.Once)
	p.Gauges, p.Once = gauges, once
	return p
}

// drains empties three nodes, one after the other: of each a replica and a member move to
// another one, which takes some minutes for the member's volume, and a round is lost. etcd's
// leader is on the last.
func (s *story) drains() (all []phase) {
	fewer := map[string]string{
		series.ReplicasReady: "2", series.EtcdMembersReady: "2", series.EtcdSeen: "2", cond("EtcdHealthy"): "0", cond("ZonesSpread"): "0", cond("PlanProceeds"): "0",
	}
	for i := range 3 {
		begins := phase{look: look{Replica: "failed 0.33"}, Gauges: fewer}
		if i == 2 {
			begins = s.elects(begins)
		}
		all = append(all, s.loses(begins), s.closely(time.Duration(2+s.r.IntN(6))*time.Minute, phase{Gauges: fewer}), s.appears("3"), s.closely(time.Minute, phase{}))
	}
	return all
}

// scales adds a replica for some minutes.
func (s *story) scales() []phase {
	return []phase{
		s.closely(40*time.Second, phase{Gauges: map[string]string{series.Replicas: "4"}}),
		s.appears("4"),
		s.closely(4*time.Minute, phase{Gauges: map[string]string{series.Replicas: "4", series.ReplicasReady: "4"}}),
		s.closely(15*time.Second, phase{Gauges: map[string]string{series.ReplicasReady: "4"}}),
	}
}

// jails finds an offender, and holds it for some minutes.
func (s *story) jails() []phase {
	harm := map[string]string{series.Used: "60", series.Waiting: "50", cond("OffenderFound"): "1"}
	held := map[string]string{series.Used: "30", series.Sentences: "1", cond("OffenderFound"): "1"}
	begun := map[string]string{series.Used: "60", series.Waiting: "50", series.Sentences: "1", cond("OffenderFound"): "1", cond("Protected"): "0"}
	jailed := map[string]float64{series.Jailed: 20}
	passed := map[string]float64{named(series.Decisions, `step="PassSentence",reason="OffenderJailed",applied="true"`): 1}
	return []phase{
		s.closely(20*time.Second, phase{Gauges: harm, Waits: 0.3, traffic: traffic{Shed: new(0.05)}}),
		s.closely(10*time.Second, phase{Gauges: begun, Waits: 0.3, traffic: traffic{Shed: new(0.05)}, Once: passed}),
		s.closely(time.Duration(5+s.r.IntN(6))*time.Minute, phase{Gauges: held, Counters: jailed}),
	}
}

// movesTheLine lowers the load line in a busy quarter of an hour and raises it again. Until
// every replica was read back it is not in force.
func (s *story) movesTheLine() []phase {
	busy := func(inForce string) map[string]string {
		return map[string]string{series.LoadLine: "50", series.Used: "50", series.Waiting: "3", cond("LoadLineInForce"): inForce}
	}
	raised := map[string]string{series.LoadLine: "70", series.Used: "40", cond("LoadLineInForce"): "0"}
	return []phase{
		s.closely(15*time.Second, phase{Gauges: busy("0"), Waits: 0.05}),
		s.closely(4*time.Minute, phase{Gauges: busy("1"), Waits: 0.05}),
		s.closely(15*time.Second, phase{Gauges: raised}),
	}
}

// defragments has each member answer nobody for some seconds.
func (s *story) defragments() (all []phase) {
	for range 3 {
		all = append(all,
			s.closely(10*time.Second, phase{Gauges: map[string]string{series.EtcdSeen: "2", series.EtcdCommit: "0.2", cond("EtcdHealthy"): "-1"}}),
			s.closely(50*time.Second, phase{}))
	}
	return all
}

// isNotSeen has the tenant turn Evenkeel away for some minutes; others are seen.
func (s *story) isNotSeen() []phase {
	return []phase{s.closely(time.Duration(2+s.r.IntN(6))*time.Minute, phase{look: look{Rounds: "blind", Balancer: "denied", Replica: "denied"}})}
}

// reachesNobody breaks the way to all tenants, for a minute or three.
func (s *story) reachesNobody() []phase {
	broken := phase{look: look{Rounds: "blind", Balancer: "failed", Replica: "failed"}, operators: operators{Points: "0"}}
	return []phase{s.closely(time.Duration(60+s.r.IntN(120))*time.Second, broken)}
}

// prometheusRestarts forgets for how long anything held.
func (s *story) prometheusRestarts() []phase {
	return []phase{s.closely(90*time.Second, phase{Prometheus: "down"})}
}

// secretsAreRenewed takes away Evenkeel's certificate for etcd for two minutes, so that no member
// is looked at, and then its access, for which passes hold.
func (s *story) secretsAreRenewed() []phase {
	unseen := map[string]string{}
	for name := range membersUnseen {
		unseen[name] = "0"
	}
	unseen[cond("EtcdHealthy")] = "-1"
	held := map[string]string{cond("Ready"): "0"}
	for kind := range calmConditions {
		if kind != "Ready" {
			held[cond(kind)] = "-1"
		}
	}
	return []phase{
		s.closely(2*time.Minute, phase{Gauges: unseen}),
		s.closely(2*time.Minute, phase{}),
		s.closely(90*time.Second, phase{Gauges: held}),
	}
}

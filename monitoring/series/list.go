// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package series

// The names of the series.
const (
	// Whether it serves.
	Down          = "evenkeel_down"
	DownSeconds   = "evenkeel_down_seconds"
	Unseen        = "evenkeel_unseen"
	Rounds        = "evenkeel_probe_rounds_total"
	Probes        = "evenkeel_probes_total"
	ProbeSeconds  = "evenkeel_probe_duration_seconds"
	Requests      = "evenkeel_requests_total"
	Failed        = "evenkeel_requests_failed_total"
	Shed          = "evenkeel_requests_shed_total"
	Jailed        = "evenkeel_requests_jailed_total"
	Slow          = "evenkeel_requests_slow_total"
	QueueSeconds  = "evenkeel_queue_wait_seconds_total"
	ResponseBytes = "evenkeel_response_bytes_total"
	// What was promised.
	Target     = "evenkeel_sla_target_ratio"
	Available  = "evenkeel_sla_availability_ratio"
	BudgetLeft = "evenkeel_sla_budget_left_ratio"
	Minutes    = "evenkeel_sla_minutes_total"
	BadMinutes = "evenkeel_sla_bad_minutes_total"
	// Seats, sizes and replicas.
	LoadLine      = "evenkeel_load_line_seats"
	Ceiling       = "evenkeel_ceiling_seats"
	Used          = "evenkeel_used_seats"
	Waiting       = "evenkeel_waiting_requests"
	Sentences     = "evenkeel_sentences"
	Size          = "evenkeel_size"
	Wanted        = "evenkeel_size_wanted"
	Replicas      = "evenkeel_replicas"
	ReplicasReady = "evenkeel_replicas_ready"
	// Etcd, of its worst member.
	EtcdMembers      = "evenkeel_etcd_members"
	EtcdMembersReady = "evenkeel_etcd_members_ready"
	EtcdSeen         = "evenkeel_etcd_members_seen"
	EtcdHasLeader    = "evenkeel_etcd_has_leader"
	EtcdLeaderMoves  = "evenkeel_etcd_leader_changes_total"
	EtcdFsync        = "evenkeel_etcd_fsync_p99_seconds"
	EtcdCommit       = "evenkeel_etcd_commit_p99_seconds"
	EtcdDatabase     = "evenkeel_etcd_database_bytes"
	EtcdInUse        = "evenkeel_etcd_database_in_use_bytes"
	EtcdQuota        = "evenkeel_etcd_quota_bytes"
	EtcdAlarms       = "evenkeel_etcd_alarms"
	// What Evenkeel sees and does.
	Condition     = "evenkeel_condition"
	Blind         = "evenkeel_blind_replicas"
	LastPass      = "evenkeel_last_pass_timestamp_seconds"
	Decisions     = "evenkeel_decisions_total"
	Expires       = "evenkeel_certificate_expires_timestamp_seconds"
	Points        = "evenkeel_vantage_points"
	InForce       = "evenkeel_step_in_force_seconds"
	Observe       = "evenkeel_observe_duration_seconds"
	Leading       = "evenkeel_leading"
	LedgerUnsaved = "evenkeel_ledger_unsaved_minutes"
)

// List are all of them, in the order in which the reference tells them.
func List() []Series { //nolint:funlen // a table, a line for each
	return []Series{
		{Name: Down, Kind: Gauge, Help: "1 while all vantage points that see at all see the control plane down, else 0."},
		{Name: DownSeconds, Kind: Gauge, Help: "How long it has been down without a round in between that was up; 0 while it is up or unseen."},
		{Name: Unseen, Kind: Gauge, Help: "1 while no vantage point can tell whether it is up, else 0."},
		{Name: Rounds, Kind: Counter, Labels: []Label{verdicts}, Help: "Rounds of probes, by what all vantage points together say."},
		{
			Name: Probes, Kind: Counter, Labels: []Label{doors, questions, results, phases}, Together: endsIn,
			Help: "Probes of this vantage point, by where and what was asked, what came of it, and the phase in which it ended: that of one that failed, and done of any other.",
		},
		{
			Name: ProbeSeconds, Kind: Histogram, Labels: []Label{doors}, Buckets: []float64{.05, .1, .25, .5, 1, 2, 5},
			Help: "How long probes took that were answered.",
		},
		{Name: Requests, Kind: Counter, Help: "Requests that ended, watches left out, and probes that came to nothing."},
		{Name: Failed, Kind: Counter, Help: "Requests of those that were answered with a 5xx, or never."},
		{Name: Shed, Kind: Counter, Help: "Requests of those that were refused with a 429."},
		{Name: Jailed, Kind: Counter, Help: "Requests of jailed clients that were refused with a 429; they are not among the requests above."},
		{Name: Slow, Kind: Counter, Labels: []Label{scopes}, Help: "Requests of those that took longer than the objective of their scope: 1 s for those of one object, writes among them, and 30 s for those of a namespace or of the cluster."},
		{Name: QueueSeconds, Kind: Counter, Help: "Time that requests waited in the queues of priority levels."},
		{Name: ResponseBytes, Kind: Counter, Help: "Bytes of answers, as the apiservers count them, events of watches among them."},
		{Name: Target, Kind: Gauge, Help: "Availability that is promised, from 0 to 1."},
		{
			Name: Available, Kind: Gauge, Labels: []Label{periods, readings},
			Help: "Availability that was kept, from 0 to 1: by bad minutes of those seen, by those in runs of five and more, and by requests that failed. 1 while nothing is known.",
		},
		{Name: BudgetLeft, Kind: Gauge, Labels: []Label{periods}, Help: "What is left of the error budget, from 1 to below 0."},
		{Name: Minutes, Kind: Counter, Labels: []Label{kinds}, Help: "Minutes that are over, by what they were."},
		{Name: BadMinutes, Kind: Counter, Labels: []Label{causes}, Help: "Bad minutes, by what they are put down to."},
		{Name: LoadLine, Kind: Gauge, Help: "Usable seats of one replica: the load line."},
		{Name: Ceiling, Kind: Gauge, Help: "Seats that the inflight flags allow one replica."},
		{Name: Used, Kind: Gauge, Help: "Seats in use on the busiest replica."},
		{Name: Waiting, Kind: Gauge, Help: "Requests that wait in queues, of all replicas."},
		{Name: Sentences, Kind: Gauge, Help: "Clients that are jailed."},
		{Name: Size, Kind: Gauge, Labels: []Label{component, resources}, Help: "What one pod requests, in cores or in bytes."},
		{Name: Wanted, Kind: Gauge, Labels: []Label{component, resources}, Help: "What it should request, in cores or in bytes; 0 while that is not known."},
		{Name: Replicas, Kind: Gauge, Help: "Apiserver replicas that there are to be."},
		{Name: ReplicasReady, Kind: Gauge, Help: "Apiserver replicas that are ready."},
		{Name: EtcdMembers, Kind: Gauge, Help: "Members of etcd that there are to be; 0 where the profile names no etcd."},
		{Name: EtcdMembersReady, Kind: Gauge, Help: "Members of etcd that are ready."},
		{Name: EtcdSeen, Kind: Gauge, Help: "Members of etcd that answer Evenkeel; the series below are of these."},
		{Name: EtcdHasLeader, Kind: Gauge, Help: "1 while a member that answers knows a leader, else 0."},
		{Name: EtcdLeaderMoves, Kind: Counter, Help: "Changes of the leader."},
		{Name: EtcdFsync, Kind: Gauge, Help: "99th percentile of fsyncs of the write-ahead log, of the slowest member."},
		{Name: EtcdCommit, Kind: Gauge, Help: "99th percentile of commits of the database, of the slowest member."},
		{Name: EtcdDatabase, Kind: Gauge, Help: "Size of the database file, of the largest member."},
		{Name: EtcdInUse, Kind: Gauge, Help: "What of it is in use."},
		{Name: EtcdQuota, Kind: Gauge, Help: "Size at which etcd refuses writes; 0 while that is not known."},
		{Name: EtcdAlarms, Kind: Gauge, Help: "Alarms that etcd has raised."},
		{Name: Condition, Kind: Gauge, Labels: []Label{{"type", nil}}, Help: "Conditions of the profile: 1 is True, 0 False, -1 Unknown."},
		{Name: Blind, Kind: Gauge, Help: "Ready replicas that cannot be observed."},
		{Name: LastPass, Kind: Gauge, Help: "When a pass over the profile last ended."},
		{
			Name: Decisions, Kind: Counter, Labels: []Label{{"step", nil}, {"reason", nil}, {"applied", []string{"true", "false"}}},
			Help: "Decisions, by what was decided, why, and whether it was carried out.",
		},
		{Name: Expires, Kind: Gauge, Labels: []Label{creds}, Help: "When a certificate ends: of Evenkeel's access, the first that a replica or the balancer serves with, Evenkeel's for etcd. 0 is not known."},
		{Name: LedgerUnsaved, Kind: Gauge, Help: "Minutes that were not good and are not in the ledger's object yet."},
		{Name: Points, Kind: Gauge, Operator: true, Help: "Vantage points that are alive and see, this one among them."},
		{Name: Leading, Kind: Gauge, Operator: true, Help: "1 while this operator replica leads. Only the one that leads tells the series of control planes, but evenkeel_down, evenkeel_down_seconds, evenkeel_probes_total and evenkeel_probe_duration_seconds."},
		{
			Name: InForce, Kind: Histogram, Operator: true, Labels: []Label{{"step", nil}}, Buckets: []float64{.05, .1, .2, .5, 1, 2, 3},
			Help: "Time from the acknowledged write of a step until every ready replica was read back to obey.",
		},
		{
			Name: Observe, Kind: Histogram, Operator: true, Buckets: []float64{.01, .02, .05, .1, .2, .5, 1, 2, 5},
			Help: "Time of one look at all replicas and the flow control of a control plane.",
		},
	}
}

// endsIn tells whether a probe with a result, the third of these, can end in a phase, the
// fourth: one that failed has not come to its end, and every other one has.
func endsIn(values []string) bool { return (values[2] == "failed") != (values[3] == "done") }

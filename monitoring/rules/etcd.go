// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/monitoring/series"
)

const (
	// slowFsync and slowCommit are of the slowest member's 99th percentile. etcd asks for
	// 10 ms and 25 ms; at these leases begin to be late.
	slowFsync, slowCommit = 0.1, 0.25
	// quotaNear is for a ticket, quotaClose for a page: at 1 etcd refuses every write.
	quotaNear, quotaClose = 0.8, 0.95
	// half is what is foretold from: what is half empty has time.
	half = 0.5
	// fragments are the bytes from which a database that is half empty is worth a word.
	fragments = 500e6
	// oftenMoved are the changes of the leader in an hour beyond those of a rollout, which
	// has one or two.
	oftenMoved = 3.5
)

// quorum is how many members are a majority, where the profile names an etcd.
func quorum() string {
	return fmt.Sprintf("(floor((%s > 0) / 2) + 1)", most(series.EtcdMembers))
}

func etcdNow() []Alert {
	return []Alert{
		{
			Name: "EvenkeelEtcdNoLeader", Severity: Page, For: 30 * time.Second,
			Expr:        fmt.Sprintf("%s == 0\nand %s > 0", most(series.EtcdHasLeader), most(series.EtcdSeen)),
			Summary:     "The etcd of " + who + " has no leader",
			Description: "Members of the etcd of " + who + " answer, and none knows a leader: no write is taken, and no read that must be current.",
		},
		{
			Name: "EvenkeelEtcdQuorumLost", Severity: Page, For: time.Minute,
			// Where Evenkeel is not to look at members, as its profile names no certificate for them,
			// none is told to be ready either. That is a quorum lost only where the tenant is down as
			// well.
			Expr: lines(
				fmt.Sprintf("%s < %s", most(series.EtcdMembersReady), quorum()),
				fmt.Sprintf("and (%s > 0 or %s > 0 or %s == 1)", most(series.EtcdMembersReady), most(series.EtcdSeen), most(series.Down))),
			Summary:     "The etcd of " + who + " has lost its quorum",
			Description: "{{ $value }} members of the etcd of " + who + " are ready, which is no majority: no write is taken until one comes back.",
		},
		{
			Name: "EvenkeelEtcdAlarm", Severity: Page, For: time.Minute,
			Expr:        most(series.EtcdAlarms) + " > 0",
			Summary:     "The etcd of " + who + " has raised an alarm",
			Description: "The etcd of " + who + " has raised {{ $value }} alarms. With one of no space it takes no write; with one of corruption its members differ.",
		},
		quota(Page, quotaClose, 5*time.Minute),
	}
}

func quota(severity Severity, share float64, after time.Duration) Alert {
	return Alert{
		Name: "EvenkeelEtcdQuotaNear", Severity: severity, For: after,
		Expr:        fmt.Sprintf("%s / (%s > 0) > %g", most(series.EtcdDatabase), most(series.EtcdQuota), share),
		Summary:     "The etcd of " + who + " is nearly full",
		Description: "The database of " + who + " takes {{ $value | humanizePercentage }} of its quota. At 100 % etcd takes no write.",
	}
}

func etcdState() []Alert {
	return []Alert{
		{
			// Three and more: one alone is always the last.
			Name: "EvenkeelEtcdOneFromLosingQuorum", Severity: Ticket, For: 5 * time.Minute,
			Expr:        fmt.Sprintf("%s == %s\nand %s >= 3\nand %s < %s", most(series.EtcdMembersReady), quorum(), most(series.EtcdMembers), most(series.EtcdMembersReady), most(series.EtcdMembers)),
			Summary:     "The etcd of " + who + " must not lose another member",
			Description: "{{ $value }} members of the etcd of " + who + " are ready, just a majority: when one more goes the tenant is down.",
		},
		{
			Name: "EvenkeelEtcdUnseen", Severity: Ticket, For: 15 * time.Minute,
			Expr:        fmt.Sprintf("%s < %s", most(series.EtcdSeen), most(series.EtcdMembersReady)),
			Summary:     "Evenkeel does not see every member of the etcd of " + who,
			Description: "Only {{ $value }} ready members of the etcd of " + who + " answer Evenkeel: what is wrong with the others it cannot tell.",
		},
		slowDisk("EvenkeelEtcdFsyncSlow", series.EtcdFsync, slowFsync, "syncs its log"),
		slowDisk("EvenkeelEtcdCommitSlow", series.EtcdCommit, slowCommit, "commits"),
		quota(Ticket, quotaNear, 10*time.Minute),
		{
			Name: "EvenkeelEtcdFull", Severity: Ticket, For: 30 * time.Minute,
			// An hour of it must be known: what was just filled does not go on like that.
			Expr: lines(
				fmt.Sprintf("predict_linear(%s[4h], 86400) > (%s > 0)", Database, most(series.EtcdQuota)),
				fmt.Sprintf("and %s > %g * %s", most(series.EtcdDatabase), half, most(series.EtcdQuota)),
				fmt.Sprintf("and count_over_time(%s[4h]) > %d", Database, time.Hour/stepEvery)),
			Summary:     "The etcd of " + who + " will be full within a day",
			Description: "As the database of " + who + " has grown in the last four hours it will take {{ $value | humanize1024 }}B in a day, more than its quota.",
		},
		{
			Name: "EvenkeelEtcdFragmented", Severity: Info, For: time.Hour,
			Expr:        fmt.Sprintf("%s / (%s > %.0f) < %g", most(series.EtcdInUse), most(series.EtcdDatabase), fragments, half),
			Summary:     "The database of " + who + " is mostly empty",
			Description: "{{ $value | humanizePercentage }} of the database file of " + who + " is in use; the rest counts against the quota until it is defragmented.",
		},
		{
			Name: "EvenkeelEtcdLeaderMoves", Severity: Ticket,
			Expr:        fmt.Sprintf("%s > %g", increase("1h", series.EtcdLeaderMoves), oftenMoved),
			Summary:     "The etcd of " + who + " changes its leader often",
			Description: "The leader of the etcd of " + who + " has changed {{ $value | humanize }} times in an hour; each time writes stop for about a second.",
		},
	}
}

func slowDisk(name, of string, seconds float64, does string) Alert {
	return Alert{
		Name: name, Severity: Ticket, For: 10 * time.Minute,
		Expr:        fmt.Sprintf("%s > %g", most(of), seconds),
		Summary:     "The etcd of " + who + " " + does + " slowly",
		Description: "The slowest member of the etcd of " + who + " " + does + " in {{ $value | humanizeDuration }} (99th percentile): every write of the tenant waits for it.",
	}
}

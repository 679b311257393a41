// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas

import "fmt"

// Reason is why the floor is where it is.
type Reason string

// The reasons.
const (
	// Enough: the floor carries what is due.
	Enough Reason = "Enough"
	// Raised and Lowered: it has just been moved.
	Raised  Reason = "Raised"
	Lowered Reason = "Lowered"
	// AtMax: more are due than are allowed.
	AtMax Reason = "AtMax"
	// Unbounded: no most is said, so that nothing is decided.
	Unbounded Reason = "Unbounded"
	// Blind: not all can be seen.
	Blind Reason = "Blind"
	// Settling: a need that has not been there for long enough.
	Settling Reason = "Settling"
	// Holding: fewer would do, and it is not the time to take one away.
	Holding Reason = "Holding"
	// EtcdIsShort, Offender, OneClient, LoadSticks: more are due, and would not help.
	EtcdIsShort Reason = "EtcdIsShort"
	Offender    Reason = "Offender"
	OneClient   Reason = "OneClient"
	LoadSticks  Reason = "LoadSticks"
)

// Refusal is why a replica more would not help.
type Refusal struct {
	Reason Reason
	Words  string
}

const (
	// sticks is how many times the load of the others the fullest replica has, half which
	// part of their capacity those are below, and watcher how many times what the others
	// send to watches makes it one client that watches.
	sticks, half, watcher = 2, 0.5, 4
)

// refuse tells why more replicas would not help; nil where they would.
func (d *decider) refuse() *Refusal {
	switch {
	case d.seen.Etcd != "":
		return &Refusal{EtcdIsShort, "etcd is what is short: " + d.seen.Etcd}
	case d.seen.Offender != "":
		return &Refusal{Offender, d.seen.Offender}
	case d.beyond && d.byCPU <= d.floor:
		return &Refusal{EtcdIsShort, fmt.Sprintf("etcd carries %.0f seats of all replicas together, however many they are, and %.0f are due", d.cap.carries, d.seats.Due)}
	case d.cap.pressed(d.bounds.up(d.want)):
		return &Refusal{EtcdIsShort, fmt.Sprintf("etcd carries %.0f seats: each of %d replicas would have %.0f, and needs %.0f for the protected levels",
			d.cap.carries, d.bounds.up(d.want), d.cap.carries/float64(d.bounds.up(d.want)), d.cap.least)}
	}
	return d.stuck()
}

// stuck tells whether the load stays on one replica while the others have room. A new
// replica has a grace before its emptiness counts.
func (d *decider) stuck() *Refusal {
	full, others := d.fullest()
	if full == nil || len(others) == 0 {
		return nil
	}
	mean := 0.0
	for _, r := range others {
		if r.filled() >= half {
			return nil
		}
		mean += r.filled() / float64(len(others))
	}
	if full.Client != "" && full.Share > half {
		return &Refusal{OneClient, fmt.Sprintf("%s holds %.0f %% of the seats that are held of %s, and the others are half empty: a client stays on one replica",
			full.Client, 100*full.Share, full.Name)}
	}
	if full.filled() <= sticks*mean {
		return nil
	}
	if bytes := meanOf(others, func(r Replica) float64 { return r.WatchBytes }); full.WatchBytes > watcher*bytes && full.WatchBytes > 0 &&
		full.Seconds <= watcher*meanOf(others, func(r Replica) float64 { return r.Seconds }) {
		return &Refusal{LoadSticks, fmt.Sprintf("%s sends %.1f MB/s to watches, the others %.1f on average, and its requests are no more than theirs: one client that watches would stay there",
			full.Name, full.WatchBytes/1e6, bytes/1e6)}
	}
	return &Refusal{LoadSticks, fmt.Sprintf("%s is %.0f %% full and the others %.0f %% on average: connections stay where they are, and another replica would get nothing",
		full.Name, 100*full.filled(), 100*mean)}
}

// filled is how full a replica is, of seats or of CPU, whichever is more; 0 where that is
// not known.
func (r Replica) filled() float64 {
	by := 0.0
	if r.Line > 0 {
		by = r.Demand / r.Line
	}
	if r.Bound > 0 {
		by = max(by, r.CPU/r.Bound)
	}
	return by
}

// fullest is the fullest ready replica, and those of the others that have been there for
// long enough to be judged; nil where there is none.
func (d *decider) fullest() (full *Replica, others []Replica) {
	for i, r := range d.seen.Replicas {
		if r.Ready && (full == nil || r.filled() > full.filled()) {
			full = &d.seen.Replicas[i]
		}
	}
	for _, r := range d.seen.Replicas {
		if r.Ready && r.ID != full.ID && !d.memory.young(r.ID, d.now) {
			others = append(others, r)
		}
	}
	return full, others
}

func meanOf(replicas []Replica, of func(Replica) float64) float64 {
	sum := 0.0
	for _, r := range replicas {
		sum += of(r)
	}
	return sum / float64(max(len(replicas), 1))
}

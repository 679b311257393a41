// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import "time"

// Line is what is kept of the search for the load line. Its zero value has not begun.
type Line struct {
	// Seats is where the line is to be, and Why the reason of its last move.
	Seats int
	Why   string
	// Bound is the most that it might be in the last pass: a line that was there because
	// of it follows it.
	Bound int
	// Baselines are mean execution times by class: in calm times, or with a weight of 0
	// the shortest that was seen of a class that calm times have not shown.
	Baselines map[Class]Baseline
	Streaks   Streaks
	// Rest is until when the line is not raised: a cut is to show first.
	Rest time.Time
	// Explore is when another line may be tried next where this one serves well enough,
	// and Patience how long is waited for it: twice as long after every one in vain.
	Explore  time.Time
	Patience time.Duration
	// Trial is the last move while it is judged.
	Trial *Trial
	// LetGo is until when slowness cuts nothing: the last cut did not help.
	LetGo time.Time
	// Guarded is true from a guard's cut until no guard holds any more: one episode is
	// cut for once, and another not before GuardAgain.
	Guarded    bool
	GuardAgain time.Time
	// Works are what was served in time in the last windows, in seconds of a calm day a
	// second, all replicas together, oldest first, and Strains how late requests were in
	// them.
	Works, Strains []float64
	// Budget is etcd's.
	Budget Budget
	// Outliers are replicas far slower than the others, of the last window.
	Outliers []string
	// Looked is the last window, for whoever wants to follow the search.
	Looked Looked
	// Gathering are the windows that are not full yet, by replica.
	Gathering map[string]Gathering
}

// Looked is what one window said: how many times their calm mean requests took, how late
// they were in parts of what the SLO allows (Strain is what the line goes by, Others that
// of all requests), what was served in time as in Works, and what was made of it, in
// words; no words when the line stays because all is well.
type Looked struct {
	At                         time.Time
	Slow, Strain, Others, Work float64
	Says                       string
}

// Learnt tells whether the line knows what is late: the calm mean of a class at least.
func (l Line) Learnt() bool {
	for _, b := range l.Baselines {
		if b.Weight >= TrustedWindows {
			return true
		}
	}
	return false
}

// TrustedWindows is how many calm windows make a baseline of a class.
const TrustedWindows = 3

// Budget is how many requests at once etcd carries, for all replicas together. Its
// zero value is a budget that is not known to limit anything.
type Budget struct {
	// Requests are etcd's requests in work that it carries; 0 while it has not been in
	// trouble.
	Requests float64
	// Each is what each replica may have of them, in seats.
	Each float64
	// Phi is etcd's requests in work for each seat of all lines, when it was last cut.
	Phi float64
	Cut time.Time
	// Seen is the time of the last look.
	Seen time.Time
	// Replicas is how many share it, counted at Counted.
	Replicas int
	Counted  time.Time
	// Troubled is true while etcd says that it is overloaded.
	Troubled bool
}

// Streaks count windows in a row: Strained those that asked for less, Others those in
// which all but the heartbeats were late, Short those in which seats were short although
// requests were quick enough, Idle those that had no need of the line.
type Streaks struct{ Strained, Others, Short, Idle int }

// Move is why a line was moved.
type Move string

// The moves that are judged.
const (
	// MoveCut is a cut because requests are too slow.
	MoveCut Move = "Cut"
	// MoveBack takes a part of a cut back that cost more than it had to.
	MoveBack Move = "Back"
	// MoveUp and MoveDown try whether another line serves better.
	MoveUp   Move = "Up"
	MoveDown Move = "Down"
)

// Trial is a move that has yet to show what it is good for.
type Trial struct {
	Move Move
	// From is the line before it, and Felt what of it was felt, as no more was in use;
	// Work and Strain are what was served then and how late. Of a cut that is taken back
	// these are from before the cut, and Less is what was served after it.
	From, Felt         int
	Work, Strain, Less float64
	Windows            int
}

// Gathering is the beginning of one replica's window.
type Gathering struct {
	// Observed is the page that was added last, Length the time gathered.
	Observed time.Time
	Length   time.Duration
	// SeatSeconds are the seats in use, Refused and Waited as in FlowLoad, all added up
	// over Length; Requests counts those that were served.
	SeatSeconds, Refused, Waited, Requests float64
	// CPUSeconds is the time that the process has used. Pulses and SlowPulses count the
	// smallest requests of that time, and PulseSeconds is what they took.
	CPUSeconds         float64
	Pulses, SlowPulses int
	PulseSeconds       float64
	Served             map[Class]Work
	// Delays are by scope.
	Delays     map[string]Delays
	Heartbeats Delays
}

// Work is what was done of one class.
type Work struct{ Requests, Seconds float64 }

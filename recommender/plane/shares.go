// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import "time"

// NoLimit is the BorrowingPercent of a level that may borrow whatever is idle.
const NoLimit = -1

// Portion is what a priority level has of a replica's seats.
type Portion struct {
	// Shares is nominalConcurrencyShares.
	Shares int
	// LendablePercent is the part of its nominal seats that others may borrow, and
	// BorrowingPercent how much it may borrow beyond them, in percent of them;
	// NoLimit where there is no limit.
	LendablePercent, BorrowingPercent int
}

// LevelShares is one level's part in a division of the seats.
type LevelShares struct {
	Name string
	// Had is what the level has now, Portion what it is to have.
	Had, Portion Portion
	// Reason says why, in words; empty when nothing changes.
	Reason string
}

// SharesName is the name under which the outcome of a division is told: a fault of
// it must not pass for one of the ballast's.
const SharesName = "shares"

// About is the name under which the step's outcome is told: its sentence's,
// SharesName, FlagsName, or empty for the ballast and Evenkeel's own level.
func (s Step) About() string {
	switch {
	case s.Sentence != nil:
		return s.Sentence.Name
	case s.Size != nil:
		return "size/" + string(s.Size.Component) + "/" + s.Size.Pod
	case s.Floor != nil:
		return FloorName
	case s.Etcd != nil:
		return "etcd/" + string(s.Kind) + "/" + s.Etcd.Member
	case s.Kind == SetShares, s.Kind == ReturnShares:
		return SharesName
	case s.Kind == HoldRollout, s.Kind == GoOnRollout, s.Kind == ReleaseRollout:
		return RolloutName
	case s.Kind == SetFlags, s.Kind == ReturnFlags, s.Kind == KeepFlags:
		return FlagsName
	default:
		return ""
	}
}

// Division is what is kept of the shares from one pass to the next.
type Division struct {
	// Shown is the division that was last written or recommended, so that it is told
	// once.
	Shown []LevelShares
	// Evaluated is when demand was last weighed against the shares, Leaning which way
	// each level should move (1 more, -1 fewer), and Agreeing how many evaluations in
	// a row have said so.
	Evaluated time.Time
	Leaning   map[string]int
	Agreeing  int
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"fmt"
	"math"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// Where seats are short and requests are not late, the best line is looked for by
// trying: a little more serves more, or it does not; a little less serves as much, and
// each request faster, or it does not.
const (
	// shortWindows in a row make it worth trying.
	shortWindows = 3
	// up and down are the moves, in parts of the line; the way up is a square root of
	// seats at the least (Netflix's concurrency limits).
	up, down = 0.12, 0.85
	// half is the move down while requests are late, though the heartbeats are not.
	half = 0.5
	// A move up must serve gain times as much, a move down keep times as much: further
	// apart, so that the one does not undo the other for ever.
	gain, keep = 1.02, 0.99
	// crowded is how many times their calm mean requests must take for less of them at
	// once to be worth a try, and strained the strain up to which more are.
	crowded, strained = 1.2, 0.7
	// patience is how long a line is left alone after others were tried in vain, and
	// mostPatience what its doubling comes to.
	patience, mostPatience = 5 * time.Minute, time.Hour
	// idleWindows without need of the line double it: what it was cut for is over.
	idleWindows = 60
)

// explore tries another line, when there is reason to and the time has come.
func (f *finder) explore() string {
	l := f.load
	switch {
	case f.now.Before(f.Rest):
		if l.limited {
			return "held: clients that were refused have yet to come back"
		}
		return ""
	case f.Streaks.Idle >= idleWindows && f.Seats < f.bounds.Ceiling:
		f.Streaks.Idle = 0
		f.Seats *= 2
		return fmt.Sprintf("raised to %d seats: for a while nobody has needed half of them", min(f.Seats, f.bounds.Ceiling))
	case !l.known || f.now.Before(f.Explore):
		return ""
	case f.Streaks.Others >= strainedWindows:
		return f.tryDown(f.work())
	case f.Streaks.Short < shortWindows:
		return ""
	case f.Seats < f.bounds.Ceiling && l.strain <= strained:
		return f.tryUp()
	case l.slow >= crowded:
		return f.tryDown(f.work())
	default:
		return ""
	}
}

func (f *finder) tryUp() string {
	f.begin(plane.MoveUp, f.work())
	f.Seats = min(f.bounds.Ceiling, f.Seats+int(math.Ceil(max(up*float64(f.Seats), math.Sqrt(float64(f.Seats))))))
	return fmt.Sprintf("raised to %d seats: seats are short, and requests %.3g times as late as they may be", f.Seats, f.load.strain)
}

// tryDown tries less than the line, at which so much was served.
func (f *finder) tryDown(work float64) string {
	f.begin(plane.MoveDown, work)
	part := down
	if f.load.othersLate() {
		part = half
	}
	f.Seats = max(f.bounds.Floor, int(part*float64(min(f.Seats, f.felt()))))
	if f.Seats >= f.Trial.From {
		f.Seats, f.Trial = f.Trial.From, nil
		return f.settle()
	}
	if f.load.othersLate() {
		return fmt.Sprintf("tries %d seats: the slowest hundredth of what is no heartbeat takes %.2g times as long as the Kubernetes SLO allows", f.Seats, f.load.others)
	}
	return fmt.Sprintf("tries %d seats: fewer requests at once may be served as well, and faster", f.Seats)
}

// judge looks at what became of a move once there are windows enough; judged is false
// until then. A move up is looked through at once where it makes requests late.
func (f *finder) judge() (why string, judged bool) {
	t := *f.Trial
	t.Windows++
	f.Trial = &t
	if f.madeLate(t.Move) {
		f.Trial = nil
		return f.back(t, "it made requests late"), true
	}
	if t.Move == plane.MoveCut && f.Streaks.Strained >= strainedWindows && f.worthIt(t) {
		f.Trial = nil // it has helped, and was not enough
		return "", true
	}
	if t.Windows < trialWindows && !f.plain(t) {
		return "held: what became of the last move is still to show", false
	}
	f.Trial = nil
	served := f.served(t)
	switch t.Move {
	case plane.MoveBack:
		return f.judgeBack(t, served), true
	case plane.MoveUp:
		return f.judgeUp(t, served), true
	case plane.MoveDown:
		return f.judgeDown(t, served), true
	default:
		return f.judgeCut(t, served), true
	}
}

// madeLate tells whether a try has made requests late: of a way up one window is
// enough, for the line before it is known to be better.
func (f *finder) madeLate(m plane.Move) bool {
	switch m {
	case plane.MoveUp, plane.MoveBack:
		return f.Streaks.Strained > 0
	case plane.MoveDown:
		return f.tooLate()
	default:
		return false
	}
}

// plain tells that two windows show enough: a cut took far more than it may, and
// requests are well in time.
func (f *finder) plain(t plane.Trial) bool {
	return t.Windows == trialWindows-1 && (t.Move == plane.MoveCut || t.Move == plane.MoveBack) &&
		f.served(t) < plainlyLost && f.strain() < ease
}

func (f *finder) judgeUp(t plane.Trial, served float64) string {
	if served >= gain {
		f.Patience = 0
		return "" // and on, if they are still short
	}
	if f.load.slow >= crowded {
		f.Seats = t.From
		return f.tryDown(t.Work) // more serves no more: less may do
	}
	return f.back(t, "it served no more")
}

func (f *finder) judgeDown(t plane.Trial, served float64) string {
	if served >= keep {
		if f.load.slow >= crowded {
			return f.tryDown(max(f.work(), t.Work))
		}
		return f.settle()
	}
	return f.back(t, fmt.Sprintf("it served %.0f %% less", 100*(1-served)))
}

// back returns to the line before a move in vain, and leaves it alone for a while.
func (f *finder) back(t plane.Trial, why string) string {
	f.Seats, f.Streaks = t.From, plane.Streaks{}
	f.settle()
	return fmt.Sprintf("back at %d seats: %s", t.From, why)
}

// settle leaves the line alone for a while.
func (f *finder) settle() string {
	f.Patience = min(max(2*f.Patience, patience), mostPatience)
	f.Explore = f.now.Add(f.Patience)
	return fmt.Sprintf("settled at %d seats", f.Seats)
}

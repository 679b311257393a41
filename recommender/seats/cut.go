// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"fmt"
	"math"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// What becomes of a cut. It is kept as it is where it cost next to no work, and taken
// back in part or as a whole where it cost more than it brought.
const (
	// lostWork is the part of the work that a cut may leave.
	lostWork = 0.8
	// plainlyLost is the part below which two windows tell as much as three.
	plainlyLost = 0.6
	// noLessLate is the part of the strain before from which on requests are as late as
	// then.
	noLessLate = 0.95
	// flatter is the power by which seats may rise for times to rise in proportion: the
	// other side of steeper. What goes too far is gone back from at once.
	flatter = 1.5
	// someGain is the power of the seats by which the work must rise with them.
	someGain = 0.25
	// ample is the strain up to which a cut has gone further than it had to.
	ample = aim / 2
	// letGoFor is how long slowness cuts nothing once a cut has not helped, and
	// overWindows how many idle windows tell that what slowed requests is over.
	letGoFor    = time.Hour
	overWindows = 6
)

// served is the part of the work before a move that is served now.
func (f *finder) served(t plane.Trial) float64 {
	if t.Work <= 0 {
		return 1
	}
	return f.work() / t.Work
}

// worthIt tells whether a cut has brought more than it cost. The seats in use are what
// is served in a second times how long it takes (Little's law): a cut that only makes
// each request faster leaves all the work, one that only keeps requests out leaves as
// much of it as of the seats. Half-way between the two, on a scale of ratios, is the
// worst that is kept.
func (f *finder) worthIt(t plane.Trial) bool {
	served := f.served(t)
	if served >= lostWork {
		return f.strain() < noLessLate*t.Strain
	}
	return f.strain() < noLessLate*t.Strain && served >= math.Sqrt(float64(f.Seats)/float64(max(t.Felt, 1)))
}

// cheap tells that a cut cost so little that another is worth a try: less than a quarter
// of the way, by ratio, to what it would have cost by only keeping requests out.
func (f *finder) cheap(t plane.Trial) bool {
	return f.served(t) >= min(lostWork, math.Pow(float64(f.Seats)/float64(max(t.Felt, 1)), 0.25))
}

// judgeCut takes a cut back that did not help, and half of one that cost too much.
func (f *finder) judgeCut(t plane.Trial, served float64) string {
	lost := fmt.Sprintf("the cut took %.0f %% of the work", 100*(1-served))
	switch {
	case served >= lostWork && f.strain() < ample && f.load.limited:
		return f.tryBack(t)
	case f.strain() > ease && f.strain() < noLessLate*t.Strain && f.cheap(t) && f.Seats > f.bounds.Floor:
		// Nearly late is late as soon as a window is a little worse: that is not waited for.
		return f.cut()
	case served >= lostWork:
		f.settle()
		return ""
	case f.strain() >= noLessLate*t.Strain:
		f.Seats, f.LetGo = t.From, f.now.Add(letGoFor)
		return fmt.Sprintf("back at %d seats: %s and requests are as late as before, so it is not the load that slows them", t.From, lost)
	case f.strain() >= 1 && !f.worthIt(t):
		f.Seats, f.LetGo = f.midway(t), f.now.Add(letGoFor)
		return fmt.Sprintf("half-way back at %d seats: %s and requests are still late, so it is not the load alone that slows them", f.Seats, lost)
	case f.strain() < ease:
		return f.takeBack(t, lost)
	default:
		f.settle()
		return ""
	}
}

// takeBack takes a part of a cut back that has cost more than it had to.
func (f *finder) takeBack(t plane.Trial, why string) string {
	says := fmt.Sprintf("partly back at %d seats: %s, and requests take %.2g of the time that they may", f.inTime(t), why, f.strain())
	t.Move, t.From, t.Windows, t.Less = plane.MoveBack, f.Seats, 0, f.work()
	return f.up(t, says)
}

// tryBack tries the same where a cut went further than it had to: it is kept if it
// serves more.
func (f *finder) tryBack(t plane.Trial) string {
	says := fmt.Sprintf("partly back at %d seats: seats are short, and requests take %.2g of the time that they may", f.inTime(t), f.strain())
	return f.up(plane.Trial{Move: plane.MoveUp, From: f.Seats, Felt: t.Felt, Work: f.work(), Strain: f.strain()}, says)
}

// up goes up for a trial, unless that is next to nothing.
func (f *finder) up(t plane.Trial, says string) string {
	to := f.inTime(t)
	if to < f.Seats+f.Seats/5 {
		f.settle()
		return ""
	}
	f.anew()
	f.Trial, f.Seats = &t, to
	return says
}

// midway is the line in the middle, by ratio, between this one and the one that was
// felt before the cut.
func (f *finder) midway(t plane.Trial) int {
	return int(math.Round(math.Sqrt(float64(f.Seats) * float64(max(t.Felt, f.Seats)))))
}

// inTime is the line at which requests are still well in time, as far as their time
// goes with the seats; half-way to the line that was felt at the most.
func (f *finder) inTime(t plane.Trial) int {
	return min(f.midway(t), int(float64(f.Seats)*math.Pow(ease/max(f.strain(), aim/10), flatter)))
}

// judgeBack looks at what a cut that was taken back in part serves now. It stays so if
// that is more than before, and requests are still well in time. One that makes them
// late again has been gone back from at once.
func (f *finder) judgeBack(t plane.Trial, served float64) string {
	more := math.Pow(float64(f.Seats)/float64(t.From), someGain)
	switch {
	case f.work() < more*t.Less:
		return f.back(t, "it served no more")
	case f.strain() >= ease:
		return f.back(t, fmt.Sprintf("it made requests take %.2g of the time that they may", f.strain()))
	case served < lostWork:
		return f.takeBack(t, fmt.Sprintf("there is still %.0f %% less of the work", 100*(1-served)))
	}
	f.settle()
	return ""
}

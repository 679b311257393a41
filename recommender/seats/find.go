// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// strainedWindows in a row of a strain of 1 or more are too much, and one of
	// farTooLate. A cut aims at aim:
	// what the apiserver measures varies by a third from window to window, and a second
	// cut takes another half a minute. No cut is deeper than deepest.
	strainedWindows = 2
	farTooLate      = 1.5
	aim             = 0.4
	deepest         = 0.03
	// steeper is the power by which seats have to fall for requests to be faster in
	// proportion. On the testbed times fall with the seats to the power of 0.6 to 0.9: what
	// is late is partly so whoever runs beside it.
	steeper = 1.3
	// ease is the strain up to which requests are well in time.
	ease = 0.7
	// guarded is the cut when a guard asks for it.
	guarded = 0.7
	// cooldown is longer than the longest Retry-After that an apiserver gives (32 s;
	// k8s.io/apiserver pkg/util/flowcontrol/dropped_requests_tracker.go): those who
	// were refused come back together.
	cooldown     = 90 * time.Second
	trialWindows = 3
)

// Guard is something that must not be loaded further, in words (memory near its limit,
// etcd without a leader). A mild one keeps the line from being raised, and a hard one
// cuts it. One that excuses is the reason why requests are late, so that they are no reason
// for a cut.
type Guard struct {
	Words         string
	Mild, Excuses bool
}

// Bounds are between what the line may be: the floor of the protected levels (Floor)
// and the ceiling of the flags, each narrowed by the profile. Usable is the line that
// is in force; 0 is the one that is wanted.
type Bounds struct{ Floor, Ceiling, Usable int }

// finder is a Line at work.
type finder struct {
	plane.Line

	bounds Bounds
	load   load
	now    time.Time
}

// Find moves the line by one window of every ready replica. Hard guards cut at once,
// and once for as long as any of them holds. windows are nil while a replica
// is not seen: blind means hold.
//
// It returns what this window says: empty when the line stays for no other reason than
// that all is well. Why of the line is kept from its last move.
func Find(line plane.Line, windows []Window, guards []Guard, bounds Bounds, now time.Time) (found plane.Line, says string) {
	f := finder{Line: line, bounds: bounds, now: now}
	f.within()
	if len(windows) == 0 {
		f.Streaks, f.Trial = plane.Streaks{}, nil
		return f.Line, "held: not every ready replica is seen"
	}
	f.load = weigh(windows, f.Baselines, f.usable())
	for _, r := range f.load.breathless {
		guards = append(slices.Clone(guards), Guard{Words: r + " has used all the CPU that it may, and answers not even the smallest request in time"})
	}
	f.count()
	before := f.Seats
	says = f.move(guards)
	f.learn(windows, guards)
	f.Seats = min(max(f.Seats, bounds.Floor), bounds.Ceiling)
	if f.Seats != before {
		f.Why = says
	}
	f.Outliers = f.load.outliers
	f.Looked = plane.Looked{At: now, Slow: f.load.slow, Strain: f.load.strain, Others: f.load.others, Work: f.load.work, Says: says}
	return f.Line, says
}

// within puts the line inside its bounds, and gives it maps of its own.
func (f *finder) within() {
	if f.Seats == 0 {
		f.Seats = f.bounds.Ceiling
	}
	f.Seats = min(max(f.Seats, f.bounds.Floor), f.bounds.Ceiling)
	if f.Baselines = maps.Clone(f.Baselines); f.Baselines == nil {
		f.Baselines = map[plane.Class]plane.Baseline{}
	}
}

// usable is the line that the load feels.
func (f *finder) usable() int {
	if f.bounds.Usable > 0 {
		return f.bounds.Usable
	}
	return f.Seats
}

// count brings the streaks and the work up to this window.
func (f *finder) count() {
	l := f.load
	f.Streaks.Strained = counted(f.Streaks.Strained, l.late())
	f.Streaks.Others = counted(f.Streaks.Others, l.othersLate() && !l.late())
	f.Streaks.Short = counted(f.Streaks.Short, l.limited && !l.late() && !l.othersLate())
	f.Streaks.Idle = counted(f.Streaks.Idle, l.idle && max(l.strain, l.others) < ease)
	if f.Streaks.Idle >= overWindows {
		f.LetGo = time.Time{}
	}
	f.Works, f.Strains = kept(f.Works, l.work), kept(f.Strains, l.strain)
}

// kept are the last values, with one more.
func kept(values []float64, one float64) []float64 {
	return last(append(slices.Clone(values), one), trialWindows)
}

func last(values []float64, n int) []float64 { return values[max(0, len(values)-n):] }

// counted is how many windows in a row something has been so.
func counted(before int, is bool) int {
	if is {
		return before + 1
	}
	return 0
}

// move is what this window asks for; it returns why.
func (f *finder) move(guards []Guard) string {
	hard := slices.IndexFunc(guards, func(g Guard) bool { return !g.Mild })
	f.Guarded = f.Guarded && hard >= 0
	if hard >= 0 && f.heeds() {
		return f.guard(guards[hard].Words)
	}
	if i := slices.IndexFunc(guards, func(g Guard) bool { return g.Excuses }); i >= 0 {
		f.Trial, f.Rest = nil, f.now.Add(cooldown)
		f.anew()
		return "held: " + guards[i].Words
	}
	if f.Trial != nil {
		if why, judged := f.judge(); !judged || why != "" {
			return why
		}
	}
	switch {
	case f.tooLate() && f.now.Before(f.LetGo):
		return fmt.Sprintf("held: %s, and a lower line did not help", f.late())
	case f.tooLate():
		return f.cut()
	case len(guards) > 0:
		f.Rest = f.now.Add(cooldown)
		return "held: " + guards[0].Words
	default:
		return f.explore()
	}
}

// tooLate tells whether requests have been late for long enough, or far enough.
func (f *finder) tooLate() bool {
	return f.Streaks.Strained >= strainedWindows || f.Streaks.Strained > 0 && f.load.strain >= farTooLate
}

// heeds tells whether a guard is to cut now: once for as long as something must not be
// loaded further, and one that comes and goes not all the time. Where next to nothing
// runs, a lower line would take no load off it.
func (f *finder) heeds() bool {
	return !f.Guarded && !f.now.Before(f.GuardAgain) && f.load.used >= 1
}

// guard cuts, and no more than by half.
func (f *finder) guard(why string) string {
	f.Trial, f.Streaks = nil, plane.Streaks{}
	f.Guarded, f.GuardAgain = true, f.now.Add(cooldown)
	f.Rest = f.now.Add(cooldown)
	f.Seats = min(f.Seats, max(int(guarded*float64(f.felt())), f.Seats/2))
	return fmt.Sprintf("cut to %d seats: %s", f.Seats, why)
}

// cut lowers the line to where requests are well within the time that they may take:
// that goes with the number of them that share what there is.
func (f *finder) cut() string {
	// What was before requests were late is no measure for what the cut brings.
	windows := strainedWindows
	if f.Streaks.Strained == 1 {
		windows = 1
	}
	f.Works, f.Strains = last(f.Works, windows), last(f.Strains, windows)
	why := f.late()
	felt, part := f.felt(), min(max(math.Pow(aim/f.strain(), steeper), deepest), 0.9)
	f.begin(plane.MoveCut, f.work())
	f.Trial.Felt = felt
	f.Seats = max(min(f.Seats, cutTo(felt, f.bounds.Floor, part)), f.bounds.Floor)
	f.Rest, f.Patience = f.now.Add(cooldown), 0
	f.Explore = f.Rest
	return fmt.Sprintf("cut to %d seats: %s", f.Seats, why)
}

// cutTo is the line at which so great a part of the load is left as there was at felt.
// What is kept for the protected levels, however low the line is, is cut from the load
// as a whole: twice the cut would leave next to nothing.
func cutTo(felt, floor int, part float64) int {
	kept := min(floor, felt/2)
	return kept + int(part*float64(felt-kept))
}

// felt is the line at which this load is felt: the one in force, or where that holds
// nobody back, the one that would begin to.
func (f *finder) felt() int {
	if f.load.limited {
		return f.usable()
	}
	return min(f.usable(), int(math.Ceil(f.load.used/limitedUse)))
}

// begin has a move judged by what was served before it.
func (f *finder) begin(m plane.Move, work float64) {
	f.Trial = &plane.Trial{Move: m, From: f.Seats, Work: work, Strain: f.strain()}
	f.anew()
}

// anew has what follows judged by itself.
func (f *finder) anew() { f.Works, f.Strains, f.Streaks = nil, nil, plane.Streaks{} }

// work is what was served in the last windows, and strain how late requests were, on
// average: single windows differ by a third.
func (f *finder) work() float64   { return mean(f.Works) }
func (f *finder) strain() float64 { return mean(f.Strains) }

func mean(values []float64) (mean float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	return mean
}

// learn moves the baselines by what is calm. Of what is late nothing is learnt, unless
// it is known to be no overload; and no measure is changed while a move is judged by
// it.
func (f *finder) learn(windows []Window, guards []Guard) {
	if len(guards) > 0 || f.Trial != nil || (f.load.late() || f.load.othersLate()) && !f.now.Before(f.LetGo) {
		return
	}
	for _, w := range windows {
		w.learn(f.Baselines, w.calm(f.usable()))
	}
}

// late says how slow requests are.
func (f *finder) late() string {
	which := ""
	if f.load.beats {
		which = " of the heartbeats"
	}
	slow := fmt.Sprintf("requests take %.3g times their calm mean", f.load.slow)
	if !f.load.known {
		slow = "how long requests take on a calm day is not known yet"
	}
	return fmt.Sprintf("%s, and the slowest hundredth%s %.2g times as long as the Kubernetes SLO allows", slow, which, f.strain())
}

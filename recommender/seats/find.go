// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats

import (
	"fmt"
	"maps"
	"math"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// tooSlow is from which slowness on there is too much at once, for tooSlowWindows
	// in a row, and uneasy from which on there is at a line that is used up, for
	// uneasyWindows. A cut aims at pace; below room there is room for more.
	tooSlow, tooSlowWindows = 1.5, 2
	uneasy, uneasyWindows   = 1.22, 4
	pace                    = 1.15
	room, calmWindows       = 1.10, 3
	// deepest bounds one cut, and guarded is the cut when a guard asks for it.
	deepest, guarded = 0.5, 0.7
	// cooldown is longer than the longest Retry-After that an apiserver gives (32 s;
	// k8s.io/apiserver pkg/util/flowcontrol/dropped_requests_tracker.go): those who
	// were refused come back together.
	cooldown = 90 * time.Second
	// From wary times the line of the last cut on the way back up is in careful steps,
	// in parts of the line, and not before patience, which doubles with every cut.
	wary, careful          = 0.9, 0.03
	patience, mostPatience = 5 * time.Minute, time.Hour
	// trialWindows after a cut it is judged: it did not help when the work done fell
	// by more than a tenth and requests are no faster.
	trialWindows = 2
	letGoFor     = time.Hour
	lostWork     = 0.9
	noFasterThan = 0.95
)

// Finder is what is kept from one window to the next. Its zero value begins at the
// ceiling.
type Finder struct {
	Line      int
	Baselines map[Class]plane.Baseline
	Streaks   Streaks
	// Rest is until when the line is left where it is.
	Rest time.Time
	// Knee is the line at which the last cut was made, and Careful until when it is not
	// gone back to; Patience is how long that is.
	Knee     int
	Careful  time.Time
	Patience time.Duration
	// Trial is the last cut while it is judged.
	Trial *Trial
	// LetGo is until when slowness cuts nothing: the last cut did not help.
	LetGo time.Time
}

// Streaks count windows in a row: Slow and Uneasy those that asked for less, Calm those
// that asked for more.
type Streaks struct{ Slow, Uneasy, Calm int }

// Trial is a cut that has yet to show that it helped.
type Trial struct {
	From       int
	Work, Slow float64
	Windows    int
}

// Found is where the line is to be, and why.
type Found struct {
	Line int
	// Why is empty when the line stays for no other reason than that all is well.
	Why      string
	Outliers []string
}

// Bounds are between what the line may be: the floor of the protected levels (Floor)
// and the ceiling of the flags, each narrowed by the profile.
type Bounds struct{ Floor, Ceiling int }

// Find moves the line by one window of every ready replica. guards say what must not
// be loaded further, in words (memory near its limit, etcd without a leader); they cut
// at once. windows are nil while a replica is not seen: blind means hold.
func (f Finder) Find(windows []Window, guards []string, bounds Bounds, now time.Time) (Finder, Found) {
	f = f.within(bounds)
	if len(windows) == 0 {
		f.Streaks = Streaks{}
		return f, Found{Line: f.Line, Why: "held: not every ready replica is seen"}
	}
	l := weigh(windows, f.Baselines, f.Line)
	var why string
	switch {
	case len(guards) > 0:
		why = f.guard(guards, l, now)
	case f.Trial != nil:
		why = f.judge(l, now)
	default:
		why = f.follow(l, now)
	}
	if len(guards) == 0 && (l.slow <= tooSlow || now.Before(f.LetGo)) {
		// Of what is slow nothing is learnt, unless it is known to be no overload.
		for _, w := range windows {
			w.learn(f.Baselines, f.Line)
		}
	}
	f.Line = min(max(f.Line, bounds.Floor), bounds.Ceiling)
	return f, Found{Line: f.Line, Why: why, Outliers: l.outliers}
}

// within is the finder with a line inside its bounds, and maps of its own.
func (f Finder) within(b Bounds) Finder {
	if f.Line == 0 {
		f.Line = b.Ceiling
	}
	f.Line = min(max(f.Line, b.Floor), b.Ceiling)
	if f.Baselines = maps.Clone(f.Baselines); f.Baselines == nil {
		f.Baselines = map[Class]plane.Baseline{}
	}
	return f
}

func (f *Finder) guard(guards []string, l load, now time.Time) string {
	f.Trial, f.Streaks = nil, Streaks{}
	if now.Before(f.Rest) {
		return "held: " + guards[0] + ", and the last cut is still to show"
	}
	return f.cut(l, guarded, now) + guards[0]
}

// judge looks at what became of a cut.
func (f *Finder) judge(l load, now time.Time) string {
	t := *f.Trial
	if t.Windows++; t.Windows < trialWindows {
		f.Trial = &t
		return "held: a cut is still to show"
	}
	f.Trial = nil
	if l.slow == 0 || l.work >= lostWork*t.Work || l.slow < noFasterThan*t.Slow {
		return fmt.Sprintf("kept: requests take %.3g times their calm mean, before the cut %.3g", l.slow, t.Slow)
	}
	f.Line, f.LetGo, f.Knee = t.From, now.Add(letGoFor), 0
	return fmt.Sprintf("back at %d: the cut took %.0f %% of the work and requests became no faster, so it is not the load that slows them",
		t.From, 100*(1-l.work/t.Work))
}

// follow cuts where requests have been slow, and raises where there is room and need.
func (f *Finder) follow(l load, now time.Time) string {
	f.Streaks.count(l)
	if now.Before(f.Rest) {
		return "held: clients that were refused have yet to come back"
	}
	switch {
	case f.Streaks.tooMuch() && now.Before(f.LetGo):
		return fmt.Sprintf("held: requests take %.3g times their calm mean, and a lower line did not help", l.slow)
	case f.Streaks.tooMuch():
		f.Trial = &Trial{From: f.Line, Work: l.work, Slow: l.slow}
		return f.cut(l, min(max(pace/l.slow, deepest), 0.95), now) + fmt.Sprintf("requests take %.3g times their calm mean", l.slow)
	case f.Streaks.Calm >= calmWindows:
		return f.raise(l, now)
	default:
		return ""
	}
}

// tooMuch tells whether requests have been slow for long enough.
func (s Streaks) tooMuch() bool { return s.Slow >= tooSlowWindows || s.Uneasy >= uneasyWindows }

func (s *Streaks) count(l load) {
	s.Slow = counted(s.Slow, l.slow > tooSlow)
	s.Uneasy = counted(s.Uneasy, l.slow > uneasy && l.limited)
	s.Calm = counted(s.Calm, l.slow > 0 && l.slow < room && l.limited)
}

// counted is how many windows in a row something has been so.
func counted(before int, is bool) int {
	if is {
		return before + 1
	}
	return 0
}

// cut cuts the line that is felt, no further above what is in use than what counts as
// limited, and returns how the reason for it begins.
func (f *Finder) cut(l load, factor float64, now time.Time) string {
	from := int(min(float64(f.Line), math.Ceil(l.used/limitedUse)))
	f.Knee, f.Line = from, int(float64(from)*factor)
	f.Patience = min(max(2*f.Patience, patience), mostPatience)
	f.Careful, f.Rest = now.Add(f.Patience), now.Add(cooldown)
	f.Streaks = Streaks{}
	return fmt.Sprintf("cut to %d from %d seats in use: ", f.Line, from)
}

// raise goes up by the square root of the line, but no further than the pace allows,
// and where a cut was made in small steps and not before its time.
func (f *Finder) raise(l load, now time.Time) string {
	step := min(math.Sqrt(float64(f.Line)), float64(f.Line)*(pace/l.slow-1))
	switch {
	case f.Line > f.Knee:
		f.Knee, f.Patience = 0, 0 // it carries more than it did
	case float64(f.Line)+step <= wary*float64(f.Knee):
	case now.Before(f.Careful):
		return fmt.Sprintf("held: at %d seats it was too much, and that is not long ago", f.Knee)
	default:
		step = min(step, careful*float64(f.Line))
	}
	f.Streaks.Calm = 0
	from := f.Line
	f.Line += int(math.Ceil(step))
	return fmt.Sprintf("raised from %d to %d: seats are short and requests take %.3g times their calm mean", from, f.Line, l.slow)
}

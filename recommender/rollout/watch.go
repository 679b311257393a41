// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// startsWithin is how long a pod that starts anew may not be ready: an apiserver of a
	// large tenant reads its whole cache first.
	startsWithin = 3 * time.Minute
	// grown is how many times what any had before a pod's memory must be to be a leak,
	// leaks by what part it must grow in an interval, and fills within which time it would
	// have used what it may: twice what any had before where it has no limit.
	grown, leaks, fills = 1.2, 0.05, 10 * time.Minute
	// movedWithin is how long after an order another leader is put down to it.
	movedWithin = 30 * time.Second
)

// Was is how a subject was when a step began.
type Was struct {
	Component sizing.Component
	Restarts  int
	Memory    float64
}

// touches tells whether a subject is what a step touches, or what came in its place.
func (u *Under) touches(s Subject) bool {
	if s.UID == u.Step.UID {
		return true
	}
	_, was := u.Before[s.UID]
	return !was && s.Component == u.Step.Component && u.Step.renews()
}

// name is what is touched, in words.
func (u *Under) name() string {
	if u.Step.renews() {
		return "what came in the place of " + u.Step.Pod
	}
	return u.Step.Pod
}

// renews tells whether another pod takes the place of the one that is touched.
func (s Step) renews() bool { return s.Kind == Replace || s.Kind == Roll }

// starts tells whether what is touched starts anew.
func (s Step) starts() bool { return s.renews() || s.Kind == Restart }

// judge says what is worse since the step under way began. working is whether what it
// touches is busy with it, and need answer nobody.
func (s State) judge(seen Seen, working bool, now time.Time) (bad []Bad) {
	u, blind := s.Under, s.Under.blind(seen, now)
	since := func(o Subject) bool { return o.At.After(u.Began) }
	bad = s.Usual.worse(s.Recent.of(func(o Subject) bool { return since(o) && u.touches(o) }), u.name())
	rest := s.Usual.worse(s.Recent.of(func(o Subject) bool { return since(o) && !u.touches(o) }), "the others")
	if together := s.Usual.worse(s.Recent.of(since), "all together"); len(together) > 0 && (len(bad) == 0 || len(rest) > 0) {
		bad = together
	}
	for _, one := range seen.Subjects {
		if u.touches(one) {
			bad = append(bad, u.pod(one, blind || working, working, now)...)
		}
		if b, is := u.lostLeader(one, seen, now); is {
			bad = append(bad, b)
		}
		if one.Killed.After(u.Began) && one.Component == u.Step.Component {
			bad = append(bad, Bad{Signal: Killed, Words: one.Pod + " was killed for memory", Certain: true})
		}
	}
	return bad
}

// pod says what is wrong with a pod that the step touches. blind is whether none of its
// component is seen: then it is no fault of this one.
func (u *Under) pod(one Subject, blind, working bool, now time.Time) (bad []Bad) {
	add := func(signal Signal, certain bool, format string, args ...any) {
		bad = append(bad, Bad{Signal: signal, Words: one.Pod + " " + fmt.Sprintf(format, args...), Certain: certain})
	}
	was, old := u.Before[one.UID]
	allowed := 0
	if u.Step.Kind == Restart {
		allowed = 1
	}
	if n := one.Restarts - was.Restarts; n > allowed {
		add(Restarted, true, "has restarted %d times since", n)
	}
	leaving := one.Ending || old && u.Step.renews() // it is on its way out
	if why := u.unready(one, now); why != "" && !leaving && !working {
		add(Readiness, false, "%s", why)
	}
	_, ready := u.WasReady[one.UID]
	// Silent for as long as anything must be worse, and then for as long again: what is not
	// seen is told within two intervals from its last word.
	if !leaving && one.Ready && now.Sub(one.At) >= patience && ready && !blind {
		add(Unseen, false, "tells nothing since")
	}
	if m := u.leak(one, now); m != "" {
		add(Leak, false, "%s", m)
	}
	return bad
}

// unready says since when a pod is not ready that should be by now; empty otherwise.
func (u *Under) unready(one Subject, now time.Time) string {
	_, ready := u.WasReady[one.UID]
	from := u.Began
	if first, met := u.First[one.UID]; met {
		from = first
	}
	switch {
	case one.Ready:
	case ready:
		return "was ready, and is not"
	case u.Step.Kind == Defragment: // it has yet to be asked again whether it is ready
	case !u.Step.starts(), now.Sub(from) > startsWithin:
		return "is not ready since"
	}
	return ""
}

// leak says that a pod's memory grows as it did not before. A process that has just
// started grows to what the one before it had.
func (u *Under) leak(one Subject, now time.Time) string {
	took, most := u.Memory[one.UID], 0.0
	if len(took) == 0 {
		return ""
	}
	from := took[0]
	for _, was := range u.Before {
		if was.Component == one.Component {
			most = max(most, was.Memory)
		}
	}
	since := now.Sub(from.At).Seconds()
	rate := (one.Memory - from.Bytes) / max(since, 1)
	may := one.Most
	if may == 0 {
		may = 2 * most
	}
	if most == 0 || one.Memory < grown*most || rate*Interval.Seconds() < leaks*one.Memory || one.Memory+rate*fills.Seconds() < may {
		return ""
	}
	return fmt.Sprintf("takes %.0f MiB, no other took more than %.0f before, and it grows by %.1f MiB a second", one.Memory/(1<<20), most/(1<<20), rate/(1<<20))
}

// lostLeader says that etcd has changed its leader, or lost it, and nobody ordered that.
func (u *Under) lostLeader(one Subject, seen Seen, now time.Time) (Bad, bool) {
	ordered := u.Step.Kind == MoveLeader && now.Sub(u.Began) < movedWithin || now.Sub(seen.LeaderMoved) < movedWithin
	if u.Step.Component != sizing.Etcd || one.LeaderChanges <= 0 || !one.At.After(u.Began) || ordered {
		return Bad{}, false
	}
	return Bad{Signal: LeaderLost, Words: "etcd has changed its leader, which nobody ordered", Certain: true}, true
}

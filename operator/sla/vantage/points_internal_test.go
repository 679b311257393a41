// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package vantage

import (
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sla"
)

var (
	morning = time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	acme    = types.NamespacedName{Namespace: "tenant-acme", Name: "acme"}
)

// said is what another vantage point has written, by its own clock.
func said(renewed time.Time, more func(*v1alpha1.VantagePoint)) []v1alpha1.VantagePoint {
	v := v1alpha1.VantagePoint{Renewed: &metav1.MicroTime{Time: renewed}, ControlPlanes: 2}
	v.Name = "other"
	if more != nil {
		more(&v)
	}
	return []v1alpha1.VantagePoint{v}
}

func down(at time.Time) func(*v1alpha1.VantagePoint) {
	return func(v *v1alpha1.VantagePoint) {
		v.Down = []v1alpha1.SeenDown{{Namespace: acme.Namespace, Name: acme.Name, At: metav1.MicroTime{Time: at}, Why: "nobody answers"}}
	}
}

// What the other says is as old as its renewal, by the clock of whoever hears it: the other's
// may be hours ahead or behind.
func TestWhatOthersSay(t *testing.T) {
	const earlier = 4 * time.Second
	for name, clock := range map[string]time.Duration{"clocks agree": 0, "its clock is ahead": 3 * time.Hour, "its clock is behind": -3 * time.Hour} {
		for what, c := range map[string]struct {
			says func(renewed time.Time) func(*v1alpha1.VantagePoint)
			want sla.Look
		}{
			"up": {
				func(time.Time) func(*v1alpha1.VantagePoint) { return nil },
				sla.Look{Point: "other", Verdict: sla.Up, At: morning.Add(2*time.Second - asOf)},
			},
			"down": {
				func(renewed time.Time) func(*v1alpha1.VantagePoint) { return down(renewed.Add(-earlier)) },
				sla.Look{Point: "other", Verdict: sla.Down, At: morning.Add(2*time.Second - earlier), Why: "nobody answers"},
			},
			"blind": {
				func(time.Time) func(*v1alpha1.VantagePoint) {
					return func(v *v1alpha1.VantagePoint) {
						v.Blind = []v1alpha1.SeenNothing{{Namespace: acme.Namespace, Name: acme.Name}}
					}
				},
				sla.Look{Point: "other", Verdict: sla.Blind, At: morning.Add(2 * time.Second)},
			},
			"looks at fewer": {
				func(time.Time) func(*v1alpha1.VantagePoint) {
					return func(v *v1alpha1.VantagePoint) { v.ControlPlanes = 1 }
				},
				sla.Look{Point: "other", Verdict: sla.Blind, At: morning.Add(2 * time.Second)},
			},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				p := &Points{Self: "self", planes: 2}
				theirs := morning.Add(clock)
				p.hear(said(theirs, nil), morning)
				if looks := p.Others(acme); len(looks) != 0 {
					t.Fatalf("what was there before anybody listened is heard as if it were new: %+v", looks)
				}
				theirs = theirs.Add(2 * time.Second)
				p.hear(said(theirs, c.says(theirs)), morning.Add(2*time.Second))
				looks := p.Others(acme)
				if len(looks) != 1 || looks[0] != c.want {
					t.Fatalf("the other says %+v; want %+v", looks, c.want)
				}
				// It says nothing new: that does not become younger.
				p.hear(said(theirs, c.says(theirs)), morning.Add(time.Minute))
				if looks := p.Others(acme); len(looks) != 1 || looks[0] != c.want {
					t.Fatalf("a minute later the other is heard to say %+v; want %+v", looks, c.want)
				}
			})
		}
	}
}

// Who led last is taken from what is written, but not from the future, nor from what this one
// writes in this life.
func TestWhoLedLast(t *testing.T) {
	leading := func(v *v1alpha1.VantagePoint) { v.Leading = true }
	p := &Points{Self: "self"}
	if _, heard := p.Led(acme); heard {
		t.Fatal("somebody is heard before anybody was asked")
	}
	own := said(morning.Add(-time.Minute), leading)
	own[0].Name = "self"
	ahead := said(morning.Add(time.Hour), leading)
	ahead[0].Name = "ahead"
	p.hear(append(append(said(morning.Add(-time.Hour), leading), own...), ahead...), morning)
	if at, heard := p.Led(acme); !heard || !at.Equal(morning.Add(-time.Minute)) {
		t.Fatalf("led last at %v, heard %v; want a minute ago, by this one in its life before", at, heard)
	}
	own[0].Renewed = &metav1.MicroTime{Time: morning}
	p.hear(own, morning.Add(time.Second))
	if at, _ := p.Led(acme); !at.Equal(morning.Add(-time.Minute)) {
		t.Fatalf("led last at %v; what this one does now is not what was before", at)
	}
}

// A rival is another candidate that is heard to live, or may yet be: not a prober, nor one
// that is gone.
func TestWhoIsARival(t *testing.T) {
	candidate := func(v *v1alpha1.VantagePoint) { v.Candidate = true }
	const tooLong = time.Hour
	for name, c := range map[string]struct {
		more    func(*v1alpha1.VantagePoint)
		renewed time.Duration // after the first time it is heard
		ago     time.Duration // of the renewal it is first heard of
		age     time.Duration
		want    bool
	}{
		"one that lives":                       {more: candidate, renewed: 10 * time.Second, age: 12 * time.Second, want: true},
		"one whose clock is behind, and lives": {more: candidate, ago: tooLong, renewed: 10 * time.Second, age: 12 * time.Second, want: true},
		"one that may be renewed yet":          {more: candidate, age: 5 * time.Second, want: true},
		"one that should have been by now":     {more: candidate, age: renewsWithin},
		"one of a pod that is long gone":       {more: candidate, ago: tooLong, age: 5 * time.Second},
		"one that fell silent":                 {more: candidate, renewed: time.Second, age: 2 * sla.Alive},
		"a prober":                             {renewed: 10 * time.Second, age: 12 * time.Second},
		"a prober, not renewed yet":            {age: 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Points{Self: "self"}
			if !p.Rival(morning, 0) {
				t.Fatal("it has no rival, and has not asked yet")
			}
			p.hear(said(morning.Add(-c.ago), c.more), morning)
			if c.renewed > 0 {
				p.hear(said(morning.Add(-c.ago+c.renewed), c.more), morning.Add(c.renewed))
			}
			if got := p.Rival(morning.Add(c.age), c.age); got != c.want {
				t.Errorf("a rival: %v; want %v", got, c.want)
			}
		})
	}
}

// Of a control plane whose ledger lacks something whoever led is believed until it last did
// not, however long that goes on; of the others until it was last seen to lead.
func TestWhatALeaderHasNotWritten(t *testing.T) {
	other := types.NamespacedName{Namespace: "tenant-globex", Name: "globex"}
	leads := func(unwritten bool) func(*v1alpha1.VantagePoint) {
		return func(v *v1alpha1.VantagePoint) {
			if v.Leading = true; unwritten {
				v.Unwritten = named([]types.NamespacedName{acme})
			}
		}
	}
	p := &Points{Self: "self"}
	for i, c := range []struct {
		unwritten bool
		acme      time.Duration // after the first; less than nothing is never
	}{
		{true, -1}, // nobody has heard it say that it was
		{false, time.Minute},
		{true, time.Minute},
		{true, time.Minute},
		{false, 4 * time.Minute},
		{true, 4 * time.Minute},
	} {
		now := morning.Add(time.Duration(i) * time.Minute)
		p.hear(said(now, leads(c.unwritten)), now)
		want := morning.Add(c.acme)
		if c.acme < 0 {
			want = time.Time{}
		}
		if at, _ := p.Led(acme); !at.Equal(want) {
			t.Errorf("minute %d: of acme it is believed until %v; want %v", i, at, want)
		}
		if at, _ := p.Led(other); !at.Equal(now) {
			t.Errorf("minute %d: of others it is believed until %v; want %v", i, at, now)
		}
	}
}

// One that has more to name than it may is not believed at all.
func TestMoreThanCanBeNamed(t *testing.T) {
	leading := make(chan struct{})
	close(leading)
	keys := func(n int) func(time.Time) []types.NamespacedName {
		return func(time.Time) []types.NamespacedName {
			all := make([]types.NamespacedName, n)
			for i := range all {
				all[i] = types.NamespacedName{Namespace: "tenants", Name: strconv.Itoa(i)}
			}
			return all
		}
	}
	for n, leads := range map[int]bool{0: true, mostSeen: true, mostSeen + 1: false} {
		p := &Points{Self: "self", Leading: leading, Unwritten: keys(n), Seen: func() map[types.NamespacedName]sla.Look { return nil }}
		if v := p.point(morning); v.Leading != leads || len(v.Unwritten) != min(n, mostSeen) {
			t.Errorf("%d unwritten: leading %v, and %d of them named", n, v.Leading, len(v.Unwritten))
		}
	}
}

// Who has nothing to look at is not blind: of a fleet that sleeps at night nobody is to be called
// for the way there. Of those that are awake one must be seen.
func TestAFleetThatSleeps(t *testing.T) {
	awake := sla.Look{Verdict: sla.Up, At: morning}
	blind, asleep := sla.Look{Verdict: sla.Blind, At: morning}, sla.Look{Verdict: sla.Blind, At: morning, Asleep: true}
	for name, c := range map[string]struct {
		looks []sla.Look
		other func(*v1alpha1.VantagePoint)
		want  int
	}{
		"nothing to look at":            {nil, func(v *v1alpha1.VantagePoint) { v.ControlPlanes = 0 }, 2},
		"all asleep":                    {[]sla.Look{asleep, asleep}, func(v *v1alpha1.VantagePoint) { v.AsleepCount = 2 }, 2},
		"one is awake and seen":         {[]sla.Look{asleep, awake}, func(v *v1alpha1.VantagePoint) { v.AsleepCount = 1 }, 2},
		"one is awake and not seen":     {[]sla.Look{asleep, blind}, func(v *v1alpha1.VantagePoint) { v.AsleepCount, v.BlindCount = 1, 1 }, 0},
		"the other does not see at all": {[]sla.Look{awake, blind}, func(v *v1alpha1.VantagePoint) { v.BlindCount = 2 }, 1},
	} {
		p := &Points{Self: "self", Seen: func() map[types.NamespacedName]sla.Look {
			all := map[types.NamespacedName]sla.Look{}
			for i, l := range c.looks {
				all[types.NamespacedName{Namespace: acme.Namespace, Name: strconv.Itoa(i)}] = l
			}
			return all
		}}
		p.hear(said(morning, c.other), morning)
		p.hear(said(morning.Add(time.Second), c.other), morning.Add(time.Second))
		if got := p.Alive(morning.Add(2 * time.Second)); got != c.want {
			t.Errorf("%s: %d see, not %d", name, got, c.want)
		}
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/evenkeel/recommender/replicas"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// plane is a control plane whose load is shared by all its replicas.
type controlPlane struct {
	seen   replicas.Seen
	bounds replicas.Bounds
	memory replicas.Memory
	now    time.Time
	// tick is the time between two looks.
	tick time.Duration
	got  replicas.Decision
	// moves are the changes of the floor, as in "12:00:10 3->4".
	moves []string
}

// of is a control plane of n replicas of 2 cores and 100 seats each.
func of(n int, b replicas.Bounds) *controlPlane {
	p := &controlPlane{bounds: b, now: noon, tick: 5 * time.Second, seen: replicas.Seen{Floor: n, Zones: max(b.Zones, 1)}}
	p.run(n)
	return p
}

// run has n replicas run.
func (p *controlPlane) run(n int) {
	for i := len(p.seen.Replicas); i < n; i++ {
		name := fmt.Sprintf("kas-%d", i)
		p.seen.Replicas = append(p.seen.Replicas, replicas.Replica{
			Name: name, ID: name, Zone: string(rune('a' + i%3)), Ready: true, Line: 100, Bound: 2,
		})
	}
	p.seen.Replicas = p.seen.Replicas[:n]
}

// loaded shares seats and cores over the replicas.
func (p *controlPlane) loaded(seats, cpu float64) {
	n := float64(len(p.seen.Replicas))
	for i := range p.seen.Replicas {
		r := &p.seen.Replicas[i]
		r.Demand, r.Busy, r.CPU = seats/n, seats/n, cpu/n
	}
}

// look is one look.
func (p *controlPlane) look() {
	p.now = p.now.Add(p.tick)
	p.got, p.memory = replicas.Decide(p.seen, p.bounds, p.memory, p.now)
	if p.got.Floor != p.got.From && p.got.From != 0 {
		p.moves = append(p.moves, fmt.Sprintf("%s %d->%d", p.now.Format("15:04:05"), p.got.From, p.got.Floor))
	}
}

// obeyed is a look after which as many replicas run as the floor says.
func (p *controlPlane) obeyed() {
	p.look()
	if p.got.Floor > 0 {
		p.seen.Floor = p.got.Floor
		p.run(p.got.Floor)
	}
}

func (p *controlPlane) looks(length time.Duration) {
	for end := p.now.Add(length); p.now.Before(end); {
		p.look()
	}
}

func wide() replicas.Bounds { return replicas.Bounds{Min: 3, Max: 9} }

func zonal() replicas.Bounds { return replicas.Bounds{Min: 3, Max: 9, Zones: 3, ByZone: true} }

// What the load asks for, and what stands against it.
func TestTheFloor(t *testing.T) {
	for name, c := range map[string]struct {
		bounds     replicas.Bounds
		replicas   int
		seats, cpu float64
		change     func(p *controlPlane)
		floor      int
		reason     replicas.Reason
		says       string
	}{
		"what runs is enough":                  {wide(), 3, 100, 2, nil, 3, replicas.Enough, ""},
		"CPU of 4.3 needs 4 of 2 at 0.7":       {wide(), 3, 100, 4.3, nil, 4, replicas.Enough, ""},
		"seats of 250 need 4 of 100 at 0.7":    {wide(), 3, 250, 2, nil, 4, replicas.Enough, ""},
		"a zone lost":                          {replicas.Bounds{Min: 3, Max: 9, Zones: 3}, 3, 100, 4, nil, 5, replicas.Enough, ""},
		"in whole zones":                       {zonal(), 3, 100, 4, nil, 6, replicas.Enough, ""},
		"one replica lost, of two":             {replicas.Bounds{Min: 2, Max: 9}, 2, 100, 2, nil, 3, replicas.Enough, ""},
		"a single one that is enough":          {replicas.Bounds{Min: 1, Max: 9}, 1, 50, 1, nil, 1, replicas.Enough, ""},
		"more than are allowed":                {wide(), 3, 100, 40, nil, 9, replicas.AtMax, "9 replicas are allowed, and do not carry what is due"},
		"no most":                              {replicas.Bounds{Min: 3}, 3, 100, 40, nil, 0, replicas.Unbounded, ""},
		"a most below none":                    {replicas.Bounds{Min: 3, Max: -2}, 3, 100, 40, nil, 0, replicas.Unbounded, ""},
		"the least above the most":             {replicas.Bounds{Min: 7, Max: 5}, 3, 100, 2, nil, 5, replicas.Enough, "the least of 7 replicas is more than the most of 5: the most counts"},
		"fewer at the most than zones":         {replicas.Bounds{Min: 1, Max: 2, Zones: 3, ByZone: true}, 2, 80, 1, nil, 2, replicas.Enough, "2 replicas at the most are fewer than 3 zones: they are not counted by zone"},
		"a most that is no multiple of zones":  {replicas.Bounds{Min: 2, Max: 8, Zones: 3, ByZone: true}, 3, 100, 40, nil, 6, replicas.AtMax, "6 replicas are allowed"},
		"no multiple of zones in between":      {replicas.Bounds{Min: 4, Max: 5, Zones: 3, ByZone: true}, 4, 100, 2, nil, 4, replicas.Enough, "no multiple of 3 zones lies within 4 to 5 replicas: they are not counted by zone"},
		"one zone seen of three":               {zonal(), 3, 100, 4, func(p *controlPlane) { p.seen.Zones = 1 }, 6, replicas.Enough, "3 zones are asked for and 1 seen: more replicas are no more zones"},
		"two zones seen of three":              {zonal(), 3, 100, 4, func(p *controlPlane) { p.seen.Zones = 2 }, 6, replicas.Enough, "3 zones are asked for and 2 seen"},
		"no CPU known":                         {wide(), 3, 250, 0, nil, 4, replicas.Enough, "it goes by seats alone"},
		"no bound of CPU known":                {wide(), 3, 100, 40, each(func(r *replicas.Replica) { r.Bound = 0 }), 3, replicas.Enough, "it goes by seats alone"},
		"zero lines":                           {wide(), 3, 250, 4.3, each(func(r *replicas.Replica) { r.Line = 0 }), 4, replicas.Enough, "it goes by CPU alone"},
		"numbers that are none":                {wide(), 3, 250, 4.3, each(func(r *replicas.Replica) { r.CPU, r.Demand, r.Line, r.Bound = math.NaN(), -5, math.Inf(1), math.NaN() }), 3, replicas.Enough, "the load line is not known"},
		"blind":                                {wide(), 3, 250, 40, func(p *controlPlane) { p.seen.Blind = "kas-1: no answer" }, 0, replicas.Blind, "kas-1: no answer"},
		"a slow log":                           {wide(), 3, 100, 10, func(p *controlPlane) { p.seen.Etcd = "etcd-0: fsyncs take long" }, 3, replicas.EtcdIsShort, "etcd is what is short: etcd-0: fsyncs take long"},
		"etcd carries no more seats":           {wide(), 3, 250, 2, func(p *controlPlane) { p.seen.Carries = 300 }, 3, replicas.EtcdIsShort, "etcd carries 300 seats of all replicas together, however many they are, and 250 are due"},
		"etcd carries no more seats, CPU does": {wide(), 3, 250, 4.3, func(p *controlPlane) { p.seen.Carries = 300 }, 4, replicas.EtcdIsShort, "etcd carries 300 seats"},
		"lines that etcd would press too far": {wide(), 3, 100, 10, func(p *controlPlane) { p.seen.Carries, p.seen.Least = 200, 30 }, 3, replicas.EtcdIsShort,
			"etcd carries 200 seats: each of 8 replicas would have 25, and needs 30 for the protected levels"},
		"somebody is judged": {wide(), 3, 100, 10, func(p *controlPlane) { p.seen.Offender = "agent is being judged" }, 3, replicas.Offender, "agent is being judged"},
		"one client": {wide(), 3, 0, 0, fullFirst(func(r *replicas.Replica) { r.Client, r.Share = "list pods of agent", 0.8 }), 3, replicas.OneClient,
			"list pods of agent holds 80 % of the seats that are held of kas-0, and the others are half empty: a client stays on one replica"},
		"the load sticks": {wide(), 3, 0, 0, fullFirst(nil), 3, replicas.LoadSticks,
			"kas-0 is 500 % full and the others 20 % on average: connections stay where they are, and another replica would get nothing"},
		"one client that watches": {wide(), 3, 0, 0, fullFirst(func(r *replicas.Replica) { r.WatchBytes = 9e6 }), 3, replicas.LoadSticks,
			"kas-0 sends 9.0 MB/s to watches, the others 0.0 on average, and its requests are no more than theirs: one client that watches would stay there"},
		"many clients of one that watches much": {wide(), 3, 0, 0, fullFirst(func(r *replicas.Replica) { r.WatchBytes, r.Seconds = 9e6, 50 }), 3, replicas.LoadSticks,
			"connections stay where they are"},
		"the others are busy too": {wide(), 3, 0, 0, func(p *controlPlane) {
			fullFirst(nil)(p)
			p.seen.Replicas[1].Demand = 60
		}, 9, replicas.Enough, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := of(c.replicas, c.bounds)
			p.loaded(c.seats, c.cpu)
			if c.change != nil {
				c.change(p)
			}
			p.looks(time.Minute)
			said := strings.Join(append(p.got.Notes, p.got.Words), "; ")
			if p.got.Floor != c.floor || p.got.Reason != c.reason || !strings.Contains(said, c.says) {
				t.Errorf("the floor is %d (%s: %s), want %d (%s: %s)", p.got.Floor, p.got.Reason, said, c.floor, c.reason, c.says)
			}
		})
	}
}

// each changes every replica.
func each(change func(r *replicas.Replica)) func(p *controlPlane) {
	return func(p *controlPlane) {
		for i := range p.seen.Replicas {
			change(&p.seen.Replicas[i])
		}
	}
}

// fullFirst has five times the line asked of the first replica, and a fifth of the others.
func fullFirst(change func(r *replicas.Replica)) func(p *controlPlane) {
	return func(p *controlPlane) {
		for i := range p.seen.Replicas {
			p.seen.Replicas[i].Demand, p.seen.Replicas[i].Seconds = 20, 10
		}
		p.seen.Replicas[0].Demand = 500
		if change != nil {
			change(&p.seen.Replicas[0])
		}
	}
}

// More than is allowed for a moment raises nothing; what stays does after 10 s, to what was
// needed all the while.
func TestRaisedWhenItStays(t *testing.T) {
	p := of(3, wide())
	p.loaded(100, 2)
	p.looks(time.Minute)
	for range 4 { // two pages of four are noise
		p.loaded(100, 12)
		p.look()
		p.look()
		p.loaded(100, 2)
		p.look()
		p.look()
	}
	if len(p.moves) != 0 {
		t.Errorf("noise moved the floor: %v", p.moves)
	}
	p.looks(time.Minute)
	at := p.now
	p.loaded(100, 5.3)
	p.looks(20 * time.Second)
	if want := fmt.Sprintf("[%s 3->4]", at.Add(20*time.Second).Format("15:04:05")); fmt.Sprint(p.moves) != want {
		t.Errorf("the floor moved %v, want %s", p.moves, want)
	}
}

// What is needed for a moment at the end of the ten seconds is not what was there all the
// while.
func TestRaisedToWhatWasThereAllTheWhile(t *testing.T) {
	p := of(3, wide())
	p.loaded(100, 2)
	p.looks(time.Minute)
	for _, cpu := range []float64{5.3, 5.3, 12, 12} {
		p.loaded(100, cpu)
		p.look()
	}
	if got, want := fmt.Sprint(p.moves), "[12:01:20 3->4]"; got != want {
		t.Errorf("the floor moved %s, want %s", got, want)
	}
}

// A ramp is looked ahead along, a step is not, and neither by more than as much again.
func TestLooksAhead(t *testing.T) {
	p := of(3, wide())
	for i := range 60 { // 20 % of the first value each minute
		p.loaded(60, 2*(1+float64(i)/60))
		p.look()
	}
	if got := p.got.Numbers.CPU; math.Abs(got.Due-got.Now-0.8) > 0.1 {
		t.Errorf("of a ramp by 0.4 cores each minute %.2f is due of %.2f, want 0.8 more", got.Due, got.Now)
	}
	p = of(3, wide())
	p.loaded(60, 1)
	p.looks(3 * time.Minute)
	p.loaded(60, 4)
	for range 36 {
		p.look()
		if got := p.got.Numbers.CPU; got.Due > got.Now {
			t.Fatalf("a step to 4 is taken for a ramp: %.2f is due of %.2f", got.Due, got.Now)
		}
	}
	p = of(3, wide())
	for i := range 60 {
		p.loaded(60, 0.01*math.Pow(2, float64(i)/6)) // twice as much each half minute
		p.look()
		if got := p.got.Numbers.CPU; got.Due > 2*got.Now {
			t.Fatalf("%.2f is due of %.2f", got.Due, got.Now)
		}
	}
}

// Fewer that do for half an hour are taken away one by one, or one of each zone.
func TestLowered(t *testing.T) {
	for name, c := range map[string]struct {
		bounds replicas.Bounds
		want   string
	}{
		"one by one":   {wide(), "[12:30:05 7->6 12:35:05 6->5 12:40:05 5->4 12:45:05 4->3]"},
		"zone by zone": {replicas.Bounds{Min: 3, Max: 12, Zones: 3, ByZone: true}, "[12:30:05 9->6 12:35:05 6->3]"},
	} {
		n := 7
		if c.bounds.ByZone {
			n = 9
		}
		p := of(n, c.bounds)
		for range 12 * 70 {
			p.loaded(100, 2)
			p.obeyed()
		}
		if got := fmt.Sprint(p.moves); got != c.want {
			t.Errorf("%s: the floor moved %s, want %s", name, got, c.want)
		}
	}
}

// What is decided and not carried out, as while a person has it paused, is the same step
// for as long: afterwards the floor comes down from where it is, one at a time, and only
// while that does no harm.
func TestLoweredFromWhatIsInForce(t *testing.T) {
	p := of(9, wide())
	steady := func(length time.Duration, look func()) {
		for end := p.now.Add(length); p.now.Before(end); {
			p.loaded(100, 2)
			look()
		}
	}
	steady(3*time.Hour, p.look)
	if p.got.Floor != 8 || p.got.Reason != replicas.Lowered {
		t.Fatalf("after three hours of a pause the floor is to be %d (%s), want one below the 9 in force", p.got.Floor, p.got.Reason)
	}
	p.seen.Held = "agent is jailed"
	steady(time.Minute, p.look)
	if p.got.Floor != 9 || p.got.Reason != replicas.Holding {
		t.Errorf("in a bad moment the floor is to be %d (%s), want the 9 in force", p.got.Floor, p.got.Reason)
	}
	p.seen.Held = ""
	steady(10*time.Minute, p.look)
	from, last, lowest := p.now, 9, 9
	var at []time.Duration
	steady(40*time.Minute, func() {
		p.obeyed()
		if p.got.Floor < last {
			at, lowest = append(at, p.now.Sub(from).Truncate(time.Minute)), p.got.Floor
		}
		if p.got.Floor < last-1 {
			t.Fatalf("from %d to %d at once", last, p.got.Floor)
		}
		last = p.got.Floor
	})
	if got, want := fmt.Sprint(at), "[0s 5m0s 10m0s 15m0s 20m0s 25m0s]"; got != want || lowest != 3 {
		t.Errorf("lowered after %s down to %d, want after %s down to 3", got, lowest, want)
	}
}

// While blind a lower most counts once it is in force, as the profile's own autoscaler has
// it at once: a floor above it would be asked for in vain.
func TestAMostThatIsInForceCountsWhileBlind(t *testing.T) {
	p := of(9, wide())
	p.loaded(100, 2)
	p.look()
	p.seen.Blind, p.bounds.Max = "kas-1: no answer", 6
	p.look()
	if p.got.Floor != 9 {
		t.Errorf("the floor fell to %d while blind", p.got.Floor)
	}
	p.seen.Floor = 6
	p.look()
	if p.got.Floor != 6 {
		t.Errorf("the floor is to be %d of %d at the most", p.got.Floor, p.bounds.Max)
	}
}

// Nothing is taken away while that cannot be judged, or would do harm.
func TestNotLowered(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *controlPlane)
		says   string
	}{
		"blind":                     {func(p *controlPlane) { p.seen.Blind = "kas-1: no answer" }, "kas-1: no answer"},
		"one is not ready":          {func(p *controlPlane) { p.seen.Replicas[6].Ready = false }, "3 would do, but kas-6 is not ready"},
		"not all are there":         {func(p *controlPlane) { p.run(6) }, "3 would do, but 6 of 7 replicas are there"},
		"somebody is judged":        {func(p *controlPlane) { p.seen.Offender = "agent is being judged" }, "3 would do, but agent is being judged"},
		"somebody is held":          {func(p *controlPlane) { p.seen.Held = "agent is jailed" }, "3 would do, but agent is jailed"},
		"requests are late":         {func(p *controlPlane) { p.seen.Late = "requests are late" }, "3 would do, but requests are late"},
		"one does not tell its CPU": {func(p *controlPlane) { p.seen.Replicas[0].CPU = 0 }, "6 of 7 replicas tell what CPU they use"},
		"nothing is known of any":   {each(func(r *replicas.Replica) { r.Line, r.Bound = 0, 0 }), "it is not known what a replica carries"},
		"it was blind not long ago": {nil, "must for 30m0s"},
		"the load was there lately": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := of(7, wide())
			p.loaded(100, 2)
			p.looks(10 * time.Minute)
			if c.change != nil {
				c.change(p)
			}
			switch name {
			case "it was blind not long ago":
				p.seen.Blind = "kas-1: no answer"
				p.looks(5 * time.Minute)
				p.seen.Blind = ""
				p.looks(20 * time.Minute)
			case "the load was there lately":
				p.loaded(100, 9.5)
				p.looks(20 * time.Second)
				p.loaded(100, 2)
				p.looks(29 * time.Minute)
			default:
				p.looks(time.Hour)
			}
			if len(p.moves) > 0 || !strings.Contains(p.got.Words, c.says) {
				t.Errorf("moved %v, says %q, want it held with %q", p.moves, p.got.Words, c.says)
			}
		})
	}
}

// A person's bounds count: a higher least also while blind, a lower most once that is seen.
func TestBoundsAreAPersonsWord(t *testing.T) {
	p := of(6, wide())
	p.loaded(100, 2)
	p.look()
	p.seen.Blind = "kas-1: no answer"
	p.bounds = replicas.Bounds{Min: 7, Max: 9}
	p.look()
	p.bounds = replicas.Bounds{Min: 3, Max: 4}
	p.look()
	p.seen.Blind = ""
	p.look()
	if got, want := fmt.Sprint(p.moves), "[12:00:10 6->7 12:00:20 7->4]"; got != want {
		t.Errorf("the floor moved %s, want %s", got, want)
	}
}

// Demand that is smoothed counts clients twice while they move to replicas that are new.
func TestDemandIsNotCountedTwice(t *testing.T) {
	p := of(3, wide())
	p.loaded(250, 2)
	p.looks(time.Minute)
	p.run(4)
	for i := range p.seen.Replicas { // the old ones show as much as before for minutes
		p.seen.Replicas[i].Demand, p.seen.Replicas[i].Busy = 83, 62.5
	}
	p.looks(5 * time.Minute)
	if p.got.Floor != 4 {
		t.Errorf("the floor is %d, want 4: %v", p.got.Floor, p.moves)
	}
}

// A new replica is empty at first: that is no reason to refuse the next.
func TestANewReplicaHasAGrace(t *testing.T) {
	p := of(1, replicas.Bounds{Min: 1, Max: 9})
	p.loaded(50, 1)
	p.looks(time.Minute)
	p.run(2)
	p.seen.Replicas[0].Demand, p.seen.Replicas[0].Busy = 300, 300
	p.look()
	p.looks(15 * time.Second)
	if p.got.Floor != 5 || p.got.Reason == replicas.LoadSticks {
		t.Errorf("the floor is %d: %s %s", p.got.Floor, p.got.Reason, p.got.Words)
	}
	p.looks(10 * time.Minute)
	p.seen.Replicas[0].Demand, p.seen.Replicas[0].Busy = 600, 600
	p.looks(time.Minute)
	if p.got.Reason != replicas.LoadSticks {
		t.Errorf("ten minutes after: %d %s %s, want it refused", p.got.Floor, p.got.Reason, p.got.Words)
	}
}

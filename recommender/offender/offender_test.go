// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

var start = time.Date(2026, 1, 2, 14, 0, 0, 0, time.UTC)

func client(user string) plane.Client {
	return plane.Client{User: user, Verb: "list", Resource: "pods"}
}

func held(user string, executing, seatsHeld int) plane.Held {
	return plane.Held{Client: client(user), Level: "workload-low", Schema: "service-accounts", Executing: executing, Seats: seatsHeld, Width: 1}
}

func samples(of ...[]plane.Held) []plane.Sample {
	var s []plane.Sample
	for i, h := range of {
		s = append(s, plane.Sample{Time: start.Add(time.Duration(i) * time.Second), Replicas: 3, Held: h})
	}
	return s
}

// judged is what is known where everybody is judged and nothing costs much.
var judged = known(func(plane.Held) offender.Standing { return offender.Judged })

func known(standing func(plane.Held) offender.Standing) offender.Known {
	return offender.Known{Standing: standing, Cost: func(plane.Client) float64 { return 0 }}
}

// only is the verdict where there is one, on one client.
func only(found []offender.Verdict) (offender.Verdict, bool) {
	if len(found) != 1 {
		return offender.Verdict{}, false
	}
	return found[0], true
}

func TestJudge(t *testing.T) {
	heavy := []plane.Held{held("a", 60, 60), held("b", 3, 3)}
	most := []plane.Held{held("a", 60, 60), held("b", 10, 10)}
	hurried := func(s []plane.Sample) []plane.Sample {
		s[0].Time = s[1].Time.Add(-499 * time.Millisecond)
		return s
	}
	for name, c := range map[string]struct {
		samples   []plane.Sample
		baselines map[string]plane.Baseline
		later     time.Duration
		want      string
	}{
		"most of the seats in every sample":           {samples: samples(heavy, heavy, heavy), want: "a"},
		"two samples of all but everything":           {samples: samples(heavy, heavy), want: "a"},
		"two samples of most are too few":             {samples: samples(most, most)},
		"two samples at almost the same time":         {samples: hurried(samples(heavy, heavy))},
		"all but everything in the last two of three": {samples: samples(most[1:], heavy, heavy), want: "a"},
		"one sample":                                    {samples: samples(heavy)},
		"not in every sample":                           {samples: samples(heavy, []plane.Held{held("a", 2, 2), held("b", 40, 40)}, heavy)},
		"less than half":                                {samples: samples(heavy, heavy, []plane.Held{held("a", 60, 60), held("b", 40, 40), held("c", 30, 30)})},
		"few requests, however dear":                    {samples: samples([]plane.Held{held("a", 3, 30)}, []plane.Held{held("a", 3, 30)}, []plane.Held{held("a", 3, 30)})},
		"its flow schema is used to it":                 {samples: samples(heavy, heavy, heavy), baselines: map[string]plane.Baseline{"service-accounts": {Held: 30, Weight: 10}}},
		"its flow schema is used to less":               {samples: samples(heavy, heavy, heavy), baselines: map[string]plane.Baseline{"service-accounts": {Held: 2, Weight: 10}}, want: "a"},
		"a baseline with little evidence is no alibi":   {samples: samples(heavy, heavy, heavy), baselines: map[string]plane.Baseline{"service-accounts": {Held: 30, Weight: 1}}, want: "a"},
		"the last sample is of a storm that has passed": {samples: samples(heavy, heavy, heavy), later: 6 * time.Second},
		"samples that are too old":                      {samples: samples(heavy, heavy, heavy), later: time.Minute},
		"an empty sample":                               {samples: samples(heavy, nil, heavy)},
	} {
		t.Run(name, func(t *testing.T) {
			v, ok := only(offender.Judge(c.samples, c.baselines, start.Add(3*time.Second+c.later), judged))
			if ok != (c.want != "") || ok && v.Client.User != c.want {
				t.Errorf("judged %v %+v, want %q", ok, v, c.want)
			}
		})
	}
}

func TestJudgeCountsQueuedRequestsByTheirWidth(t *testing.T) {
	queued := plane.Held{Client: client("q"), Level: "workload-low", Schema: "service-accounts", Executing: 2, Seats: 20, Waiting: 8, Width: 10}
	of := []plane.Held{queued, held("b", 40, 40)}
	v, ok := only(offender.Judge(samples(of, of, of), nil, start.Add(3*time.Second), judged))
	if !ok || v.Client.User != "q" || v.Seats != 100 || v.Total != 140 {
		t.Errorf("judged %v %+v, want q with 100 of 140 seats", ok, v)
	}
}

func TestKeepBoundsTheSamples(t *testing.T) {
	var kept []plane.Sample
	for i := range 10 {
		kept = offender.Keep(kept, plane.Sample{Time: start.Add(time.Duration(i) * time.Second)})
	}
	if len(kept) != offender.Samples || !kept[0].Time.Equal(start.Add(7*time.Second)) {
		t.Errorf("kept %v, want the last %d", kept, offender.Samples)
	}
	kept = offender.Keep(kept, plane.Sample{Time: start.Add(time.Hour)})
	if len(kept) != 1 {
		t.Errorf("kept %d samples after an hour, want the new one alone", len(kept))
	}
}

// A replica that answers late is heard in the sample that it was asked for.
func TestKeepRefinesTheLastSample(t *testing.T) {
	one, two := plane.Replica{Dumped: start, Held: []plane.Held{held("a", 10, 10)}}, plane.Replica{Held: []plane.Held{held("a", 5, 5)}}
	first, _ := offender.Merge([]plane.Replica{one, two})
	two.Dumped = start.Add(-time.Second)
	later, _ := offender.Merge([]plane.Replica{one, two})
	kept := offender.Keep(offender.Keep(nil, first), later)
	if len(kept) != 1 || kept[0].Replicas != 2 || !kept[0].Time.Equal(start) || kept[0].Held[0].Executing != 15 {
		t.Errorf("kept %+v, want one sample of both replicas", kept)
	}
}

func TestPulsesFromBeforeASentenceAreNoHarm(t *testing.T) {
	r := plane.Replica{Name: "r", Ready: true, Pulse: time.Second, Pulsed: start}
	if !offender.Look([]plane.Replica{r}, nil, start).Found() {
		t.Error("a slow pulse is no harm")
	}
	if offender.Look([]plane.Replica{r}, nil, start.Add(time.Millisecond)).Found() {
		t.Error("a pulse from before counts")
	}
}

func TestHarmNeedsARatioAndADifference(t *testing.T) {
	calm := map[string]plane.Baseline{
		"fast": {Mean: 0.001, Weight: 10},
		"slow": {Mean: 0.100, Weight: 10},
	}
	for name, c := range map[string]struct {
		schema string
		mean   float64
		want   bool
	}{
		"five times a millisecond is nothing":     {schema: "fast", mean: 0.005},
		"thirty times a millisecond is something": {schema: "fast", mean: 0.030, want: true},
		"twice a slow mean is its own variance":   {schema: "slow", mean: 0.200},
		"three times a slow mean":                 {schema: "slow", mean: 0.310, want: true},
		"no baseline, well within the SLO":        {schema: "new", mean: 0.400},
		"no baseline, half the SLO's second":      {schema: "new", mean: 0.500, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := plane.Replica{Name: "r", Ready: true, Observed: start, Window: time.Second,
				Flows: []plane.FlowLoad{{Level: "node-high", Schema: c.schema, Requests: 10, ExecSeconds: 10 * c.mean}}}
			harm := offender.Look([]plane.Replica{r}, calm, time.Time{})
			if harm.Found() != c.want {
				t.Errorf("harm %+v, want found %v", harm, c.want)
			}
			if harm.Without(c.schema).Found() {
				t.Error("a client's own slowness is counted against it")
			}
			if offender.Look([]plane.Replica{r}, calm, start.Add(-time.Millisecond)).Found() {
				t.Error("a window that began before the sentence was in force is counted")
			}
		})
	}
}

func TestFirstGradeIsMildWhereMildCanHelp(t *testing.T) {
	slow := func(times float64) offender.Harm {
		return offender.Harm{Slow: []offender.Slow{{Replica: "r", Schema: "s", Mean: times * 0.01, Calm: 0.01}}}
	}
	for name, c := range map[string]struct {
		verdict offender.Verdict
		harm    offender.Harm
		want    plane.GradeKind
	}{
		"narrow requests, half of the seats, slow others": {offender.Verdict{Width: 9, Share: 0.89}, slow(9), plane.GradeSeats},
		"giant requests":       {offender.Verdict{Width: 10, Share: 0.6}, slow(4), plane.GradeOne},
		"next to nothing left": {offender.Verdict{Width: 1, Share: 0.9}, slow(4), plane.GradeOne},
		"others at ten times":  {offender.Verdict{Width: 1, Share: 0.6}, slow(10.01), plane.GradeOne},
	} {
		if got := offender.First(c.verdict, c.harm); got.Kind != c.want {
			t.Errorf("%s: %s, want %s", name, got.Words(), c.want)
		}
	}
}

func TestLevelGivesTheSeatsOfItsGrade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ceiling := rapid.IntRange(20, 20000).Draw(t, "ceiling")
		others := rapid.IntRange(50, 20000).Draw(t, "others")
		want := rapid.IntRange(1, 8).Draw(t, "seats")
		l := offender.Level(plane.Sentence{Grade: plane.Grade{Kind: plane.GradeSeats, Seats: want}}, ceiling, others)
		got := seats.Nominal(ceiling, l.Shares, others+l.Shares)
		if got < want {
			t.Fatalf("%d shares give %d seats, want at least %d", l.Shares, got, want)
		}
		if l.Shares > 1 && seats.Nominal(ceiling, l.Shares-1, others+l.Shares-1) >= want {
			t.Fatalf("%d shares are more than needed for %d seats", l.Shares, want)
		}
	})
	one := offender.Level(plane.Sentence{Grade: plane.Grade{Kind: plane.GradeOne}}, 600, 245)
	if one.Shares != 0 || one.Queues != 0 {
		t.Errorf("one at a time needs no shares and no queue, got %+v", one)
	}
	none := offender.Level(plane.Sentence{Grade: plane.Grade{Kind: plane.GradeNone}}, 600, 245)
	if none.Shares != 0 || none.Queues != 1 || none.QueueLength != 1 {
		t.Errorf("none needs no shares and one short queue, got %+v", none)
	}
}

func TestTermsDoubleUpToTheCap(t *testing.T) {
	p := plane.Profile{Term: time.Minute, MaxTerm: 5 * time.Minute}
	for before, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
		s := offender.Pass(client("a"), plane.Grade{Kind: plane.GradeOne}, before, p, start)
		if s.Term != want || s.Count != before+1 || !s.Until.Equal(start.Add(want)) {
			t.Errorf("after %d sentences: term %s, count %d, until %s; want a term of %s", before, s.Term, s.Count, s.Until, want)
		}
	}
}

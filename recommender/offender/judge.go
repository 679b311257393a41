// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package offender

import (
	"cmp"
	"slices"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// Samples is how many debug dumps in a row a verdict needs.
	Samples = 3
	// Of a client that leaves others next to nothing two are enough, if there is
	// time between them: in such a storm a dump takes a second to come, and to wait
	// for a third is to let it go on.
	plainSamples = 2
	plainShare   = 0.9
	plainSpan    = 500 * time.Millisecond
	// sampleAge is how old a dump may be to count: three at the fast tick take a
	// second, and replicas that are out of breath may take many more.
	sampleAge = 20 * time.Second
	// freshest is how long ago the last of them may have been asked for: nobody is
	// sentenced for a storm that has passed, and in one a dump takes seconds to come.
	freshest = 5 * time.Second
	// leastHeld is how many requests at once a client must have open: fewer are
	// no storm, however dear each is.
	leastHeld = 4
	// majority is the share of the seats in use and waited for that makes a
	// client the one that does the harm.
	majority = 0.5
	// overBaseline is how many times the calm mean of its whole flow schema a
	// client must hold.
	overBaseline = 3.0
)

// Merge adds the replicas' last debug dumps up to one sample, of the time when the
// latest was asked for; ok is false when no replica has given one.
func Merge(replicas []plane.Replica) (sample plane.Sample, ok bool) {
	type key struct {
		client        plane.Client
		level, schema string
	}
	sum := map[key]plane.Held{}
	for _, r := range replicas {
		if r.Dumped.IsZero() {
			continue
		}
		sample.Replicas++
		if r.Dumped.After(sample.Time) {
			sample.Time = r.Dumped
		}
		for _, h := range r.Held {
			k := key{h.Client, h.Level, h.Schema}
			was := sum[k]
			h.Executing += was.Executing
			h.Waiting += was.Waiting
			h.Seats += was.Seats
			h.Width = max(h.Width, was.Width)
			h.OldestWait = max(h.OldestWait, was.OldestWait)
			if was.LastArrival.After(h.LastArrival) {
				h.LastArrival = was.LastArrival
			}
			sum[k] = h
		}
	}
	for _, h := range sum {
		sample.Held = append(sample.Held, h)
	}
	slices.SortFunc(sample.Held, func(a, b plane.Held) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(a.Client.String(), b.Client.String()), cmp.Compare(a.Schema, b.Schema))
	})
	return sample, sample.Replicas > 0
}

// Keep appends a sample and drops those that are too old or too many to count. A
// sample of the same time takes the other's place: a replica has been heard since.
func Keep(samples []plane.Sample, next plane.Sample) []plane.Sample {
	kept := slices.DeleteFunc(slices.Clone(samples), func(s plane.Sample) bool {
		return next.Time.Sub(s.Time) > sampleAge || !s.Time.Before(next.Time)
	})
	kept = append(kept, next)
	return kept[max(0, len(kept)-Samples):]
}

// Verdict is one client that held most of the seats in every sample.
type Verdict struct {
	Client        plane.Client
	Level, Schema string
	// Seats and Total are its own and everybody's seats in the last sample, in
	// use and waited for; Requests are its requests.
	Seats, Total, Requests int
	// Share is the least share in any of the samples, 0 to 1.
	Share float64
	// Samples and Span tell how many samples there were and over how long.
	Samples int
	Span    time.Duration
	// Replicas counts the replicas that were sampled.
	Replicas int
	// Width is its widest request.
	Width int
	// OthersWaiting counts the requests of others that were queued, OldestWait
	// how long the first of them.
	OthersWaiting int
	OldestWait    time.Duration
	// CalmHeld is the calm mean of requests in work of its whole flow schema;
	// negative while unknown.
	CalmHeld float64
}

// Judge names the client that held most of the seats in each of the last samples,
// if there is one. Clients for which skip says so (already jailed, Evenkeel
// itself) count neither as holder nor in the total.
func Judge(samples []plane.Sample, baselines map[string]plane.Baseline, now time.Time, skip func(plane.Held) bool) (Verdict, bool) {
	if n := len(samples); n >= Samples {
		if v, ok := judge(samples[n-Samples:], baselines, now, skip); ok && v.Share >= majority {
			return v, true
		}
	}
	if n := len(samples); n >= plainSamples {
		v, ok := judge(samples[n-plainSamples:], baselines, now, skip)
		return v, ok && v.Share >= plainShare && v.Span >= plainSpan
	}
	return Verdict{}, false
}

// judge is the case against the heaviest client of the last of these samples.
func judge(samples []plane.Sample, baselines map[string]plane.Baseline, now time.Time, skip func(plane.Held) bool) (Verdict, bool) {
	if now.Sub(samples[0].Time) > sampleAge {
		return Verdict{}, false
	}
	last := samples[len(samples)-1]
	if now.Sub(last.Time) > freshest {
		return Verdict{}, false
	}
	top, ok := heaviest(last, skip)
	if !ok || top.Executing+top.Waiting < leastHeld {
		return Verdict{}, false
	}
	v := Verdict{
		Client: top.Client, Level: top.Level, Schema: top.Schema, Width: top.Width,
		Seats: weight(top), Requests: top.Executing + top.Waiting, Share: 1,
		Samples: len(samples), Span: last.Time.Sub(samples[0].Time), Replicas: last.Replicas,
		CalmHeld: -1,
	}
	for _, s := range samples {
		own, all := holding(s, top.Client, skip)
		if all == 0 {
			return Verdict{}, false
		}
		v.Share = min(v.Share, float64(own)/float64(all))
		v.Total = all
	}
	if b := baselines[top.Schema]; b.Weight >= trustedWeight {
		v.CalmHeld = b.Held
		if float64(v.Requests) < overBaseline*b.Held {
			return Verdict{}, false
		}
	}
	v.OthersWaiting, v.OldestWait = othersWaiting(last, top, skip)
	return v, true
}

// Suspect tells whether one client holds most of the seats in a fresh last sample:
// not yet a verdict, but reason enough to look closer and not to blame somebody else.
func Suspect(samples []plane.Sample, now time.Time, skip func(plane.Held) bool) bool {
	if len(samples) == 0 {
		return false
	}
	last := samples[len(samples)-1]
	if now.Sub(last.Time) > freshest {
		return false
	}
	top, ok := heaviest(last, skip)
	if !ok || top.Executing+top.Waiting < leastHeld {
		return false
	}
	own, all := holding(last, top.Client, skip)
	return float64(own) >= majority*float64(all)
}

// heaviest is the client with the most seats, its flow schemas added up.
func heaviest(s plane.Sample, skip func(plane.Held) bool) (plane.Held, bool) {
	byClient := map[plane.Client]plane.Held{}
	for _, h := range s.Held {
		if skip(h) {
			continue
		}
		was, seen := byClient[h.Client]
		if seen {
			h.Executing += was.Executing
			h.Waiting += was.Waiting
			h.Seats += was.Seats
			h.Width = max(h.Width, was.Width)
		}
		byClient[h.Client] = h
	}
	var top plane.Held
	for _, h := range byClient {
		if weight(h) > weight(top) || weight(h) == weight(top) && h.Client.String() < top.Client.String() {
			top = h
		}
	}
	return top, len(byClient) > 0
}

func holding(s plane.Sample, client plane.Client, skip func(plane.Held) bool) (own, all int) {
	for _, h := range s.Held {
		if skip(h) {
			continue
		}
		all += weight(h)
		if h.Client == client {
			own += weight(h)
		}
	}
	return own, all
}

func othersWaiting(s plane.Sample, top plane.Held, skip func(plane.Held) bool) (waiting int, oldest time.Duration) {
	for _, h := range s.Held {
		if h.Client == top.Client || skip(h) {
			continue
		}
		waiting += h.Waiting
		oldest = max(oldest, h.OldestWait)
	}
	return waiting, oldest
}

// weight is the seats that a client has and those that its queued requests would
// take.
func weight(h plane.Held) int { return h.Seats + h.Waiting*max(1, h.Width) }

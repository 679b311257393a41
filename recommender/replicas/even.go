// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"fmt"
	"time"
)

const (
	// unevenFor is how long the load must have been uneven before anything is done about
	// it: by then every watch of a reflector has ended once by itself (client-go asks for
	// five to ten minutes), and who would have come back elsewhere has.
	unevenFor = 10 * time.Minute
	// fewWatches and fewRequests, a second, of the fullest replica are too few to be more
	// than chance.
	fewWatches, fewRequests = 50, 20
	// GoAwayChance is what the help of kube-apiserver's --goaway-chance suggests to begin
	// with; HyperShift has it as its default.
	GoAwayChance = 0.001
)

// Remedy is what can be done about connections that are uneven.
type Remedy string

// The remedies.
const (
	// NoRemedy: none is due.
	NoRemedy Remedy = ""
	// SetGoAway: have the replicas end connections by chance, by an argument of theirs.
	SetGoAway Remedy = "SetGoAway"
	// Drain: replace the fullest replica, whose clients choose anew.
	Drain Remedy = "Drain"
	// TheClient: it is what a few clients do, and none of the others would divide that, or
	// one has been drained for it in vain.
	TheClient Remedy = "TheClient"
)

// Evenness is how evenly the connections lie on the replicas.
type Evenness struct {
	// Watches and Requests are how many times the mean of all replicas the fullest has;
	// 0 where there are too few to say.
	Watches, Requests float64
	// Fullest is the ID of the fullest replica, Words how full it is; empty while all are
	// alike.
	Fullest, Words string
	// Long is whether that has been so for long, and Remedy what would help.
	Long   bool
	Remedy Remedy
	// Drained is the replica that was drained in vain; zero where that is not why the
	// remedy is what it is.
	Drained Drained
}

// Uneven is since when connections have been uneven, and the fullest replica with what was
// said of it first; all of that is zero while they are even.
type Uneven struct {
	Since          time.Time
	Fullest, Words string
	// Drain is the replica that is to be drained, and Drained the last that has gone when it
	// was, whoever has ended it; zero while there is none.
	Drain, Drained Drained
}

// Even tells how evenly the connections lie. goAway is the chance with which the replicas
// end a connection, 0 none. Replicas that have come lately, by the memory of Decide, are
// not blamed for being empty. What cannot be seen leaves all as it was.
func Even(s Seen, goAway float64, m Memory, was Uneven, now time.Time) (Evenness, Uneven) {
	if s.Blind != "" {
		return Evenness{}, was
	}
	var ready []Replica
	come := false
	for _, r := range s.Replicas {
		young := m.young(r.ID, now)
		if r.Ready && !young {
			ready = append(ready, r.sane())
		}
		come = come || young
	}
	was = was.follow(s.Replicas, len(ready), now)
	watches := func(r Replica) float64 { return r.Watches }
	requests := func(r Replica) float64 { return r.Requests }
	var e Evenness
	byWatches, byRequests := most(ready, watches, fewWatches, was.Fullest), most(ready, requests, fewRequests, was.Fullest)
	e.Watches, e.Requests = byWatches.ratio, byRequests.ratio
	switch {
	case byWatches.uneven:
		e.Fullest = byWatches.of.ID
		e.Words = fmt.Sprintf("%s has %.0f of the watches, %.1f times the mean", byWatches.of.Name, byWatches.of.Watches, e.Watches)
	case byRequests.uneven:
		e.Fullest = byRequests.of.ID
		e.Words = fmt.Sprintf("%s answers %.0f requests/s, %.1f times the mean", byRequests.of.Name, byRequests.of.Requests, e.Requests)
	default:
		return e, Uneven{Drained: was.Drained}
	}
	if was.Fullest != e.Fullest { // it has been so of another: of this one it may pass
		was = Uneven{Since: now, Fullest: e.Fullest, Words: e.Words, Drained: was.Drained}
	}
	e.Words = was.Words // the figures in it change from look to look
	if e.Long = now.Sub(was.Since) >= unevenFor; !e.Long || come {
		return e, was // one that has come has yet to get its share
	}
	evenWatches := !byWatches.uneven && e.Watches > 0
	return was.remedy(e, evenWatches, sane(goAway), nameOf(ready, e.Fullest), now)
}

// lean is the replica that has the most of something.
type lean struct {
	of     Replica
	ratio  float64
	uneven bool
}

// most finds it; it leans where it has more than sticks times what the others have on
// average. The one that was found before is kept while it leans: of two that are as full
// the fuller changes from look to look.
func most(replicas []Replica, of func(Replica) float64, few float64, before string) lean {
	sum, n := 0.0, float64(len(replicas))
	var l lean
	for _, r := range replicas {
		sum += of(r)
		if l.of.ID == "" || of(r) > of(l.of) {
			l.of = r
		}
	}
	if n < 2 || of(l.of) < few {
		return lean{}
	}
	leans := func(r Replica) bool { return of(r) > sticks*(sum-of(r))/(n-1) }
	for _, r := range replicas {
		if r.ID == before && of(r) >= few && leans(r) {
			l.of = r
		}
	}
	l.ratio = of(l.of) * n / sum
	l.uneven = leans(l.of)
	return l
}

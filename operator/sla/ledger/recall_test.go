// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// A leader that had just begun leaves a gap; who has looked meanwhile and leads after it
// fills that, and changes nothing else.
func TestAGapIsFilledByWhoHasLooked(t *testing.T) {
	begin := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	first := sla.MinuteOf(begin)
	var standby ledger.Book
	for at := begin; at.Before(begin.Add(6 * time.Minute)); at = at.Add(10 * time.Second) {
		r := probe.Round{At: at, Over: at, Verdict: sla.Up}
		if m := sla.MinuteOf(at); m == first+1 || m == first+3 {
			r.Verdict, r.Why = sla.Down, "nobody answers"
		}
		standby.Round(r, "self", nil)
	}
	var kept sla.Ledger
	for m, l := range map[sla.Minute]sla.Letter{0: sla.Good, 3: sla.Good, 4: sla.Good} {
		kept = kept.Enter(sla.Account{Minute: first + m, Letter: l})
	}
	now := begin.Add(6 * time.Minute)
	standby.Recall(ledger.Kept{Ledger: kept, Stored: true, Saved: now}, time.Time{}, now)
	for m, want := range map[sla.Minute]sla.Totals{1: {Bad: 1}, 2: {}, 3: {}} {
		got := standby.Ledger().Totals(first+m, first+m+1)
		if got.Bad != want.Bad || got.Unseen() != 0 {
			t.Errorf("minute %d: %d bad, %d unseen; want %d bad", m, got.Bad, got.Unseen(), want.Bad)
		}
	}
}

// A ledger of a time of which nothing would be kept begins anew, and is told of all that comes;
// before, nothing could be entered any more.
func TestALedgerOfLongAgo(t *testing.T) {
	begin := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	kept := sla.Ledger{}.Enter(sla.Account{Minute: sla.MinuteOf(begin), Letter: sla.Good})
	for days, whole := range map[int]bool{30: true, 63: false, 300: false} {
		now := begin.AddDate(0, 0, days)
		var b ledger.Book
		b.Recall(ledger.Kept{Ledger: kept, Stored: true, Saved: begin, Created: begin}, time.Time{}, now)
		outage(&b, now)
		l := b.Ledger()
		first, _ := l.First()
		if bad := l.Totals(0, sla.MinuteOf(now)+10).Bad; bad < 4 || (first == sla.MinuteOf(begin)) != whole {
			t.Errorf("after %d days: %d of 5 minutes are bad, and the first known is %s", days, bad, first.Time())
		}
		if b.Sound(now.Add(10 * time.Minute)) {
			t.Errorf("after %d days: it is taken for written, and is not", days)
		}
	}
}

// A clock that has been set far back, to before there was a ledger, tells nothing, and costs
// nothing of what is kept.
func TestAClockFromBeforeTheLedger(t *testing.T) {
	created := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	saved := created.AddDate(0, 0, 100)
	kept := sla.Ledger{}.Enter(sla.Account{Minute: sla.MinuteOf(saved), Letter: sla.ByEtcd, Why: "no leader"})
	for name, wrong := range map[string]time.Time{"1970": time.Unix(0, 0), "before it was written": saved.AddDate(0, 0, -70)} {
		var b ledger.Book
		b.Recall(ledger.Kept{Ledger: kept, Stored: true, Saved: saved, Created: created, Wrote: saved}, time.Time{}, saved)
		outage(&b, wrong)
		if l := b.Ledger(); l.Totals(sla.MinuteOf(saved), sla.MinuteOf(saved)+1).Bad != 1 || len(l.Days) != 1 {
			t.Errorf("%s: the ledger is %+v", name, l)
		}
		if b.Due(saved.Add(2 * time.Minute)) {
			t.Errorf("%s: it is to be written, and has nothing new", name)
		}
	}
}

// What was written by a clock far ahead of the host cluster's lies in the future, and gives way
// when the clock is right.
func TestAClockFarAhead(t *testing.T) {
	now := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	ahead := now.AddDate(1, 0, 0)
	kept := sla.Ledger{}.Enter(sla.Account{Minute: sla.MinuteOf(ahead), Letter: sla.Good})
	var b ledger.Book
	b.Recall(ledger.Kept{Ledger: kept, Stored: true, Saved: ahead, Created: now, Wrote: now}, time.Time{}, ahead)
	outage(&b, now)
	if l := b.Ledger(); l.Totals(sla.MinuteOf(now), sla.MinuteOf(now)+5).Bad != 5 {
		t.Errorf("the ledger is %+v", l)
	}
}

// Whoever leads and cannot read the ledger for a weekend forgets no bad minute of it.
func TestALedgerThatIsReadLate(t *testing.T) {
	begin := time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC)
	kept := sla.Ledger{}.Enter(sla.Account{Minute: sla.MinuteOf(begin) - 1, Letter: sla.Good})
	var b ledger.Book
	b.Promise(0.9995, begin.AddDate(0, -1, 0))
	now := begin
	for ; now.Before(begin.Add(63 * time.Hour)); now = now.Add(20 * time.Second) {
		r := probe.Round{At: now, Over: now, Verdict: sla.Up}
		if in := now.Sub(begin); in >= 2*time.Hour && in < 2*time.Hour+7*time.Minute {
			r.Verdict, r.Why = sla.Down, "nobody answers"
		}
		b.Round(r, "self", nil)
	}
	b.Recall(ledger.Kept{Ledger: kept, Stored: true, Saved: begin}, time.Time{}, now)
	l := b.Ledger()
	got := l.Totals(sla.MinuteOf(begin), sla.MinuteOf(now)-3)
	if got.Bad != 7 || got.Unseen() > 1 {
		t.Errorf("%d of 7 minutes are bad, and %d unseen: %v", got.Bad, got.Unseen(), l.Days)
	}
	if len(l.Outages) != 1 || !strings.HasPrefix(l.Outages[0].Why, "nobody answers") {
		t.Errorf("outages are %+v", l.Outages)
	}
}

// Nobody vouches for minutes in which there was no profile.
func TestAProfileThatIsMadeAnew(t *testing.T) {
	saved := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	kept := sla.Ledger{}.Enter(sla.Account{Minute: sla.MinuteOf(saved), Letter: sla.Good})
	led, now := saved.Add(30*time.Minute), saved.Add(40*time.Minute)
	for made, want := range map[time.Time]int{saved.Add(-time.Hour): 28, saved.Add(35 * time.Minute): 1} {
		var b ledger.Book
		b.Promise(0.9995, made)
		b.Recall(ledger.Kept{Ledger: kept, Stored: true, Saved: saved}, led, now)
		l := b.Ledger()
		if got := l.Totals(sla.MinuteOf(saved), sla.MinuteOf(now)).Seen; got != want {
			t.Errorf("of a profile made at %s %d minutes are good; want %d", made, got, want)
		}
		if served := made.Before(saved); b.EverServed() != served {
			t.Errorf("of a profile made at %s it is known to have served: %v; whoever is made anew is being made", made, !served)
		}
	}
}

// What goes on unseen is written once and then once an hour, and whoever leads next takes it
// for unseen; when it is seen again, that is news.
func TestWhatGoesOnUnseen(t *testing.T) {
	begin := time.Date(2026, 3, 1, 6, 0, 0, 0, time.UTC)
	var b ledger.Book
	b.Promise(0.9995, begin)
	b.Recall(ledger.Kept{}, time.Time{}, begin)
	var kept v1alpha1.AvailabilityLedger
	writes := 0
	look := func(from time.Time, minutes int, v sla.Verdict) (end time.Time) {
		for end = from; end.Before(from.Add(time.Duration(minutes) * time.Minute)); end = end.Add(10 * time.Second) {
			b.Round(probe.Round{At: end, Over: end, Verdict: v}, "self", nil)
			if b.Due(end) {
				writes++
				ledger.Save(b.Ledger(), &kept, "99.95", end)
				b.Saved(end, &kept)
			}
		}
		return end
	}
	now := look(begin, 5, sla.Up)
	now = look(now, 50, sla.Blind)
	if writes > 3 {
		t.Errorf("%d writes of a control plane that nobody sees", writes)
	}
	if !b.Sound(now) {
		t.Error("it is not taken for written")
	}
	var next ledger.Book
	l, err := ledger.Load(&kept)
	if err != nil {
		t.Fatal(err)
	}
	next.Recall(ledger.Kept{Ledger: l, Stored: true, Saved: kept.Saved.Time}, now, now)
	vouched := next.Ledger()
	if got := vouched.Totals(sla.MinuteOf(begin)+7, sla.MinuteOf(now)-3); got.Seen > 0 {
		t.Errorf("whoever leads next takes %d minutes for seen: %v", got.Seen, vouched.Days[0].Runs)
	}
	before := writes
	now = look(now, 5, sla.Up)
	if writes == before {
		t.Error("it is seen again, and nothing is written")
	}
	if l, _ := ledger.Load(&kept); l.Last() != sla.Good {
		t.Errorf("what is written ends with %c at %s", l.Last(), now)
	}
}

// What is promised anew is written within a minute, and not an hour later, in another month.
func TestAnotherPromiseIsWritten(t *testing.T) {
	now := time.Date(2026, 11, 30, 23, 30, 0, 0, time.UTC)
	kept := sla.Ledger{}.Enter(sla.Account{Minute: sla.MinuteOf(now), Letter: sla.Good})
	var b ledger.Book
	b.Promise(0.995, now.AddDate(0, -1, 0))
	b.Recall(ledger.Kept{Ledger: kept, Stored: true, Saved: now, Noted: "99.5"}, time.Time{}, now)
	if now = now.Add(2 * time.Minute); b.Due(now) {
		t.Error("it is to be written, and nothing is new")
	}
	b.Promise(0.9995, now.AddDate(0, -1, 0))
	if !b.Due(now) {
		t.Error("another promise is not to be written")
	}
	var o v1alpha1.AvailabilityLedger
	ledger.Save(b.Ledger(), &o, "99.95", now)
	b.Saved(now, &o)
	if b.Due(now.Add(2 * time.Minute)) {
		t.Error("it is to be written again and again")
	}
}

// outage has a book see a control plane down for five minutes and one that goes by.
func outage(b *ledger.Book, from time.Time) {
	for at := from; at.Before(from.Add(6 * time.Minute)); at = at.Add(10 * time.Second) {
		b.Round(probe.Round{At: at, Over: at, Verdict: sla.Down, Why: "nobody answers"}, "self", nil)
	}
}

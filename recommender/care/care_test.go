// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package care

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

const mib, gib = 1 << 20, 1 << 30

// What makes a file worth a defragmentation.
func TestDue(t *testing.T) {
	for _, c := range []struct {
		name string
		room Room
		want bool
	}{
		{"unknown", Room{}, false},
		{"more in use than there is", Room{Size: gib, InUse: 2 * gib}, false},
		{"half air", Room{Size: gib, InUse: gib / 2}, true},
		{"a little under", Room{Size: 1000 * mib, InUse: 551 * mib}, false},
		{"at the bound", Room{Size: 1000 * mib, InUse: 550 * mib}, true},
		{"too little in bytes", Room{Size: 150 * mib, InUse: 51 * mib}, false},
		{"near the quota, a tenth air", Room{Size: 1700 * mib, InUse: 1500 * mib, Quota: 2000 * mib}, true},
		{"not near the quota, a tenth air", Room{Size: 1500 * mib, InUse: 1300 * mib, Quota: 2000 * mib}, false},
		{"near the quota, a twentieth of it air", Room{Size: 1700 * mib, InUse: 1600 * mib, Quota: 2000 * mib}, true},
		{"near the quota, less than a twentieth of it air", Room{Size: 7 * gib, InUse: 7*gib - 400*mib, Quota: 8 * gib}, false},
		{"near the quota, no air", Room{Size: 1700 * mib, InUse: 1650 * mib, Quota: 2000 * mib}, false},
	} {
		if got := c.room.Due(0.45, 100*mib); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// How near the quota is, and that what is not known is neither near nor room.
func TestTightAndRoomy(t *testing.T) {
	for _, c := range []struct {
		room         Room
		tight, roomy bool
	}{
		{Room{}, false, false},
		{Room{Size: 5}, false, false},
		{Room{Quota: 10}, false, false},
		{Room{Size: 79, Quota: 100}, false, true},
		{Room{Size: 80, Quota: 100}, true, true},
		{Room{Size: 89, Quota: 100}, true, true},
		{Room{Size: 90, Quota: 100}, true, false},
	} {
		if c.room.Tight() != c.tight || c.room.Roomy() != c.roomy {
			t.Errorf("%+v: tight %v, roomy %v", c.room, c.room.Tight(), c.room.Roomy())
		}
	}
}

// A database that grows evenly while compactions make it go up and down.
func TestGrowth(t *testing.T) {
	var g Growth
	const aDay = 96 * mib
	for i := range 300 { // 25 h
		at := noon.Add(time.Duration(i) * 5 * time.Minute)
		sawtooth := int64(i%3) * 4 * mib
		g = g.Seen(gib+int64(i)*aDay/288+sawtooth, at)
		slope, known := g.Slope()
		if wants := i >= 3*12; known != wants {
			t.Fatalf("after %d looks known is %v, want %v", i+1, known, wants)
		}
		if i >= 150 && math.Abs(slope-aDay) > aDay/4 {
			t.Fatalf("after %d looks %.0f MiB a day, want about 96", i+1, slope/mib)
		}
	}
	if n := len(g.Samples); n != growthKept {
		t.Errorf("%d samples are kept, want %d", n, growthKept)
	}
	days, known := g.Days(Room{Size: 3 * gib, InUse: gib, Quota: 2 * gib})
	if !known || days < 8 || days > 14 {
		t.Errorf("the quota is reached in %.1f days (%v), want about 10.7", days, known)
	}
	if _, known := g.Days(Room{Size: gib, InUse: gib}); known {
		t.Error("a day without quota")
	}
	var still Growth
	for i := range 50 {
		still = still.Seen(gib, noon.Add(time.Duration(i)*growthEvery))
	}
	if _, known := still.Days(Room{Size: gib, InUse: gib, Quota: 2 * gib}); known {
		t.Error("what does not grow reaches the quota")
	}
}

// The hours of a day that has a rush hour, and of one that has none.
func TestDay(t *testing.T) {
	play := func(load func(hour int) float64, hours int) (d Day, at time.Time) {
		at = noon.Add(-time.Duration(hours) * time.Hour)
		for ; !at.After(noon); at = at.Add(time.Minute) {
			d = d.Took(load(at.Hour()), at)
		}
		return d, at.Add(-time.Minute)
	}
	office := func(hour int) float64 {
		if hour >= 8 && hour < 12 {
			return 1000
		}
		return 100
	}
	d, now := play(office, 24)
	if got := d.Now(now); got != Busy {
		t.Errorf("at the end of the rush: %v, want busy", got)
	}
	for range 60 {
		now = now.Add(time.Minute)
		d = d.Took(100, now)
	}
	if got := d.Now(now); got != Quiet {
		t.Errorf("an hour later: %v, want quiet", got)
	}
	if got := d.Now(now.Add(11 * time.Minute)); got != Unknown {
		t.Errorf("not seen lately: %v, want unknown", got)
	}
	d, now = play(office, 4)
	if got := d.Now(now); got != Unknown {
		t.Errorf("after four hours: %v, want unknown", got)
	}
	flat := func(int) float64 { return 300 }
	if d, now = play(flat, 24); d.Now(now) != Unknown {
		t.Errorf("a day without a quiet hour: %v, want unknown, as no hour is to be waited for", d.Now(now))
	}
	if d, now = play(flat, 8); d.Now(now) != Busy {
		t.Errorf("eight hours alike: %v, want busy: a quiet one may come", d.Now(now))
	}
	if d, now = play(office, 24); d.Took(math.NaN(), now.Add(time.Minute)) != d || d.Took(5, now) != d {
		t.Error("nonsense, or an old look, is taken")
	}
}

// A burst of one look makes no rush hour.
func TestABurst(t *testing.T) {
	var d Day
	for i := range 24 * 60 {
		load := 100.0
		if i == 600 {
			load = 5000
		}
		d = d.Took(load, noon.Add(time.Duration(i-24*60)*time.Minute))
	}
	most := 0.0
	for _, h := range d.Hours {
		most = max(most, h.Most)
	}
	if most > 1100 {
		t.Errorf("the most is %.0f, from one look of a minute at 5000", most)
	}
}

// The revision that is told to be old has been there at that time or before.
func TestHistoryProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h History
		at, revision := noon, int64(rapid.IntRange(0, 5).Draw(t, "first"))
		was := map[time.Time]int64{}
		for range rapid.IntRange(0, 80).Draw(t, "looks") {
			at = at.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
			revision += int64(rapid.IntRange(0, 100).Draw(t, "writes"))
			before := len(h.Revisions)
			next := h.Seen(revision, at)
			if len(h.Revisions) != before {
				t.Fatal("changed in place")
			}
			h = next
			was[at] = revision
		}
		asked := at.Add(-time.Duration(rapid.IntRange(0, 1000).Draw(t, "ago")) * time.Second)
		got := h.Before(asked)
		var most int64
		for when, r := range was {
			if !when.After(asked) {
				most = max(most, r)
			}
		}
		if got > most {
			t.Fatalf("revision %d is told to have been there, the most was %d", got, most)
		}
		if len(h.Revisions) > historyKept {
			t.Fatalf("%d revisions are kept", len(h.Revisions))
		}
	})
}

// How long a member is left alone after a defragmentation, by how it ended.
func TestTries(t *testing.T) {
	for _, c := range []struct {
		name         string
		done, shrunk bool
		alarmed      bool
		rests        time.Duration
	}{
		{"shrunk", true, true, false, time.Hour},
		{"not shrunk", true, false, false, 24 * time.Hour},
		{"failed", false, false, false, 10 * time.Minute},
		{"failed without space", false, false, true, time.Minute},
	} {
		m := Memory{}.Clone()
		if c.alarmed {
			m.Alarmed = noon
		}
		if m.Waits("a", noon) != "" {
			t.Errorf("%s: waits before anything was tried", c.name)
		}
		m.Ordered("a", "1", noon)
		if m.Waits("a", noon.Add(time.Hour)) == "" {
			t.Errorf("%s: does not wait while it is under way", c.name)
		}
		m.Ended("a", "1", c.done, c.shrunk, noon)
		if m.Waits("a", noon.Add(c.rests-time.Second)) == "" || m.Waits("a", noon.Add(c.rests)) != "" {
			t.Errorf("%s: is not left alone for %s", c.name, c.rests)
		}
	}
}

// Where only the quota makes a defragmentation due, one a day will do.
func TestNearQuota(t *testing.T) {
	m := Memory{}.Clone()
	if m.NearQuota("a", noon) != "" || m.UnderWay() != "" {
		t.Errorf("waits before anything was tried: %q", m.NearQuota("a", noon))
	}
	m.Ordered("a", "1", noon)
	if m.UnderWay() != "a" || m.NearQuota("a", noon) != m.Waits("a", noon) {
		t.Errorf("under way is %q, waits %q", m.UnderWay(), m.NearQuota("a", noon))
	}
	m.Ended("a", "1", true, true, noon)
	for after, waits := range map[time.Duration]bool{0: true, 2 * time.Hour: true, 24*time.Hour - time.Second: true, 24 * time.Hour: false} {
		if got := m.NearQuota("a", noon.Add(after)); (got != "") != waits {
			t.Errorf("after %s waits %q", after, got)
		}
	}
	m.Ended("b", "2", false, false, noon)
	if m.NearQuota("b", noon.Add(time.Hour)) != "" || m.UnderWay() != "" {
		t.Error("one that failed rests for a day")
	}
}

// A try that nobody tells the end of is given up, and one of a pod that is gone forgotten.
func TestLapse(t *testing.T) {
	m := Memory{}.Clone()
	m.Ordered("a", "1", noon)
	m.Ordered("b", "2", noon)
	m.Lapse(map[string]string{"a": "1", "b": "3"}, noon.Add(lostAfter))
	if _, kept := m.Tries["b"]; kept || !m.Tries["a"].Over.IsZero() {
		t.Errorf("tries %+v", m.Tries)
	}
	m.Lapse(map[string]string{"a": "1"}, noon.Add(lostAfter+time.Second))
	if try := m.Tries["a"]; try.Over.IsZero() || try.Done {
		t.Errorf("a lost try is %+v", try)
	}
	m.Ordered("c", "4", noon)
	m.GoesOn("c")
	m.Lapse(nil, noon.Add(lostAfter))
	if m.UnderWay() != "c" {
		t.Errorf("nobody waits for it any more, and it is over: %+v", m.Tries["c"])
	}
	m.Lapse(nil, noon.Add(lostAfter+time.Second))
	if try := m.Tries["c"]; try.UnderWay() || !try.Done || try.Shrunk {
		t.Errorf("one that went on is %+v", try)
	}
	m.Lapse(nil, noon.Add(48*time.Hour))
	if len(m.Tries) != 0 {
		t.Errorf("after two days %+v", m.Tries)
	}
}

// What was tried before the compaction says nothing of what is given back after it.
func TestMayRelieve(t *testing.T) {
	m := Memory{}.Clone()
	m.Alarmed = noon
	m.Ended("a", "1", true, false, noon.Add(-time.Hour))
	m.Ordered("b", "2", noon.Add(-time.Minute))
	m.Compacted = noon
	later := noon.Add(time.Minute)
	for name, want := range map[string]bool{"a": true, "b": false, "c": true} {
		if m.MayRelieve(name, later) != want || m.Through(name) {
			t.Errorf("%s: may be %v, want %v; through %v", name, m.MayRelieve(name, later), want, m.Through(name))
		}
	}
	m.Ordered("a", "1", later)
	m.Ended("a", "1", true, false, later)
	if !m.Through("a") {
		t.Error("a is not through")
	}
	m.Ordered("c", "3", later)
	m.Ended("c", "3", false, false, later)
	if m.Through("c") || m.MayRelieve("c", later.Add(59*time.Second)) || !m.MayRelieve("c", later.Add(time.Minute)) {
		t.Errorf("what failed: %+v", m.Tries["c"])
	}
}

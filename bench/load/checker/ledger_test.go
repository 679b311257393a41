// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package checker

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestLedgerJudges(t *testing.T) {
	// Writes 1 to 3 were acknowledged, 4 has no answer, 5 was refused.
	for _, c := range []struct {
		name  string
		value int
		found bool
		want  Verdict
	}{
		{"the last acknowledged write is there", 3, true, Verdict{}},
		{"the write without an answer was carried out", 4, true, Verdict{}},
		{"an earlier write is there", 2, true, Verdict{Lost: []int{3}}},
		{"two are lost", 1, true, Verdict{Lost: []int{2, 3}}},
		{"the object is gone", 0, false, Verdict{Lost: []int{1, 2, 3}}},
		{"what was refused was carried out", 5, true, Verdict{Strange: true}},
		{"nobody wrote this", 77, true, Verdict{Strange: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := NewLedger()
			for range 3 {
				l.Acknowledged("a", l.Next("a"))
			}
			l.Next("a")
			l.Refused("a", l.Next("a"))
			if diff := cmp.Diff(c.want, l.Read("a", c.value, c.found)); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
			if again := l.Read("a", c.value, c.found); len(again.Lost) > 0 {
				t.Errorf("lost writes are told twice: %v", again.Lost)
			}
		})
	}
}

// What was seen once may not go away, acknowledged or not.
func TestLedgerHoldsToWhatWasSeen(t *testing.T) {
	l := NewLedger()
	l.Acknowledged("a", l.Next("a"))
	open := l.Next("a")
	if v := l.Read("a", open, true); v.Lost != nil || v.Strange {
		t.Fatalf("verdict %+v of a write that was carried out without an answer", v)
	}
	if diff := cmp.Diff(Verdict{Lost: []int{open}, Strange: true}, l.Read("a", 1, true)); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
	if l.Promised("b") || !l.Promised("a") {
		t.Error("Promised does not tell the objects apart")
	}
}

// A store that keeps what it acknowledges is never accused; one that drops the last
// acknowledged writes of an object is told exactly these.
func TestLedgerAgainstAStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := NewLedger()
		stored := map[string]int{}
		acknowledged := map[string][]int{} // since the last read
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			object := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "object")
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				n := l.Next(object)
				stored[object] = n
				l.Acknowledged(object, n)
				acknowledged[object] = append(acknowledged[object], n)
			case 1: // carried out, without an answer; every earlier one is under it
				stored[object] = l.Next(object)
			case 2: // not carried out, without an answer
				l.Next(object)
			case 3:
				l.Refused(object, l.Next(object))
			default:
				value, found := stored[object]
				if v := l.Read(object, value, found); v.Lost != nil || v.Strange {
					t.Fatalf("%s is %d, %v: %+v", object, value, found, v)
				}
				acknowledged[object] = nil
				if found {
					acknowledged[object] = []int{value} // seen, and so promised
				}
			}
		}
		for object, all := range acknowledged {
			if len(all) < 2 || stored[object] != all[len(all)-1] {
				continue
			}
			back := rapid.IntRange(0, len(all)-2).Draw(t, "back")
			if diff := cmp.Diff(all[back+1:], l.Read(object, all[back], true).Lost); diff != "" {
				t.Fatalf("a store that went back from %v to %d (-want +got):\n%s", all, all[back], diff)
			}
		}
	})
}

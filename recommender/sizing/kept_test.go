// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sizing

import (
	"testing"
	"time"
)

func FuzzLoadHistory(f *testing.F) {
	cpu, memory := Rules(APIServer)
	for _, r := range []Rule{cpu, memory} {
		h := NewHistory(r)
		for i := range 300 {
			h.Add(Sample{At: time.Date(2026, 1, 5, 0, i, 0, 0, time.UTC), Used: 0.5 + float64(i%7)/3, Curve: 1})
		}
		raw, err := h.Save()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, err := LoadHistory(memory, raw)
		if err != nil {
			return
		}
		now := time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)
		if s, ok := h.Recommend(now, Unit(Memory), Bounds{Least: 1, Most: 100}); ok && !(s.Target >= 1 && s.Target <= 100) {
			t.Errorf("a history that was taken recommends %v", s.Target)
		}
		if _, err := h.Save(); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}

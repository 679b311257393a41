// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package turns_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/evenkeel/bench/scale/turns"
)

// seen follows values at whole minutes.
func seen(values map[int]float64) *turns.Follow {
	f := &turns.Follow{What: "replicas"}
	v := 0.0
	for m := range 200 {
		if next, ok := values[m]; ok {
			v = next
		}
		f.See(time.Duration(m)*time.Minute, v)
	}
	return f
}

func TestWithin(t *testing.T) {
	at := func(minute int, from, to float64) turns.Change {
		return turns.Change{At: time.Duration(minute) * time.Minute, From: from, To: to}
	}
	for _, c := range []struct {
		name       string
		values     map[int]float64
		want       []turns.Turn
		directions int
	}{
		{name: "nothing changes", values: map[int]float64{0: 3}},
		{name: "a day", values: map[int]float64{0: 3, 20: 4, 40: 6, 110: 5, 130: 3}, directions: 1},
		{
			name: "taken back at once", values: map[int]float64{0: 3, 20: 6, 25: 3}, directions: 1,
			want: []turns.Turn{{What: "replicas", First: at(20, 3, 6), Back: at(25, 6, 3)}},
		},
		{
			name: "three times, the last late enough", values: map[int]float64{0: 4, 20: 3, 49: 4, 60: 3, 90: 4}, directions: 3,
			want: []turns.Turn{
				{What: "replicas", First: at(20, 4, 3), Back: at(49, 3, 4)},
				{What: "replicas", First: at(49, 3, 4), Back: at(60, 4, 3)},
			},
		},
		{
			name: "against the last step of several", values: map[int]float64{0: 3, 20: 4, 60: 5, 80: 3}, directions: 1,
			want: []turns.Turn{{What: "replicas", First: at(60, 4, 5), Back: at(80, 5, 3)}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := seen(c.values)
			if diff := cmp.Diff(c.want, f.Within(turns.Replicas)); diff != "" {
				t.Errorf("turns (-want +got):\n%s", diff)
			}
			if got := f.Directions(); got != c.directions {
				t.Errorf("%d changes of direction, want %d", got, c.directions)
			}
		})
	}
}

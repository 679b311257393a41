// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package seats_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// sharing are replicas that have so many requests in work, of which etcd has a part.
func sharing(n int, inWork, phi float64) []plane.Replica {
	out := make([]plane.Replica, n)
	for i := range out {
		out[i] = plane.Replica{
			Ready: true, Window: 5 * time.Second, Levels: []plane.LevelLoad{{Name: "workload-low", Executing: int(inWork), Waiting: 1}},
			Process: plane.Process{EtcdRequests: phi * inWork},
		}
	}
	return out
}

func TestAnEtcdInTroubleHasABudget(t *testing.T) {
	var b plane.Budget
	at := start
	look := func(replicas []plane.Replica, troubled bool) (int, string) {
		at = at.Add(5 * time.Second)
		b = seats.Spend(b, replicas, 0, 100, troubled, at)
		return seats.Budget(b, 600)
	}
	if line, why := look(sharing(3, 100, 0.5), false); line != 600 || why != "" {
		t.Errorf("while etcd is well the line may be %d: %s", line, why)
	}
	line, why := look(sharing(3, 100, 0.5), true)
	if want := "etcd was in trouble, and carries 105 requests at once: for each of 3 replicas 70 seats"; line != 70 || why != want {
		t.Errorf("in trouble the line may be %d: %s", line, why)
	}
	joining := append(sharing(3, 70, 0.5), plane.Replica{})
	if line, _ := look(joining, true); line != 52 {
		t.Errorf("before a fourth replica is ready the line may be %d, want 52", line)
	}
	if line, _ := look(sharing(3, 52, 0.5), true); line != 52 {
		t.Errorf("when it has only just gone the line may be %d, want 52 still", line)
	}
	at = at.Add(2 * time.Minute)
	if line, _ := look(sharing(3, 52, 0.5), true); line != 70 {
		t.Errorf("two minutes after it went the line may be %d, want 70", line)
	}
	for range 360 {
		line, why = look(sharing(3, 52, 0.5), false)
	}
	if line != 600 || why != "" {
		t.Errorf("half an hour after the trouble the line may be %d: %s", line, why)
	}
}

// Whatever is seen, a budget is a line that can be had.
func TestABudgetIsALine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b plane.Budget
		at := start
		for range rapid.IntRange(1, 20).Draw(t, "looks") {
			at = at.Add(5 * time.Second)
			seen := sharing(rapid.IntRange(0, 9).Draw(t, "replicas"), rapid.Float64Range(0, 1e6).Draw(t, "inWork"), rapid.Float64Range(0, 2).Draw(t, "phi"))
			b = seats.Spend(b, seen, rapid.IntRange(0, 9).Draw(t, "coming"), rapid.IntRange(0, 600).Draw(t, "usable"), rapid.Bool().Draw(t, "troubled"), at)
			line, why := seats.Budget(b, 600)
			if line < 1 || line > 600 || (line < 600) != strings.HasPrefix(why, "etcd was in trouble") {
				t.Fatalf("the line may be %d: %q", line, why)
			}
		}
	})
}

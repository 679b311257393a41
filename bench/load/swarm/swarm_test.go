// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/bench/load"
)

func TestPaceDue(t *testing.T) {
	grows := Pace{Steps: []Step{{10, time.Second}, {100, time.Second}}}
	burst := Pace{Steps: []Step{{1, 4 * time.Second}, {10, time.Second}}, Repeat: true}
	for _, c := range []struct {
		pace Pace
		n    int
		want time.Duration
	}{
		{Steady(4), 0, 0},
		{Steady(4), 10, 2500 * time.Millisecond},
		{grows, 5, 500 * time.Millisecond},
		{grows, 10, time.Second},
		{grows, 60, 1500 * time.Millisecond},
		{grows, 310, 4 * time.Second}, // the last rate stays
		{burst, 4, 4 * time.Second},
		{burst, 14, 5 * time.Second},
		{burst, 15, 6 * time.Second},
	} {
		if got, ok := c.pace.Due(c.n); !ok || got != c.want {
			t.Errorf("%+v: request %d is due at %s, want %s", c.pace, c.n, got, c.want)
		}
	}
	for _, p := range []Pace{{}, {Repeat: true}, {Steps: []Step{{0, time.Second}}, Repeat: true}} {
		if _, ok := p.Due(0); ok {
			t.Errorf("%+v has a request due", p)
		}
	}
}

func TestPaceNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Pace{Repeat: rapid.Bool().Draw(t, "repeat")}
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			p.Steps = append(p.Steps, Step{
				Rate: rapid.Float64Range(0.1, 1000).Draw(t, "rate"),
				For:  time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Minute)).Draw(t, "for")),
			})
		}
		last := time.Duration(0)
		for n := range 200 {
			at, ok := p.Due(n)
			if !ok || at < last-time.Microsecond {
				t.Fatalf("request %d is due at %s, the one before at %s", n, at, last)
			}
			last = at
		}
	})
}

func TestGoodputCountsWhatIsInTime(t *testing.T) {
	t0 := time.Now()
	object, list := newClass("get", SLOObject, 1), newClass("list", SLOCluster, 10)
	end := func(c *Class, due, took time.Duration, outcome load.Outcome) {
		c.Recorder.Begin(t0.Add(due)).End(t0.Add(due+took), outcome, 0)
	}
	end(object, 0, 100*time.Millisecond, load.OK)
	end(object, 0, 1100*time.Millisecond, load.OK) // late
	end(object, 0, 100*time.Millisecond, load.Rejected)
	end(object, 9900*time.Millisecond, 200*time.Millisecond, load.OK) // ends after the window
	end(object, -100*time.Millisecond, 200*time.Millisecond, load.OK) // ends within it
	end(list, 0, 9*time.Second, load.OK)
	if got := Goodput(t0, t0.Add(10*time.Second), object, list); got != 1.2 {
		t.Errorf("goodput %v, want 1.2 a second", got)
	}
	if got := Rejected(t0, t0.Add(10*time.Second), object, list); got != 1 {
		t.Errorf("%d rejected, want 1", got)
	}
	if got := Goodput(t0, t0); got != 0 {
		t.Errorf("in no time: %v", got)
	}
}

func TestListMeta(t *testing.T) {
	got, err := listMeta([]byte(`{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"a==","remainingItemCount":4},"items":[{"metadata":{"na`))
	if err != nil || got.ResourceVersion != "7" || got.Continue != "a==" {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []string{"", "nothing", `{"kind":"Status"}`, `{"metadata":{"resource`, `[]`} {
		if _, err := listMeta([]byte(bad)); err == nil {
			t.Errorf("%q has metadata", bad)
		}
	}
}

func TestGiantsAreLarge(t *testing.T) {
	name, object := Giant(7, 64<<10)
	if name != "giant-0007" || len(object) < 64<<10 || len(object) > 65<<10 || !strings.Contains(object, name) {
		t.Errorf("%s has %d bytes", name, len(object))
	}
}

// TestUsersHoldBack has one user with two requests at once, a server that holds the
// first two and sends everybody else away for a second.
func TestUsersHoldBack(t *testing.T) {
	var asked atomic.Int64
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= 2 {
			<-release
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	mix := NewLists("/api/v1/pods")
	s, err := New(Options{Configs: []*rest.Config{{Host: server.URL}}, Mix: mix, Pace: Steady(200), AtOnce: 2, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
	defer cancel()
	time.AfterFunc(300*time.Millisecond, func() { close(release) })
	from := time.Now()
	s.Run(ctx)
	if n := asked.Load(); n != 2 {
		t.Errorf("%d requests were sent, want the two that may be on their way", n)
	}
	if n := Rejected(from, time.Now(), s.Classes()...); n != 2 {
		t.Errorf("%d rejected, want 2", n)
	}
}

func TestCrowdGoesItsRound(t *testing.T) {
	c := NewCrowd(100)
	count := map[string]int{}
	for n := range 20 {
		count[c.Next(3, n).Class.Name]++
	}
	if count["get"] != 10 || count["list-namespace"] != 6 || count["patch"] != 4 {
		t.Errorf("a round of twenty is %v", count)
	}
}

func TestChurnRemovesWhatItMade(t *testing.T) {
	c, made := NewChurn(), map[string]bool{}
	for n := range 40 {
		r := c.Next(1, n)
		if r.Method == http.MethodPost {
			made[r.Path+"/"+strings.SplitN(strings.SplitN(r.Body, `"name":"`, 2)[1], `"`, 2)[0]] = true
			continue
		}
		if !made[r.Path] {
			t.Errorf("request %d removes %s, which was not made", n, r.Path)
		}
		delete(made, r.Path)
	}
	if len(made) > 0 {
		t.Errorf("left behind: %v", made)
	}
}

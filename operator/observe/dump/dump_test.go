// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"evenkeel.dev/evenkeel/recommender/plane"
)

const agent = "system:serviceaccount:telemetry:agent"

func TestParseAddsUpByClient(t *testing.T) {
	status := list("system:node:n1", 20*time.Millisecond, -1)
	status.verb, status.namespace, status.name, status.sub = "patch", "default", "web", "status"
	status.level, status.schema = "system", "system-nodes"
	status.initial, status.final, status.path = 1, 3, "/api/v1/namespaces/default/pods/web/status"
	deployments := list("Müller, Jörg", time.Second, 0)
	deployments.version, deployments.resource, deployments.path, deployments.initial = "apps/v1", "deployments", "/apis/apps/v1/deployments", 2
	health := request{level: "exempt", schema: "probes", queue: -1, index: -1, arrived: noon(), initial: 1, user: "system:anonymous", verb: "get", path: "/livez"}
	body := write(t, header(),
		list(agent, 3*time.Second, 0), list(agent, 4100*time.Millisecond, 1), list(agent, 5*time.Second, -1),
		list(agent, 6*time.Second, -1), status, deployments, health)

	got, err := Parse(body, noon(), Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	want := []plane.Held{
		{
			Client: plane.Client{User: agent, Verb: "list", Resource: "pods"},
			Level:  "workload-low", Schema: "service-accounts",
			Executing: 2, Waiting: 2, Seats: 20, Width: 10,
			OldestWait: 4100 * time.Millisecond, LastArrival: noon().Add(-3 * time.Second),
		},
		{
			Client: plane.Client{User: "system:node:n1", Verb: "patch", Resource: "pods/status", Namespaced: true},
			Level:  "system", Schema: "system-nodes",
			Executing: 1, Seats: 3, Width: 3, LastArrival: noon().Add(-20 * time.Millisecond),
		},
		{
			Client: plane.Client{User: "Müller, Jörg", Verb: "list", Group: "apps", Resource: "deployments"},
			Level:  "workload-low", Schema: "service-accounts",
			Waiting: 1, Width: 2, OldestWait: time.Second, LastArrival: noon().Add(-time.Second),
		},
		{
			Client: plane.Client{User: "system:anonymous", Verb: "get", Path: "/livez"},
			Level:  "exempt", Schema: "probes",
			Executing: 1, Seats: 1, Width: 1, LastArrival: noon(),
		},
	}
	byName := cmpopts.SortSlices(func(a, b plane.Held) bool { return a.Client.User < b.Client.User })
	if diff := cmp.Diff(want, got.Held, byName); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
	if got.Held[0].Client.User != agent {
		t.Errorf("the first is %s, want the one that holds most", got.Held[0].Client.User)
	}
	if got.Rows != 7 || got.Unread != 0 || got.Folded != 0 {
		t.Errorf("%+v, want 7 rows, none unread or folded", got)
	}
}

// A later server may add columns, wherever it likes.
func TestParseFindsColumnsByName(t *testing.T) {
	lines := strings.Split(string(write(t, header(), list(agent, time.Second, 0))), "\n")
	body := "Novelty, " + lines[0] + ", Another\n" + "a b c,   " + lines[1] + ", x\n"
	got, err := Parse([]byte(body), noon(), Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Held) != 1 || got.Held[0].Client.User != agent || got.Held[0].Waiting != 1 {
		t.Errorf("held %+v, want one waiting request of %s", got.Held, agent)
	}
}

func TestParseRefusesWhatIsNoDump(t *testing.T) {
	whole := string(write(t, header(), list(agent, time.Second, 0)))
	replaced := func(what, by string) string { return strings.Replace(whole, what, by, 1) }
	for _, c := range []struct{ name, body, message string }{
		{"nothing", "", "lacks the column PriorityLevelName"},
		{"HTML", "<html><body>not here</body></html>\n", "lacks the column"},
		{"without details", strings.Join(header()[:10], ", ") + "\n", "lacks the column UserName"},
		{"a first line without end", strings.Repeat("x,", 5000), "first line is too long"},
		{"too few columns", replaced("service-accounts,", "service-accounts"), "line 2 does not have 18 columns"},
		{"no time", replaced("2026-11-23T", "yesterday  "), "ArriveTime"},
		{"no seats", replaced(" 10,", " ??,"), "seats"},
		{"negative seats", replaced(" 10,", " -1,"), "seats"},
		{"seats without end", replaced(" 10,      ", " 99999999,"), "seats"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.body), noon(), Bounds{})
			if !errors.Is(err, ErrGarbage) || !strings.Contains(err.Error(), c.message) {
				t.Errorf("error %v, want ErrGarbage and %q", err, c.message)
			}
		})
	}
}

func TestParseBounds(t *testing.T) {
	var requests []request
	for i := range 30 {
		r := list(fmt.Sprintf("user-%02d", i), time.Second, -1)
		r.initial = 30 - i
		requests = append(requests, r)
	}
	long := list(strings.Repeat("u", 2000), 2*time.Second, 0)
	odd := list("bell\a", time.Second, 0)
	requests = append(requests, long, odd)
	got, err := Parse(write(t, header(), requests...), noon(), Bounds{Clients: 5})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Held) != 6 || got.Folded != 26 {
		t.Fatalf("%d holdings, %d folded; want 5 and the others in one, 26 folded", len(got.Held), got.Folded)
	}
	if got.Held[0].Client.User != "user-00" || got.Held[4].Client.User != "user-04" {
		t.Errorf("kept %s to %s, want the heaviest five", got.Held[0].Client.User, got.Held[4].Client.User)
	}
	others := got.Held[5]
	if others.Client != (plane.Client{User: OthersUser}) || others.Executing != 25 || others.Waiting != 2 ||
		others.Seats != 25*26/2 || others.OldestWait != 2*time.Second || others.Level != "workload-low" {
		t.Errorf("the others are %+v", others)
	}

	got, err = Parse(write(t, header(), requests...), noon(), Bounds{Rows: 10})
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows != 10 || got.Unread != 22 || len(got.Held) != 10 {
		t.Errorf("%d rows, %d unread, %d holdings; want 10, 22, 10", got.Rows, got.Unread, len(got.Held))
	}
}

func TestWaitingTimesAreOnTheServersClock(t *testing.T) {
	ms := time.Millisecond
	for _, c := range []struct {
		name   string
		newest time.Duration // after noon
		date   time.Time
		want   time.Duration // of a request that arrived at noon
	}{
		{"the newest arrival within the second of the header", 2300 * ms, noon().Add(2 * time.Second), 2300 * ms},
		{"no header", 2300 * ms, time.Time{}, 2300 * ms},
		{"nothing arrived lately", 500 * ms, noon().Add(2 * time.Second), 2 * time.Second},
		{"an arrival in the future", time.Hour, noon().Add(2 * time.Second), 3 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse(write(t, header(), list("waits", 0, 0), list("newest", -c.newest, -1)), c.date, Bounds{})
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range got.Held {
				if h.Client.User == "waits" && h.OldestWait != c.want {
					t.Errorf("it waited %s, want %s", h.OldestWait, c.want)
				}
				if h.LastArrival.After(noon().Add(c.want)) {
					t.Errorf("%s arrived at %s, after the dump", h.Client.User, h.LastArrival)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	var requests []request
	for i := range 5000 {
		requests = append(requests, list(fmt.Sprintf("user-%d", i%40), time.Second, i%5-1))
	}
	body := write(b, header(), requests...)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(body, noon(), Bounds{}); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzParse feeds anything at all: no panic, and nothing that can be held by
// nobody or without end.
func FuzzParse(f *testing.F) {
	whole := write(f, header(), list(agent, time.Second, 0), list("Müller, Jörg", time.Second, -1))
	f.Add(whole)
	f.Add(whole[:len(whole)-30])
	f.Add(bytes.ReplaceAll(whole, []byte(", "), []byte(",\t")))
	f.Add([]byte(strings.Join(header(), ",\t") + "\n\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := Parse(body, noon(), Bounds{Rows: 50, Clients: 4, CellBytes: 32})
		if err != nil {
			if !errors.Is(err, ErrGarbage) {
				t.Errorf("error %v is not ErrGarbage", err)
			}
			return
		}
		requests := 0
		for _, h := range got.Held {
			requests += h.Executing + h.Waiting
			if h.Client.User == "" || len(h.Client.User) > 32 || h.OldestWait < 0 || h.Seats < 0 {
				t.Errorf("held %+v", h)
			}
		}
		if requests != got.Rows || got.Rows > 50 || len(got.Held) > 4+maxOthers+1 {
			t.Errorf("%d requests of %d rows, in %d holdings", requests, got.Rows, len(got.Held))
		}
	})
}

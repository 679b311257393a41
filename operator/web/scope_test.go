// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
)

// Who may not list the whole cluster gets what the host has said so far, and the rest the
// next time: no answer is asked for twice, and one user asks no more than his share.
func TestAThousandNamespaces(t *testing.T) {
	var asked atomic.Int64
	c := config(&reader{profiles: fleet(1000)}, nil)
	c.Access = rights(func(a *authorizationv1.ResourceAttributes) bool {
		if a.Namespace != "" {
			asked.Add(1)
		}
		return a.Namespace != ""
	})
	server := serve(t, c)
	var all sync.WaitGroup
	rows := make([]int, 3)
	for i := range rows {
		all.Go(func() {
			got := get(t, server, "/")
			rows[i] = strings.Count(got.body, "<tr data-id")
			if got.status != 200 || !strings.Contains(got.body, "Still asking") {
				t.Errorf("the fleet is answered by %d, or as if it were whole", got.status)
			}
		})
	}
	all.Wait()
	first := asked.Load()
	if first < 100 || first > 400 || rows[0] < 100 {
		t.Errorf("%d questions for rows %v", first, rows)
	}
	if more := strings.Count(get(t, server, "/").body, "<tr data-id"); more <= rows[0] || int64(more) != asked.Load() {
		t.Errorf("the next time %d rows are shown after %d, by %d questions", more, rows[0], asked.Load())
	}
}

// Who is given a right, or comes from another operator replica, gets all rows though none
// has changed.
func TestAnotherSetIsSentWhole(t *testing.T) {
	var more atomic.Bool
	c := config(&reader{profiles: fleet(3)}, nil)
	c.Access = rights(func(a *authorizationv1.ResourceAttributes) bool { return more.Load() || a.Namespace == "tenant-acme" })
	var live struct {
		Version string
		Rows    map[string]string
	}
	ask := func(server *httptest.Server, since string) int {
		t.Helper()
		live.Rows = nil
		if err := json.Unmarshal([]byte(get(t, server, "/live/fleet?since="+since).body), &live); err != nil {
			t.Fatal(err)
		}
		return len(live.Rows)
	}
	first, other := serve(t, c), serve(t, c)
	if n := ask(first, "0"); n != 1 {
		t.Fatalf("%d rows", n)
	}
	mark := live.Version
	if n := ask(first, mark); n != 0 {
		t.Errorf("%d rows are sent again", n)
	}
	if n := ask(other, mark); n != 1 {
		t.Errorf("another process sends %d rows", n)
	}
	more.Store(true)
	time.Sleep(5100 * time.Millisecond) // what was refused is asked again
	if n := ask(first, mark); n != 3 {
		t.Errorf("with more rights %d rows are sent", n)
	}
}

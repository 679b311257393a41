// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
	"evenkeel.dev/evenkeel/recommender/sla"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// The report of a month, for a spreadsheet and for machines, and a small fleet as it is sent.
func TestGoldens(t *testing.T) {
	p, l, h := acme()
	server := serve(t, config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{l}}, h))
	golden(t, "days.csv", get(t, server, "/cp/tenant-acme/acme/report.csv?month=2026-11").body)
	golden(t, "outages.csv", get(t, server, "/cp/tenant-acme/acme/report.csv?month=2026-11&table=outages").body)
	golden(t, "month.json", get(t, server, "/cp/tenant-acme/acme/report.json?month=2026-11").body)
	body := get(t, server, "/").body
	_, rows, _ := strings.Cut(body, "<tbody")
	golden(t, "fleet.html", "<tbody"+rows)
}

// What others wrote cannot be a formula, a mark-up, a turned line or a line more.
func TestWhatOthersWrote(t *testing.T) {
	const evil = "=HYPERLINK(\"http://evil.example\")\n<script>alert(1)</script>\u202egnp.exe"
	p, l, _ := acme()
	h := history.New()
	key := types.NamespacedName{Namespace: p.Namespace, Name: p.Name}
	h.Note(key, history.Event{At: now.Add(-time.Minute), Kind: history.Kind(evil), Title: evil, Message: evil, Evidence: []string{evil}, Outcome: evil, Bad: true})
	s := &p.Status
	s.Size, s.SLA.Message, s.Plan.Message, s.Plan.State, s.Availability.Message = evil, evil, evil, evil, evil
	s.SLA.Available, s.SLA.BudgetLeft, s.SLA.Target = evil, evil, "99.95"
	s.Conditions[0].Reason, s.Conditions[0].Message, s.Conditions[0].Status = evil, evil, metav1.ConditionFalse
	s.Decisions[0].Message, s.Decisions[0].Rejected, s.Decisions[0].BudgetBefore = evil, []string{evil}, evil
	s.Offenders[0].Client, s.Offenders[0].Message, s.Replicas[0].Fault, s.Replicas[1].Zone = evil, evil, evil, evil
	s.Members[0].Role, s.Sizes[0].Message, s.Sizes[1].Pods[2].Message = evil, evil, strings.Repeat("w", 1024)
	l.Outages[0].Why, l.Outages[1].Why, l.Outages[2].Why = evil, "@SUM(A1)", "\t-1+1"
	c := config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{l}}, h)
	c.Probes = func(types.NamespacedName) []sla.Probe {
		return []sla.Probe{
			{Replica: evil, Question: evil, Result: evil, Phase: evil, Why: evil, At: now},
			{Replica: p.Status.Replicas[2].Name, Question: sla.Read, Result: sla.Failed, Phase: sla.Wait, Why: evil, At: now},
		}
	}
	server := serve(t, c)
	for _, path := range []string{"/", "/cp/tenant-acme/acme", "/cp/tenant-acme/acme/probes.json", "/live/fleet?since=0", "/live/cp/tenant-acme/acme", "/cp/tenant-acme/acme/report", "/?q=" + "%3Cscript%3E"} {
		got := get(t, server, path)
		if got.status != 200 || strings.Contains(got.body, "<script>") || strings.Contains(got.body, "\u202e") {
			t.Errorf("%s is %d and has what others wrote as it stands", path, got.status)
		}
	}
	body := get(t, server, "/cp/tenant-acme/acme/report.csv?table=outages").body
	records, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	if err != nil || len(records) != 4 || strings.Count(body, "\n") != 4 {
		t.Fatalf("%v: %q", err, body)
	}
	for i, want := range []string{"' -1+1", "'@SUM(A1)", "'=HYPERLINK(\"http://evil.example\") <script>"} {
		if !strings.HasPrefix(records[i+1][3], want) {
			t.Errorf("cell %d is %q, want %q", i, records[i+1][3], want)
		}
	}
}

// What is missing or spoilt is said, and the rest is shown.
func TestWhatIsMissing(t *testing.T) {
	bare := v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: "tenant-new", Name: "new"}}
	p, l, _ := acme()
	l.Days[3].Minutes, l.Days[4].Date = "g9999", "tomorrow"
	r := &reader{profiles: []v1alpha1.ControlPlaneProfile{bare, p}, ledgers: []v1alpha1.AvailabilityLedger{l}}
	c := config(r, nil)
	c.Past = past{err: errors.New("the store is down")}
	server := serve(t, c)
	for path, want := range map[string][]string{
		"/":                            {"not known yet", "not looked at yet"},
		"/cp/tenant-new/new":           {"There is no AvailabilityLedger yet", "Evenkeel has not looked at it yet", "remembers nothing", "Nothing is known of this month", "The store of metrics does not answer"},
		"/cp/tenant-acme/acme":         {"is spoilt and left out", "Outages"},
		"/cp/tenant-new/new/report":    {"Nothing is known of this month"},
		"/cp/tenant-acme/acme?range=x": {"aria-current=\"true\">2h"},
		"/cp/tenant-new/new/report?month=2026-10": {"October 2026"},
	} {
		got := get(t, server, path)
		for _, w := range want {
			if got.status != 200 || !strings.Contains(got.body, w) {
				t.Errorf("%s is %d without %q", path, got.status, w)
			}
		}
	}
	for _, month := range []string{"2026-13", "99999-01", "0001-01", strings.Repeat("9", 5000), "2026-11%00", "-1"} {
		if got := get(t, server, "/cp/tenant-acme/acme/report.csv?month="+month); got.status != 400 {
			t.Errorf("month %.20s is answered by %d", month, got.status)
		}
	}
	r.err = errors.New("the host is gone")
	if got := get(t, serve(t, c), "/cp/tenant-acme/acme"); got.status != 503 || strings.Contains(got.body, "host is gone") {
		t.Errorf("without profiles the answer is %d: %s", got.status, got.body)
	}
}

type past struct{ err error }

func (p past) Series(_ context.Context, _ types.NamespacedName, since, until time.Time, step time.Duration) (out []history.Point, err error) {
	for at := since; at.Before(until); at = at.Add(step) {
		s := history.None()
		s.Used = 4321
		out = append(out, history.Point{At: at, Sample: s})
	}
	return out, p.err
}

// What the operator does not remember comes from a store, and a week can be looked at.
func TestAWeekFromAStore(t *testing.T) {
	p, l, h := acme()
	c := config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{l}}, h)
	if got := get(t, serve(t, c), "/cp/tenant-acme/acme?range=7d"); strings.Contains(got.body, "4321") || strings.Contains(got.body, "range=7d\"") {
		t.Error("a week is shown without a store")
	}
	c.Past = past{}
	got := get(t, serve(t, c), "/cp/tenant-acme/acme?range=7d")
	if !strings.Contains(got.body, "in use now 60, at the most 4321") || !strings.Contains(got.body, "11-24") {
		t.Error("a week is shown without what the store has")
	}
}

// What has not changed is not sent again, and profiles are listed once a second whoever looks.
func TestWhatIsSentAgain(t *testing.T) {
	p, l, h := acme()
	r := &reader{profiles: append(fleet(5)[1:], p), ledgers: []v1alpha1.AvailabilityLedger{l}}
	clock := now
	c := config(r, h)
	c.Now = func() time.Time { return clock }
	server := serve(t, c)
	for _, path := range []string{"/live/cp/tenant-acme/acme", "/live/fleet?since=0"} {
		first := get(t, server, path)
		if again := get(t, server, path, "If-None-Match", first.header.Get("ETag")); again.status != 304 || again.body != "" {
			t.Errorf("%s is sent again: %d", path, again.status)
		}
	}
	var live struct {
		Version string
		Order   []string
		Rows    map[string]string
	}
	decode := func(path string) {
		t.Helper()
		live.Order, live.Rows = nil, nil
		if err := json.Unmarshal([]byte(get(t, server, path).body), &live); err != nil {
			t.Fatal(err)
		}
	}
	decode("/live/fleet?since=0")
	if len(live.Rows) != 5 || len(live.Order) != 5 || r.lists != 1 {
		t.Fatalf("%d rows, %d in order, after %d lists", len(live.Rows), len(live.Order), r.lists)
	}
	clock = clock.Add(2 * time.Second)
	p.ResourceVersion, p.Status.Jailed = "2", 4
	r.replace(4, p)
	decode("/live/fleet?since=" + live.Version)
	if len(live.Rows) != 1 || live.Rows["tenant-acme/acme"] == "" || len(live.Order) != 5 || r.lists != 2 {
		t.Errorf("after a change of one: %d rows, %d in order, %d lists", len(live.Rows), len(live.Order), r.lists)
	}
	decode("/live/fleet?since=" + live.Version)
	if len(live.Rows) != 0 || len(live.Order) != 0 {
		t.Errorf("after none: %v %v", live.Rows, live.Order)
	}
	clock, p.ResourceVersion = clock.Add(2*time.Second), "3"
	r.replace(4, p)
	decode("/live/fleet?since=" + live.Version)
	if len(live.Rows) != 0 || r.lists != 3 {
		t.Errorf("after a change that nobody sees: %v", live.Rows)
	}
}

// A change that the status has no more room for shows the budget before and after it still, and
// when it was carried out, where that was later than it was decided.
func TestWhatAChangeLeftOfTheBudget(t *testing.T) {
	p, l, _ := acme()
	h := history.New()
	taken := now.Add(-90 * time.Minute)
	h.Note(types.NamespacedName{Namespace: p.Namespace, Name: p.Name}, history.Event{
		At: taken, Kind: history.Decision, Title: "LoadLineCut", Message: "load line 300 to 240 seats", Outcome: "in force", Applied: true, AppliedAt: taken.Add(6 * time.Minute),
		Effect: history.Effect{Before: "83%", After: "79%"},
	})
	p.Status.Decisions[0].AppliedAt = &metav1.MicroTime{Time: p.Status.Decisions[0].Time.Add(2 * time.Minute)}
	got := get(t, serve(t, config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{l}}, h)), "/cp/tenant-acme/acme").body
	for _, want := range []string{"in force; budget 83% → 79%", "carried out at <time datetime=\"2026-11-26T12:42:10Z\">12:42 UTC</time>", "carried out at <time datetime=\"2026-11-26T13:50:10Z\">"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page is without %q", want)
		}
	}
	if n := strings.Count(got, "carried out at"); n != 2 {
		t.Errorf("%d changes were carried out later, want 2", n)
	}
}

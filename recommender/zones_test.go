// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// spreading is a world whose pods run in zones.
type spreading struct {
	*world
	pods []plane.SizedPod
	host plane.HostSeen
	// used is the cores that each apiserver uses; 0 is not told.
	used  float64
	made  int
	found string
}

// spreads gives a world three apiservers and three members, of zones as in "aab/abc", with
// nodes in zones a, b and c.
func spreads(servers, members string) *spreading {
	w := &spreading{world: newWorld(), used: 0.2, host: plane.HostSeen{
		Looked: true, Zones: map[string]int{"a": 3, "b": 3, "c": 3}, Wanted: map[sizing.Component]int{},
		Workloads: map[sizing.Component]plane.HostWorkload{
			sizing.APIServer: {Kind: "Deployment", Name: "kube-apiserver", Labels: map[string]string{"app": "kube-apiserver"}},
			sizing.Etcd:      {Kind: "StatefulSet", Name: "etcd", Labels: map[string]string{"app": "etcd"}},
		},
	}}
	w.profile.Zones, w.profile.Class, w.profile.Spread = 3, "99.95", plane.Enforce
	for i, zone := range servers {
		w.start(sizing.APIServer, fmt.Sprintf("kube-apiserver-%d", i), string(zone))
	}
	for i, zone := range members {
		w.start(sizing.Etcd, fmt.Sprintf("etcd-%d", i), string(zone))
	}
	for c, n := range map[sizing.Component]int{sizing.APIServer: len(servers), sizing.Etcd: len(members)} {
		w.host.Wanted[c] = n
		w.host.Budgets = append(w.host.Budgets, plane.DisruptionBudget{
			Name: string(c), Component: c, Covers: n, Allowed: 1, Expected: n, Healthy: n, Desired: n - 1, Rule: "maxUnavailable: 1",
		})
	}
	return w
}

// start has a new pod run in a zone, on a node of its own.
func (w *spreading) start(c sizing.Component, name, zone string) {
	w.made++
	p := plane.SizedPod{
		Component: c, Node: fmt.Sprintf("node-%s%d", zone, w.made), Zone: zone, Ready: true, Well: true, Created: w.now,
		Place: plane.PodPlace{ByZone: true, ByNode: true, Anchored: c == sizing.Etcd},
	}
	p.Pod, p.UID, p.Limit.CPU = name, fmt.Sprintf("uid-%d", w.made), 2
	w.pods = append(w.pods, p)
	w.now = w.now.Add(time.Second)
}

// end has a pod end.
func (w *spreading) end(uid string) {
	w.pods = slices.DeleteFunc(w.pods, func(p plane.SizedPod) bool { return p.UID == uid })
}

func (w *spreading) snapshot() plane.Snapshot {
	s := w.world.snapshot(5 * time.Second)
	s.Host, s.Sizes.Pods = w.host, slices.Clone(w.pods)
	for i := range s.Sizes.Pods {
		if w.used > 0 {
			s.Sizes.Pods[i].Used = sizing.Usage{At: w.now, CPU: w.used}
		}
	}
	return s
}

// look is one look, in which the finding is noted when it is another.
func (w *spreading) look() {
	w.now = w.now.Add(5 * time.Second)
	w.pass(w.snapshot())
	f := w.finding()
	if now := fmt.Sprintf("%s: %s\n    class %s: %s", f.Reason, f.Message, w.plan.Availability.Class, w.plan.Availability.Why); now != w.found {
		w.found = now
		fmt.Fprintf(&w.log, "%s ZonesSpread %s\n", w.now.Format("15:04:05.0"), now)
	}
}

func (w *spreading) finding() plane.Finding {
	i := slices.IndexFunc(w.plan.Findings, func(f plane.Finding) bool { return f.Condition == v1alpha1.ConditionZonesSpread })
	if i < 0 {
		return plane.Finding{}
	}
	return w.plan.Findings[i]
}

func (w *spreading) pass5(length time.Duration) {
	for end := w.now.Add(length); w.now.Before(end); {
		w.look()
	}
}

// A zone goes, comes back, and what runs in the wrong place is told, in a transcript that a
// person can read.
func TestAZoneComesBack(t *testing.T) {
	w := spreads("abc", "abc")
	w.profile.Spread = plane.Recommend
	w.pass5(time.Minute)
	w.host.Zones = map[string]int{"a": 3, "b": 3} // the nodes of zone c go, and the pods with them
	w.end("uid-3")
	w.end("uid-6")
	w.pass5(time.Minute)
	w.start(sizing.APIServer, "kube-apiserver-3", "a") // a new one is placed where there is a node
	w.pass5(3 * time.Minute)
	w.host.Zones["c"] = 3
	w.start(sizing.Etcd, "etcd-2", "c")
	w.pass5(4 * time.Minute)
	w.end("uid-7") // a person has evicted it
	w.start(sizing.APIServer, "kube-apiserver-4", "c")
	w.pass5(time.Minute)
	w.host.Budgets = w.host.Budgets[:0]
	for i := range w.pods {
		w.pods[i].Place.ByZone = false
	}
	w.pods[0].Zone = "b"
	w.pass5(5 * time.Minute)
	path := filepath.Join("testdata", "zone-comes-back.txt")
	if *update {
		if err := os.WriteFile(path, []byte(w.log.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), w.log.String()); diff != "" {
		t.Errorf("another transcript than %s (-want +got):\n%s", path, diff)
	}
}

// A profile that says nothing of zones has nothing said of them.
func TestZonesThatNobodyAsksFor(t *testing.T) {
	w := spreads("aaa", "aaa")
	w.profile.Zones, w.profile.Class, w.profile.Spread = 0, "", ""
	w.pass5(5 * time.Minute)
	if f := w.finding(); f != (plane.Finding{}) || w.plan.Availability.Class != "" || w.memory.Zones.Found != "" {
		t.Errorf("%+v and %+v", f, w.plan.Availability)
	}
}

func TestZonesSpread(t *testing.T) {
	for _, tt := range []struct {
		name    string
		seen    func(w *spreading)
		state   string
		message string
	}{
		{"all is well", func(*spreading) {}, "true AsExpected", "every component is spread over 3 zones, each pod on a node of its own, and its disruption budget lets one go at a time"},
		{"no zones are asked for", func(w *spreading) { w.profile.Zones = 0 }, "true AsExpected", "no two pods of a component share a node, and its disruption budget lets one go at a time; no zones are asked for"},
		{"off", func(w *spreading) { w.profile.Zones, w.profile.Spread = 0, plane.Off }, "false Off", "the profile asks for no zones, and has switched the spread off"},
		{"the nodes are not seen", func(w *spreading) { w.host.Looked = false }, "unknown PlacesUnknown", "the nodes of the host cluster have not been seen"},
		{
			"budgets are not seen", func(w *spreading) {
				w.host.Budgets, w.host.BudgetsFault = nil, &plane.Fault{Reason: v1alpha1.ReasonAccessDenied, Message: "the operator may not list them"}
			}, "unknown AccessDenied", "the operator may not list them",
		},
		{"a zone's loss is not carried", func(w *spreading) { w.used = 1.5 }, "false ZoneLossNotCarried", "the other replicas would not carry the load without zone a: raise the floor of replicas, their size or the load line"},
		{"a zone is short", func(w *spreading) { delete(w.host.Zones, "c"); w.end("uid-3"); w.end("uid-6") }, "false TooFewZones", "3 zones are asked for, and the host cluster gives 2: a, b (99.5 % can be promised)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := spreads("abc", "abc")
			tt.seen(w)
			w.pass5(time.Minute)
			f := w.finding()
			state := map[bool]string{true: "true ", false: "false "}[f.True] + f.Reason
			if f.Unknown {
				state = "unknown " + f.Reason
			}
			if state != tt.state || f.Message != tt.message {
				t.Errorf("%s: %s\nwant %s: %s", state, f.Message, tt.state, tt.message)
			}
		})
	}
}

// A loss that was not carried is carried again only when there is some room to it.
func TestALossDoesNotFlutter(t *testing.T) {
	w := spreads("abc", "abc")
	for _, step := range []struct {
		used float64
		want string
	}{{1.3, "AsExpected"}, {1.34, "ZoneLossNotCarried"}, {1.3, "ZoneLossNotCarried"}, {0, "ZoneLossNotCarried"}, {1.19, "AsExpected"}, {1.3, "AsExpected"}} {
		w.used = step.used
		w.look()
		if f := w.finding(); f.Reason != step.want {
			t.Errorf("with %.2f cores of 2 used by each: %s, want %s", step.used, f.Reason, step.want)
		}
	}
}

// wanted runs the part about zones for a while, and gives what is wanted last.
func (w *spreading) wanted(t *testing.T, length time.Duration) []rollout.Step {
	t.Helper()
	var steps []rollout.Step
	var how []plane.Step
	for end := w.now.Add(length); w.now.Before(end); {
		w.now = w.now.Add(5 * time.Second)
		steps, how, w.memory = recommender.Wants(w.snapshot(), w.profile, w.memory, w.now)
		w.outcomes = nil
		for i, s := range steps {
			if h := how[i]; h.Kind != plane.EvictPod || !h.Apply || h.Size.UID != s.UID || h.Reason.Code != v1alpha1.ReasonMisplaced || h.Reason.Message == "" {
				t.Fatalf("%+v is done by %+v", s, h)
			}
		}
	}
	return steps
}

// evicted has the step carried out, with this outcome.
func (w *spreading) evicted(s rollout.Step, fault *plane.Fault) {
	about := plane.Step{Size: &plane.SizeStep{Component: s.Component, Pod: s.Pod}}.About()
	w.outcomes = []plane.Outcome{{Kind: plane.EvictPod, Name: about, Fault: fault}}
	if fault == nil {
		w.end(s.UID)
	}
}

// A pod in the wrong place is asked to be evicted once that has lasted; one whose successor
// comes back to the same zone is left alone for eight hours.
func TestAMisplacedPodIsMovedOnce(t *testing.T) {
	w := spreads("aab", "abc")
	if early := w.wanted(t, 2*time.Minute); len(early) != 0 {
		t.Errorf("%+v is wanted at once", early)
	}
	want := []rollout.Step{{
		Kind: rollout.Replace, Component: sizing.APIServer, Pod: "kube-apiserver-1", UID: "uid-2", Node: "node-a2", Zone: "a",
		Why: "2 of 3 apiservers run in zone a, and zone c has room",
	}}
	steps := w.wanted(t, 10*time.Second)
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Fatalf("another step (-want +got):\n%s", diff)
	}
	w.evicted(steps[0], nil)
	if again := w.wanted(t, 10*time.Minute); len(again) != 0 {
		t.Errorf("%+v is wanted while its successor does not run", again)
	}
	w.start(sizing.APIServer, "kube-apiserver-3", "a")
	if again := w.wanted(t, 7*time.Hour+40*time.Minute); len(again) != 0 {
		t.Errorf("%+v is wanted, which has come back", again)
	}
	steps = w.wanted(t, 15*time.Minute)
	if len(steps) != 1 || steps[0].Pod != "kube-apiserver-3" {
		t.Fatalf("eight hours later %+v is wanted", steps)
	}
	// This time it goes where it should; should the zone go again it is moved again.
	w.evicted(steps[0], nil)
	w.wanted(t, time.Minute)
	w.start(sizing.APIServer, "kube-apiserver-4", "c")
	if again := w.wanted(t, time.Minute); len(again) != 0 || len(w.memory.Zones.Moved) != 0 {
		t.Errorf("%+v is wanted, and %+v kept", again, w.memory.Zones.Moved)
	}
	w.end("uid-8")
	w.start(sizing.APIServer, "kube-apiserver-5", "a")
	if steps = w.wanted(t, 3*time.Minute); len(steps) != 1 || steps[0].Pod != "kube-apiserver-5" {
		t.Errorf("%+v is wanted", steps)
	}
}

// A pod that shares a node is asked to start on another, which is named so.
func TestAPodThatSharesANode(t *testing.T) {
	w := spreads("abc", "abc")
	w.start(sizing.APIServer, "kube-apiserver-3", "a")
	w.host.Wanted[sizing.APIServer], w.host.Free = 4, map[string]int{"a": 1}
	w.pods[len(w.pods)-1].Node = w.pods[0].Node
	steps := w.wanted(t, 3*time.Minute)
	if len(steps) != 1 || steps[0].Pod != "kube-apiserver-3" {
		t.Fatalf("%+v is wanted", steps)
	}
	_, how, _ := recommender.Wants(w.snapshot(), w.profile, w.memory, w.now)
	want := "evicts kube-apiserver-3 from node node-a1, so that it starts on another node: 2 of 4 apiservers run on node node-a1, and its zone has another"
	if how[0].Reason.Message != want {
		t.Errorf("%q, want %q", how[0].Reason.Message, want)
	}
}

// What a budget has refused is asked for again after a while.
func TestARefusedMoveIsTriedAgain(t *testing.T) {
	w := spreads("aab", "abc")
	steps := w.wanted(t, 3*time.Minute)
	w.evicted(steps[0], &plane.Fault{Reason: v1alpha1.ReasonEvictionBlocked, Message: "no"})
	if again := w.wanted(t, 5*time.Minute); len(again) != 0 {
		t.Errorf("%+v is wanted at once", again)
	}
	if again := w.wanted(t, 3*time.Minute); len(again) != 1 {
		t.Errorf("%+v is wanted", again)
	}
}

// A pod under two budgets is evicted by nobody: that is not tried, and the plan says why.
func TestAPodUnderTwoBudgets(t *testing.T) {
	for budgets, want := range map[int]int{1: 1, 2: 0} {
		w := spreads("aab", "abc")
		w.host.Budgets = slices.DeleteFunc(w.host.Budgets, func(b plane.DisruptionBudget) bool { return b.Component != sizing.APIServer })
		for i := 1; i < budgets; i++ {
			more := w.host.Budgets[0]
			more.Name = "another"
			w.host.Budgets = append(w.host.Budgets, more)
		}
		w.pass5(4 * time.Minute)
		if n := w.count(plane.EvictPod); n != want {
			t.Errorf("with %d budgets %d evictions, want %d:\n%s", budgets, n, want, w.log.String())
		}
		if f := w.world.finding(v1alpha1.ConditionPlanProceeds); budgets > 1 && !strings.Contains(f.Message, "a pod of it is under more than one disruption budget") {
			t.Errorf("%+v", f)
		}
	}
}

// Nothing is wanted that is not allowed, or while anything is not seen.
func TestWhatHoldsAMove(t *testing.T) {
	for name, hold := range map[string]func(w *spreading){
		"recommended": func(w *spreading) { w.profile.Spread = plane.Recommend },
		"off":         func(w *spreading) { w.profile.Spread = plane.Off },
		"paused":      func(w *spreading) { w.profile.Paused = true },
		"a replica is not seen": func(w *spreading) {
			w.blind[1] = &plane.Fault{Reason: v1alpha1.ReasonReplicaTimeout, Message: "no answer"}
		},
		"the nodes are not seen": func(w *spreading) { w.host.Looked = false },
	} {
		t.Run(name, func(t *testing.T) {
			w := spreads("aab", "abc")
			if steps := w.wanted(t, 3*time.Minute); len(steps) != 1 {
				t.Fatalf("%+v is wanted before", steps)
			}
			hold(w)
			if steps := w.wanted(t, 10*time.Second); len(steps) != 0 {
				t.Errorf("%+v is wanted", steps)
			}
		})
	}
}

// Whatever happens to pods, zones and sight: one pod at a time at most, none while one is
// missing or anything is unseen.
func TestMovesNeverRiskTheReplicas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := spreads(rapid.StringMatching("[abc]{2,5}").Draw(t, "servers"), "abc")
		for range rapid.IntRange(1, 15).Draw(t, "events") {
			w.happen(t)
			for range rapid.IntRange(1, 40).Draw(t, "looks") {
				w.now = w.now.Add(5 * time.Second)
				s := w.snapshot()
				var steps []rollout.Step
				steps, _, w.memory = recommender.Wants(s, w.profile, w.memory, w.now)
				w.outcomes = nil
				w.checkMoves(t, s, steps)
				if len(steps) == 1 && rapid.Bool().Draw(t, "its turn") {
					w.evicted(steps[0], nil)
				}
			}
		}
	})
}

// happen has something happen to the host or to what is seen of it.
func (w *spreading) happen(t *rapid.T) {
	zone := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "zone")
	switch rapid.IntRange(0, 5).Draw(t, "event") {
	case 0:
		w.host.Zones[zone] = rapid.IntRange(0, 3).Draw(t, "nodes")
	case 1:
		w.start(sizing.APIServer, fmt.Sprintf("kube-apiserver-%d", w.made), zone)
	case 2:
		w.host.Looked = !w.host.Looked
	case 3:
		i := rapid.IntRange(0, len(w.pods)-1).Draw(t, "pod")
		w.pods[i].Ready = !w.pods[i].Ready
	case 4:
		w.blind[0] = &plane.Fault{Reason: v1alpha1.ReasonReplicaTimeout, Message: "no answer"}
	case 5:
		clear(w.blind)
	}
}

func (w *spreading) checkMoves(t *rapid.T, s plane.Snapshot, steps []rollout.Step) {
	if len(steps) == 0 {
		return
	}
	if len(steps) > 1 || steps[0].Component != sizing.APIServer {
		t.Fatalf("%+v are wanted", steps)
	}
	n := 0
	for _, p := range s.Sizes.Pods {
		if p.Component == sizing.APIServer {
			n++
			if !p.Ready {
				t.Fatalf("%s is wanted while %s is not ready", steps[0].Pod, p.Pod)
			}
		}
	}
	if n != w.host.Wanted[sizing.APIServer] || !w.host.Looked || len(w.blind) > 0 {
		t.Fatalf("%s is wanted with %d pods of %d, nodes seen: %t, blind: %v", steps[0].Pod, n, w.host.Wanted[sizing.APIServer], w.host.Looked, w.blind)
	}
}

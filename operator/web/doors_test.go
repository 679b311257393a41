// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// acmeProbes are a round in which the second replica fails its reads, beside others that serve.
func acmeProbes(p v1alpha1.ControlPlaneProfile) func(types.NamespacedName) []sla.Probe {
	at := now.Add(-5 * time.Second)
	one := func(replica string, q sla.Question) sla.Probe {
		return sla.Probe{Replica: replica, Question: q, Result: sla.Served, Phase: sla.Done, At: at, Took: 12 * time.Millisecond, Code: 200}
	}
	all := []sla.Probe{one("", sla.Ready), one("", sla.Read), one("", sla.Write)}
	for i, r := range p.Status.Replicas {
		read := one(r.Name, sla.Read)
		if i == 1 {
			read.Result, read.Phase, read.Took, read.Code, read.Why = sla.Failed, sla.Wait, 5*time.Second, 0, r.Name+": no answer to Read within 5s (Wait)"
		}
		all = append(all, one(r.Name, sla.Ready), read)
	}
	return func(key types.NamespacedName) []sla.Probe {
		if key != (types.NamespacedName{Namespace: p.Namespace, Name: p.Name}) {
			return nil
		}
		return all
	}
}

// between is what stands on a page from one text to the next.
func between(t *testing.T, page, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, from)
	if !found {
		t.Fatalf("there is no %q", from)
	}
	out, _, _ := strings.Cut(rest, to)
	return out
}

// What came of the last probes stands beside each replica, and of the balancer above them, on
// the page and in what it fetches of itself.
func TestLastProbes(t *testing.T) {
	p, l, h := acme()
	c := config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p, fleet(2)[1]}, ledgers: []v1alpha1.AvailabilityLedger{l}}, h)
	c.Probes = acmeProbes(p)
	server := serve(t, c)
	var live struct{ Parts string }
	if err := json.Unmarshal([]byte(get(t, server, "/live/cp/tenant-acme/acme").body), &live); err != nil {
		t.Fatal(err)
	}
	const failed = `read <b class="t-bad">failed in wait</b> after 5 s`
	for name, page := range map[string]string{"the page": get(t, server, "/cp/tenant-acme/acme").body, "what it fetches": live.Parts} {
		for i, r := range p.Status.Replicas {
			line := between(t, page, `<span class="pod">`+r.Name, "</li>")
			if !strings.Contains(line, `ready <b class="t-ok">served</b> after 12 ms`) || !strings.Contains(line, `<time datetime="2026-11-26T14:06:05Z"`) {
				t.Errorf("%s: replica %d is shown as %s", name, i, line)
			}
			if strings.Contains(line, failed) != (i == 1) || strings.Contains(line, `<small class="why">no answer to Read`) != (i == 1) {
				t.Errorf("%s: replica %d reads, or does not: %s", name, i, line)
			}
		}
		if line := between(t, page, "<b>Balancer</b>", "</p>"); !strings.Contains(line, `write <b class="t-ok">served</b>`) || strings.Contains(line, "failed") {
			t.Errorf("%s: the balancer is shown as %s", name, line)
		}
	}
	if got := get(t, server, "/cp/tenant-borealis/borealis").body; strings.Contains(got, "<b>Balancer</b>") {
		t.Error("one that was not asked has a balancer")
	}
}

// A replica that the status does not name yet is shown as well.
func TestProbesOfAReplicaThatIsNew(t *testing.T) {
	p, l, h := acme()
	c := config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{l}}, h)
	c.Probes = func(types.NamespacedName) []sla.Probe {
		return []sla.Probe{{Replica: "new-one", Question: sla.Ready, Result: sla.Refused, Phase: sla.Done, At: now}}
	}
	if line := between(t, get(t, serve(t, c), "/cp/tenant-acme/acme").body, `<span class="pod">new-one</span>`, "</p>"); !strings.Contains(line, `ready <b class="t-warn">refused</b>`) {
		t.Errorf("it is shown as %s", line)
	}
}

// The same for machines, to whoever may see the control plane.
func TestLastProbesAsJSON(t *testing.T) {
	p, l, h := acme()
	c := config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}, ledgers: []v1alpha1.AvailabilityLedger{l}}, h)
	const path = "/cp/tenant-acme/acme/probes.json"
	if got := get(t, serve(t, c), path).body; got != `{"namespace":"tenant-acme","name":"acme","doors":[]}` {
		t.Errorf("without probes it is %s", got)
	}
	c.Probes = acmeProbes(p)
	type probe struct {
		Question, Result, Phase, Why string
		Seconds                      float64
		Code                         int
	}
	var got struct {
		Doors []struct {
			Door, Replica, At string
			Probes            []probe
		}
	}
	if err := json.Unmarshal([]byte(get(t, serve(t, c), path).body), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Doors) != 4 || got.Doors[0].Door != "balancer" || got.Doors[0].Replica != "" || len(got.Doors[0].Probes) != 3 {
		t.Fatalf("%+v", got)
	}
	second := p.Status.Replicas[1].Name
	if d := got.Doors[2]; d.Door != "replica" || d.Replica != second || d.At != "2026-11-26T14:06:05Z" {
		t.Errorf("%+v", d)
	}
	want := []probe{
		{Question: "ready", Result: "served", Phase: "done", Seconds: .012, Code: 200},
		{Question: "read", Result: "failed", Phase: "wait", Why: second + ": no answer to Read within 5s (Wait)", Seconds: 5},
	}
	if diff := cmp.Diff(want, got.Doors[2].Probes); diff != "" {
		t.Errorf("of the second replica (-want +got):\n%s", diff)
	}
	c.Access = rights(func(*authorizationv1.ResourceAttributes) bool { return false })
	if refused := get(t, serve(t, c), path); refused.status == 200 || strings.Contains(refused.body, second) {
		t.Errorf("who may not see it is answered %d: %s", refused.status, refused.body)
	}
}

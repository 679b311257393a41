// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/operator/observe/dump"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Other requests beside those of the sentence: another client that does the same,
// and the same client that does something else.
const (
	listPods       = "/api/v1/pods"
	podsByName     = "/api/v1/namespaces/default/pods"
	listConfigMaps = "/api/v1/configmaps"
	agentUser      = "system:serviceaccount:telemetry:agent"
	bystander      = "system:serviceaccount:telemetry:bystander"
	schemaHeader   = "X-Kubernetes-Pf-Flowschema-Uid"
)

// caller makes plain requests as a user: no client library retries what is
// rejected.
type caller struct {
	http *http.Client
	host string
}

func (w *tenant) caller(t *testing.T, user string) *caller {
	t.Helper()
	config := rest.CopyConfig(w.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:serviceaccounts", "system:authenticated"}}
	h, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	return &caller{http: h, host: strings.TrimSuffix(config.Host, "/")}
}

// get is the status of one request, and the UID of the schema that classified it.
func (c *caller) get(ctx context.Context, path string) (status int, schema string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.host+path, nil)
	if err != nil {
		return 0, ""
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close() //nolint:errcheck // nothing is left to be done about it
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header.Get(schemaHeader)
}

// flood makes requests from many clients at once and counts the answers by status.
func (c *caller) flood(ctx context.Context, path string, clients, each int) map[int]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	counts := map[int]int{}
	for range clients {
		all.Go(func() {
			for range each {
				status, _ := c.get(ctx, path)
				mu.Lock()
				counts[status]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return counts
}

// mayList lets both service accounts read, so that what is refused is refused by
// flow control alone.
func (w *tenant) mayList(t *testing.T) {
	t.Helper()
	// The role view is aggregated by a controller that envtest does not run.
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "readers"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"get", "list"}}},
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "readers"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "readers"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "system:serviceaccounts"}},
	}
	w.create(t, role, binding)
	c := w.caller(t, agentUser)
	await(t, "the agent's permission to list pods", func() bool {
		status, _ := c.get(t.Context(), listPods)
		return status == http.StatusOK
	})
}

// awaitJailed waits until a request is classified by the sentence's schema, and
// says how long that took.
func (w *tenant) awaitJailed(t *testing.T, c *caller, path string, s plane.Step) time.Duration {
	t.Helper()
	var schema flowcontrolv1.FlowSchema
	if err := w.Get(t.Context(), client.ObjectKey{Name: s.Sentence.Name}, &schema); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	await(t, "the sentence's schema to classify the agent's requests", func() bool {
		_, uid := c.get(t.Context(), path)
		return uid == string(schema.UID)
	})
	return time.Since(began)
}

// others are untouched: the agent's other requests and those of a bystander.
func (w *tenant) othersUntouched(t *testing.T) {
	t.Helper()
	for _, c := range []struct{ user, path string }{
		{bystander, listPods}, {bystander, podsByName}, {agentUser, podsByName}, {agentUser, listConfigMaps},
	} {
		if got := w.caller(t, c.user).flood(t.Context(), c.path, 8, 3); got[http.StatusOK] != 24 {
			t.Errorf("%s at %s, beside the jail: %v, want 24 of status 200", c.user, c.path, got)
		}
	}
}

// TestJailLimits: the jailed requests of a client, and only those, are limited as
// the grade says, by a real apiserver.
func TestJailLimits(t *testing.T) {
	w := newTenant(t)
	w.mayList(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	must(t, a, plane.Step{Kind: plane.ProtectSelf, Apply: true})
	c := w.caller(t, agentUser)
	if free := c.flood(t.Context(), listPods, 32, 10); free[http.StatusOK] != 320 {
		t.Fatalf("before the sentence: %v, want 320 of status 200", free)
	}

	s := jail(plane.PassSentence, agent, one)
	must(t, a, s)
	t.Logf("the schema was at work %s after the level was in force", w.awaitJailed(t, c, listPods, s))
	got := c.flood(t.Context(), listPods, 32, 10)
	if got[http.StatusOK] == 0 || got[http.StatusTooManyRequests] < 32 || got[http.StatusOK]+got[http.StatusTooManyRequests] != 320 {
		t.Errorf("one request at a time: %v, want some of status 200 and most of 429", got)
	}
	if alone := c.flood(t.Context(), listPods, 1, 20); alone[http.StatusOK] != 20 {
		t.Errorf("one request after another: %v, want all of status 200", alone)
	}
	w.othersUntouched(t)

	must(t, a, jail(plane.ChangeGrade, agent, none))
	// A request may wait for a quarter of its own time limit.
	await(t, "the grade none", func() bool {
		return c.flood(t.Context(), listPods+"?timeout=1s", 1, 1)[http.StatusTooManyRequests] == 1
	})
	if got := c.flood(t.Context(), listPods+"?timeout=1s", 16, 2); got[http.StatusTooManyRequests] != 32 {
		t.Errorf("no requests: %v, want 32 of status 429", got)
	}
	w.othersUntouched(t)

	must(t, a, end(s))
	await(t, "the release", func() bool { return c.flood(t.Context(), listPods, 8, 2)[http.StatusOK] == 16 })
}

// TestSentencesAreExact: schemas match each kind of client and nothing beside it,
// as a real apiserver classifies.
func TestSentencesAreExact(t *testing.T) {
	w := newTenant(t)
	w.mayList(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	for _, c := range []struct {
		name   string
		client plane.Client
		in     string
		out    []string
	}{
		{"by namespace", plane.Client{User: agentUser, Verb: "list", Resource: "pods", Namespaced: true}, podsByName, []string{listPods, podsByName + "/p", "/api/v1/namespaces/default/configmaps"}},
		{"a group", plane.Client{User: agentUser, Verb: "list", Group: "apps", Resource: "deployments"}, "/apis/apps/v1/deployments", []string{listPods, "/apis/apps/v1/replicasets"}},
		{"a subresource", plane.Client{User: agentUser, Verb: "get", Resource: "pods/status", Namespaced: true}, podsByName + "/p/status", []string{podsByName + "/p", podsByName}},
		{"a path", plane.Client{User: agentUser, Verb: "get", Path: "/version"}, "/version", []string{"/healthz", listPods}},
		{"all service accounts of a namespace", plane.Client{User: plane.Group("telemetry"), Verb: "list", Resource: "pods"}, listPods, []string{podsByName, listConfigMaps}},
		{"several verbs", plane.Client{User: agentUser, Verb: "list,watch", Resource: "pods"}, listPods, []string{podsByName, listConfigMaps, "/api/v1/pods/p"}},
		{"all that a user does", plane.Client{User: agentUser, Verb: plane.All, Group: plane.All, Resource: plane.All}, listConfigMaps, []string{"/version", "/healthz"}},
		{"a plain user", plane.Client{User: "jane@example.com", Verb: "list", Resource: "pods"}, listPods, []string{podsByName}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := jail(plane.PassSentence, c.client, one)
			must(t, a, s)
			user, other := c.client.User, bystander
			if namespace, ok := c.client.GroupOf(); ok {
				user, other = bystander, "system:serviceaccount:"+namespace+"-like:agent"
			}
			caller := w.caller(t, user)
			w.awaitJailed(t, caller, c.in, s)
			_, jailed := caller.get(t.Context(), c.in)
			for _, path := range c.out {
				if _, schema := caller.get(t.Context(), path); schema == "" || schema == jailed {
					t.Errorf("%s is classified by schema %q, as %s is", path, schema, c.in)
				}
			}
			if _, schema := w.caller(t, other).get(t.Context(), c.in); schema == "" || schema == jailed {
				t.Errorf("the bystander's %s is classified by schema %q, as the sentenced client's is", c.in, schema)
			}
			must(t, a, end(s))
		})
	}
}

// TestWideSentencesHoldAllTheirParts: one sentence holds every account of a group,
// every verb of a family, and both scopes of all that a user does.
func TestWideSentencesHoldAllTheirParts(t *testing.T) {
	w := newTenant(t)
	w.mayList(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	watchPods := listPods + "?watch=1&timeoutSeconds=1"
	for _, c := range []struct {
		name   string
		client plane.Client
		in     [][2]string
	}{
		{"a group", plane.Client{User: plane.Group("telemetry"), Verb: "list", Resource: "pods"}, [][2]string{{agentUser, listPods}, {bystander, listPods}}},
		{"verbs", plane.Client{User: agentUser, Verb: "list,watch", Resource: "pods"}, [][2]string{{agentUser, listPods}, {agentUser, watchPods}}},
		{"all", plane.Client{User: agentUser, Verb: plane.All, Group: plane.All, Resource: plane.All}, [][2]string{{agentUser, podsByName}, {agentUser, listPods}, {agentUser, "/apis/apps/v1/deployments"}, {agentUser, podsByName + "/p/status"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := jail(plane.PassSentence, c.client, one)
			must(t, a, s)
			w.awaitJailed(t, w.caller(t, c.in[0][0]), c.in[0][1], s)
			_, jailed := w.caller(t, c.in[0][0]).get(t.Context(), c.in[0][1])
			for _, request := range c.in[1:] {
				if _, schema := w.caller(t, request[0]).get(t.Context(), request[1]); schema != jailed {
					t.Errorf("%s at %s is classified by schema %q, want the sentence's %q", request[0], request[1], schema, jailed)
				}
			}
			if got := w.read(t, a).Sentences; len(got) != 1 || got[0].Client != c.client || !got[0].Active() {
				t.Errorf("read back %+v, want the sentence on %s", got, c.client)
			}
			must(t, a, end(s))
		})
	}
}

// TestAManualSentenceComesFirst: it decides where an automatic one matches as well.
func TestAManualSentenceComesFirst(t *testing.T) {
	w := newTenant(t)
	w.mayList(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	automatic := jail(plane.PassSentence, plane.Client{User: agentUser, Verb: "list", Resource: "pods"}, one)
	must(t, a, automatic)
	c := w.caller(t, agentUser)
	w.awaitJailed(t, c, listPods, automatic)
	manual := jail(plane.PassSentence, plane.Client{User: plane.Group("telemetry"), Verb: "list,watch", Resource: "pods"}, one)
	manual.Sentence.Manual = true
	must(t, a, manual)
	w.awaitJailed(t, c, listPods, manual)
	for _, s := range w.read(t, a).Sentences {
		if !s.Active() || s.Manual != (s.Name == manual.Sentence.Name) {
			t.Errorf("read back %+v", s)
		}
	}
	must(t, a, end(manual))
	must(t, a, end(automatic))
}

// TestExemptRequestsAreInTheDump: whoever is exempt can be named, because its
// requests are listed. The request for the dump itself is one.
func TestExemptRequestsAreInTheDump(t *testing.T) {
	w := newTenant(t)
	page, err := w.metrics.Get().AbsPath("/debug/api_priority_and_fairness/dump_requests").Param("includeRequestDetails", "1").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := dump.Parse(page, time.Now(), dump.Bounds{})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range got.Held {
		if h.Level == "exempt" && h.Executing == 1 && h.Client.User != "" && strings.Contains(h.Client.Path, "dump_requests") {
			return
		}
	}
	t.Errorf("the dump has %+v, want the exempt request for it", got.Held)
}

// TestJailsMadeByHandAreKnown: a level without seats of its own that borrows none.
func TestJailsMadeByHandAreKnown(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	level := func(name string, borrows *int32) *flowcontrolv1.PriorityLevelConfiguration {
		return &flowcontrolv1.PriorityLevelConfiguration{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: flowcontrolv1.PriorityLevelConfigurationSpec{
			Type: flowcontrolv1.PriorityLevelEnablementLimited,
			Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{
				NominalConcurrencyShares: new(int32(0)), LendablePercent: new(int32(0)), BorrowingLimitPercent: borrows,
				LimitResponse: flowcontrolv1.LimitResponse{Type: flowcontrolv1.LimitResponseTypeReject},
			},
		}}
	}
	w.create(t, level("quarantine", new(int32(0))), level("borrower", nil))
	for _, l := range w.read(t, a).Levels {
		if l.Jail != (l.Name == "quarantine") {
			t.Errorf("level %s: Jail %v", l.Name, l.Jail)
		}
	}
}

// TestEverybodysLists: all ordinary clients' lists of a kind share a level, which serves
// them in turn; the control plane's own lists and everybody's other requests do not go
// there.
func TestEverybodysLists(t *testing.T) {
	w := newTenant(t)
	w.mayList(t)
	a := actuate.New(w, w, owner)
	leave(t, a)
	s := jail(plane.PassSentence, plane.Client{User: plane.Everyone, Verb: "list", Resource: "pods"}, some(1))
	must(t, a, s)
	w.awaitJailed(t, w.caller(t, agentUser), listPods, s)
	w.awaitJailed(t, w.caller(t, bystander), listPods, s)
	if got := w.caller(t, agentUser).flood(t.Context(), listPods, 20, 3); got[http.StatusOK] != 60 {
		t.Errorf("20 clients at once: %v, want 60 of status 200, in turn", got)
	}
	var schema flowcontrolv1.FlowSchema
	if err := w.Get(t.Context(), client.ObjectKey{Name: s.Sentence.Name}, &schema); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ user, path string }{
		{"system:serviceaccount:kube-system:garbage-collector", listPods}, {agentUser, listConfigMaps}, {agentUser, podsByName},
	} {
		if status, uid := w.caller(t, c.user).get(t.Context(), c.path); uid == string(schema.UID) || status != http.StatusOK {
			t.Errorf("%s at %s: status %d, schema %s; want it left where it was", c.user, c.path, status, uid)
		}
	}
}

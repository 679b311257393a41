// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// ceiling is what envtest's kube-apiserver allows by its default flags, 400+200.
const ceiling = 600

var (
	owner    = actuate.Owner{Namespace: "tenant-acme", Name: "acme", UID: "u1", Self: "evenkeel"}
	agent    = plane.Client{User: "system:serviceaccount:telemetry:agent", Verb: "list", Resource: "pods"}
	replicas = []plane.Replica{{Name: "r", Ready: true, Ceiling: ceiling}}
)

// shared is the one server of all tests, started by the first that asks for it.
// The tests share its flow control too, so none of them runs in parallel with
// another that writes.
var shared struct {
	once   sync.Once
	env    envtest.Environment
	config *rest.Config
	err    error
}

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	code := m.Run()
	if shared.config != nil {
		if err := shared.env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping kube-apiserver:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// tenant is a real kube-apiserver, and its limits as it reports them itself.
type tenant struct {
	client.Client
	config  *rest.Config
	metrics rest.Interface
}

// newTenant gives the test the shared server, and sees to it that the test leaves
// the flow control as it found it.
func newTenant(t *testing.T) *tenant {
	t.Helper()
	shared.once.Do(func() {
		if os.Getenv("KUBEBUILDER_ASSETS") == "" {
			shared.err = errors.New("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
			return
		}
		shared.config, shared.err = shared.env.Start()
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	w := tenantOf(t, shared.config)
	w.awaitDefaults(t)
	before := w.specs(t)
	t.Cleanup(func() {
		if diff := cmp.Diff(before, w.specs(t)); diff != "" {
			t.Errorf("the tenant was not left as found (-before +after):\n%s", diff)
		}
	})
	return w
}

func tenantOf(t *testing.T, config *rest.Config) *tenant {
	t.Helper()
	c, err := client.New(config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	set, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &tenant{Client: c, config: config, metrics: set.RESTClient()}
}

// as is the same tenant to another user.
func (w *tenant) as(t *testing.T, user string, groups ...string) *tenant {
	t.Helper()
	config := rest.CopyConfig(w.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append(groups, "system:authenticated")}
	config.QPS = -1
	return tenantOf(t, config)
}

// awaitDefaults waits until the apiserver has written its own levels and schemas.
func (w *tenant) awaitDefaults(t *testing.T) {
	t.Helper()
	var limits map[string]int
	var err error
	defer func() {
		if t.Failed() {
			t.Logf("the limits are %v (error %v), of %d objects", limits, err, len(w.specs(t)))
		}
	}()
	await(t, "the apiserver's default limits and schemas", func() bool {
		limits, err = w.NominalLimits(t.Context(), "r")
		return err == nil && limits["workload-low"] == 245 && len(w.specs(t)) >= 8+11
	})
}

// await waits for a condition of the server's.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(30 * time.Second); !holds(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// NominalLimits reads the server's own metrics.
func (w *tenant) NominalLimits(ctx context.Context, _ string) (map[string]int, error) {
	page, err := w.metrics.Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	limits := map[string]int{}
	for line := range strings.Lines(string(page)) {
		var value int
		rest, ok := strings.CutPrefix(line, `apiserver_flowcontrol_nominal_limit_seats{priority_level="`)
		level, number, found := strings.Cut(rest, `"} `)
		if !ok || !found {
			continue
		}
		if _, err := fmt.Sscan(number, &value); err != nil {
			return nil, err
		}
		limits[level] = value
	}
	return limits, nil
}

// LiveLevels reads the server's own debug dump.
func (w *tenant) LiveLevels(ctx context.Context, _ string) (map[string]bool, error) {
	rows, err := w.rows(ctx, "dump_priority_levels")
	live := map[string]bool{}
	for level := range rows {
		live[level] = true
	}
	return live, err
}

// Queues reads the server's own debug dump.
func (w *tenant) Queues(ctx context.Context, _ string) (map[string]int, error) {
	return w.rows(ctx, "dump_queues")
}

func (w *tenant) rows(ctx context.Context, dump string) (map[string]int, error) {
	page, err := w.metrics.Get().AbsPath("/debug/api_priority_and_fairness/" + dump).DoRaw(ctx)
	rows := map[string]int{}
	for line := range strings.Lines(string(page)) {
		level, _, _ := strings.Cut(line, ",")
		rows[strings.TrimSpace(level)]++
	}
	return rows, err
}

// specs are all the levels and schemas, without what only the server writes.
func (w *tenant) specs(t *testing.T) map[string]any {
	t.Helper()
	var levels flowcontrolv1.PriorityLevelConfigurationList
	var schemas flowcontrolv1.FlowSchemaList
	ctx := context.WithoutCancel(t.Context()) // cleanups look too
	if err := w.List(ctx, &levels); err != nil {
		t.Fatal(err)
	}
	if err := w.List(ctx, &schemas); err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, l := range levels.Items {
		all["level "+l.Name] = []any{l.Labels, l.Annotations, l.Spec}
	}
	for _, s := range schemas.Items {
		all["schema "+s.Name] = []any{s.Labels, s.Annotations, s.Spec}
	}
	return all
}

// create makes objects for the time of the test.
func (w *tenant) create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		if err := w.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := w.Delete(context.WithoutCancel(t.Context()), o); client.IgnoreNotFound(err) != nil {
				t.Error(err)
			}
		})
	}
}

// read is the configuration as it is read for a decision.
func (w *tenant) read(t *testing.T, a *actuate.Actuator) *plane.FlowConfig {
	t.Helper()
	config, fault := a.ReadConfig(t.Context())
	if fault != nil {
		t.Fatalf("reading the configuration: %+v", fault)
	}
	return config
}

// leave takes everything back at the end of a test.
func leave(t *testing.T, a *actuate.Actuator) {
	t.Helper()
	t.Cleanup(func() {
		if err := a.LeaveAsFound(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
}

// must applies a step that is to succeed.
func must(t *testing.T, a *actuate.Actuator, s plane.Step) plane.Outcome {
	t.Helper()
	o := a.Apply(t.Context(), s, replicas, time.Now)
	if o.Fault != nil || o.Written.IsZero() || o.InForce.IsZero() {
		t.Fatalf("%s: %+v, fault %+v", s.Kind, o, o.Fault)
	}
	return o
}

// fails applies a step that is to fail, with the reason and with all the words in
// its message.
func fails(t *testing.T, a *actuate.Actuator, s plane.Step, reason string, words ...string) {
	t.Helper()
	o := a.Apply(t.Context(), s, replicas, time.Now)
	wantFault(t, o.Fault, reason, words...)
	if !o.InForce.IsZero() {
		t.Errorf("%s failed and is in force since %s", s.Kind, o.InForce)
	}
	if !o.Written.IsZero() && reason != v1alpha1.ReasonNotReadBack {
		t.Errorf("%s failed with %s and is said to be written", s.Kind, reason)
	}
}

func wantFault(t *testing.T, f *plane.Fault, reason string, words ...string) {
	t.Helper()
	if f == nil {
		t.Fatalf("no fault, want %s", reason)
	}
	if f.Reason != reason {
		t.Errorf("the fault is %s (%s), want %s", f.Reason, f.Message, reason)
	}
	for _, w := range words {
		if !strings.Contains(f.Message, w) {
			t.Errorf("the fault does not say %q: %s", w, f.Message)
		}
	}
}

func ballast(shares int) plane.Step {
	return plane.Step{Kind: plane.SetBallast, Apply: true, Level: &plane.LevelSpec{Name: actuate.BallastName, Shares: shares}}
}

func jail(kind plane.StepKind, c plane.Client, g plane.Grade) plane.Step {
	s := offender.Pass(c, g, 0, plane.Profile{Term: time.Minute, MaxTerm: time.Hour}, time.Now())
	s.Reason = "because"
	level := offender.Level(s, ceiling, 245)
	return plane.Step{Kind: kind, Apply: true, Sentence: &s, Level: &level}
}

func end(s plane.Step) plane.Step {
	return plane.Step{Kind: plane.EndSentence, Apply: true, Sentence: s.Sentence}
}

var (
	one  = plane.Grade{Kind: plane.GradeOne}
	none = plane.Grade{Kind: plane.GradeNone}
)

func some(seats int) plane.Grade { return plane.Grade{Kind: plane.GradeSeats, Seats: seats} }

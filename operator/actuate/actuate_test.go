// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate"
	"evenkeel.dev/evenkeel/recommender/offender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

// ceiling is what envtest's kube-apiserver allows by its default flags, 400+200.
const ceiling = 600

var (
	owner = actuate.Owner{Namespace: "tenant-acme", Name: "acme", UID: "u1", Self: "evenkeel"}
	agent = plane.Client{User: "system:serviceaccount:telemetry:agent", Verb: "list", Resource: "pods"}
)

// tenant is a real kube-apiserver, and limits as it reports them itself.
type tenant struct {
	client.Client
	config *rest.Config
	// lie is added to every limit that is read back.
	lie int
}

func newTenant(t *testing.T) *tenant {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
	}
	env := &envtest.Environment{}
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := client.New(config, client.Options{Scheme: scheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	w := &tenant{Client: c, config: config}
	w.awaitDefaults(t)
	return w
}

// awaitDefaults waits until the apiserver has written its own levels and schemas.
func (w *tenant) awaitDefaults(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		limits, err := w.NominalLimits(t.Context(), "r")
		if err == nil && limits["workload-low"] == 245 {
			return
		}
	}
	t.Fatal("the apiserver does not show its default limits")
}

// NominalLimits reads the server's own metrics.
func (w *tenant) NominalLimits(ctx context.Context, _ string) (map[string]int, error) {
	hc, err := rest.HTTPClientFor(w.config)
	if err != nil {
		return nil, err
	}
	c, err := rest.RESTClientForConfigAndClient(withCodec(w.config), hc)
	if err != nil {
		return nil, err
	}
	page, err := c.Get().AbsPath("/metrics").DoRaw(ctx)
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
		limits[level] = value + w.lie
	}
	return limits, nil
}

// LiveLevels are those of the server's own metrics: none is deleted before this asks.
func (w *tenant) LiveLevels(ctx context.Context, replica string) (map[string]bool, error) {
	limits, err := w.NominalLimits(ctx, replica)
	live := map[string]bool{}
	for level := range limits {
		live[level] = true
	}
	return live, err
}

func withCodec(c *rest.Config) *rest.Config {
	c = rest.CopyConfig(c)
	c.GroupVersion = &flowcontrolv1.SchemeGroupVersion
	c.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	return c
}

var replicas = []plane.Replica{{Name: "r", Ready: true, Ceiling: ceiling}}

func sentence(g plane.Grade) plane.Sentence {
	s := offender.Pass(agent, g, 0, plane.Profile{Term: time.Minute, MaxTerm: time.Hour}, time.Now())
	s.Reason = "because"
	return s
}

func jail(kind plane.StepKind, g plane.Grade) plane.Step {
	s := sentence(g)
	level := offender.Level(s.Name, g, ceiling, 245)
	return plane.Step{Kind: kind, Apply: true, Sentence: &s, Level: &level}
}

func (w *tenant) specs(t *testing.T) map[string]any {
	t.Helper()
	var levels flowcontrolv1.PriorityLevelConfigurationList
	var schemas flowcontrolv1.FlowSchemaList
	if err := w.List(t.Context(), &levels); err != nil {
		t.Fatal(err)
	}
	if err := w.List(t.Context(), &schemas); err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, l := range levels.Items {
		all["level "+l.Name] = l.Spec
	}
	for _, s := range schemas.Items {
		all["schema "+s.Name] = s.Spec
	}
	return all
}

// TestWholeLife writes every kind of step to a real apiserver, sees each take
// effect, and leaves it as it was found.
func TestWholeLife(t *testing.T) {
	w := newTenant(t)
	a := actuate.New(w, w, owner)
	before := w.specs(t)
	apply := func(s plane.Step) {
		t.Helper()
		o := a.Apply(t.Context(), s, replicas, time.Now)
		if o.Fault != nil || o.Written.IsZero() || o.InForce.IsZero() {
			t.Fatalf("%s: %+v %+v", s.Kind, o, o.Fault)
		}
	}
	apply(plane.Step{Kind: plane.ProtectSelf, Apply: true})
	config := w.read(t, a)
	if !config.SelfProtected || len(config.Taken) != 0 {
		t.Errorf("after ProtectSelf the configuration is %+v", config)
	}
	others := seats.Shares(config.Levels)
	shares := seats.Ballast(ceiling, others, 300)
	apply(plane.Step{Kind: plane.SetBallast, Apply: true, Level: &plane.LevelSpec{Name: actuate.BallastName, Shares: shares}})
	limits, err := w.NominalLimits(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	if left := ceiling - limits[actuate.BallastName]; left != 300 {
		t.Errorf("the server leaves %d seats usable, want 300", left)
	}
	apply(jail(plane.PassSentence, plane.Grade{Kind: plane.GradeOne}))
	apply(jail(plane.ChangeGrade, plane.Grade{Kind: plane.GradeNone}))
	apply(jail(plane.ChangeGrade, plane.Grade{Kind: plane.GradeSeats, Seats: 2}))
	config = w.read(t, a)
	if len(config.Sentences) != 1 || config.Sentences[0].Grade.Seats != 2 || config.Sentences[0].Client != agent {
		t.Errorf("the sentences read back are %+v", config.Sentences)
	}
	apply(plane.Step{Kind: plane.EndSentence, Apply: true, Sentence: &config.Sentences[0]})
	apply(plane.Step{Kind: plane.RemoveBallast, Apply: true})
	apply(jail(plane.PassSentence, plane.Grade{Kind: plane.GradeOne}))
	apply(plane.Step{Kind: plane.Withdraw, Apply: true})
	if diff := cmp.Diff(before, w.specs(t)); diff != "" {
		t.Errorf("the tenant was not left as found (-before +after):\n%s", diff)
	}
	t.Run("a shown step writes nothing", func(t *testing.T) {
		s := jail(plane.PassSentence, plane.Grade{Kind: plane.GradeOne})
		s.Apply = false
		if o := a.Apply(t.Context(), s, replicas, time.Now); !o.Written.IsZero() || len(w.specs(t)) != len(before) {
			t.Errorf("a step that is only shown was written: %+v", o)
		}
	})
	t.Run("another's object is left alone", func(t *testing.T) { w.othersObject(t, a) })
	t.Run("a contested field is told", func(t *testing.T) { w.contested(t, a) })
	t.Run("a replica that does not obey is told", func(t *testing.T) { w.disobedient(t, a) })
	t.Run("an unreachable tenant is told", func(t *testing.T) { w.unreachable(t) })
}

func (w *tenant) read(t *testing.T, a *actuate.Actuator) *plane.FlowConfig {
	t.Helper()
	config, fault := a.ReadConfig(t.Context())
	if fault != nil {
		t.Fatalf("reading the configuration: %+v", fault)
	}
	return config
}

func (w *tenant) othersObject(t *testing.T, a *actuate.Actuator) {
	mine := &flowcontrolv1.PriorityLevelConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: actuate.BallastName},
		Spec: flowcontrolv1.PriorityLevelConfigurationSpec{
			Type: flowcontrolv1.PriorityLevelEnablementLimited,
			Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{
				NominalConcurrencyShares: ptr.To[int32](7), LimitResponse: flowcontrolv1.LimitResponse{Type: flowcontrolv1.LimitResponseTypeReject},
			},
		},
	}
	if err := w.Create(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	o := a.Apply(t.Context(), plane.Step{Kind: plane.SetBallast, Apply: true, Level: &plane.LevelSpec{Name: actuate.BallastName, Shares: 100}}, replicas, time.Now)
	if o.Fault == nil || o.Fault.Reason != v1alpha1.ReasonNameTaken || !o.Written.IsZero() {
		t.Errorf("writing over another's object: %+v", o)
	}
	if config := w.read(t, a); !maps.Equal(map[string]bool{actuate.BallastName: true}, set(config.Taken)) {
		t.Errorf("taken names are %v", config.Taken)
	}
	if o := a.Apply(t.Context(), plane.Step{Kind: plane.Withdraw, Apply: true}, replicas, time.Now); o.Fault != nil {
		t.Errorf("withdrawing: %+v", o.Fault)
	}
	if err := w.Get(t.Context(), client.ObjectKeyFromObject(mine), mine); err != nil || *mine.Spec.Limited.NominalConcurrencyShares != 7 {
		t.Errorf("another's object was changed or deleted: %v", err)
	}
	if err := w.Delete(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
}

func (w *tenant) contested(t *testing.T, a *actuate.Actuator) {
	set := plane.Step{Kind: plane.SetBallast, Apply: true, Level: &plane.LevelSpec{Name: actuate.BallastName, Shares: 100}}
	if o := a.Apply(t.Context(), set, replicas, time.Now); o.Fault != nil {
		t.Fatal(o.Fault)
	}
	var l flowcontrolv1.PriorityLevelConfiguration
	if err := w.Get(t.Context(), client.ObjectKey{Name: actuate.BallastName}, &l); err != nil {
		t.Fatal(err)
	}
	l.Spec.Limited.NominalConcurrencyShares = ptr.To[int32](3)
	if err := w.Update(t.Context(), &l, client.FieldOwner("an-administrator")); err != nil {
		t.Fatal(err)
	}
	o := a.Apply(t.Context(), set, replicas, time.Now)
	if o.Fault == nil || o.Fault.Reason != v1alpha1.ReasonFieldContested ||
		!strings.Contains(o.Fault.Message, "an-administrator") || !strings.Contains(o.Fault.Message, "nominalConcurrencyShares") {
		t.Errorf("a contested field: %+v, want the manager and the field named", o.Fault)
	}
	if err := a.LeaveAsFound(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *tenant) disobedient(t *testing.T, a *actuate.Actuator) {
	w.lie = 1
	defer func() { w.lie = 0 }()
	o := a.Apply(t.Context(), plane.Step{Kind: plane.SetBallast, Apply: true, Level: &plane.LevelSpec{Name: actuate.BallastName, Shares: 245}}, replicas, time.Now)
	if o.Fault == nil || o.Fault.Reason != v1alpha1.ReasonNotReadBack || !strings.Contains(o.Fault.Message, "r shows 301 seats instead of 300") || o.Written.IsZero() || !o.InForce.IsZero() {
		t.Errorf("a replica that does not obey: %+v %+v", o, o.Fault)
	}
	if err := a.LeaveAsFound(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *tenant) unreachable(t *testing.T) {
	nowhere := rest.CopyConfig(w.config)
	nowhere.Host = "https://127.0.0.1:1"
	mapper := w.RESTMapper()
	c, err := client.New(nowhere, client.Options{Scheme: scheme.Scheme, Mapper: mapper})
	if err != nil {
		t.Fatal(err)
	}
	config, fault := actuate.New(c, w, owner).ReadConfig(t.Context())
	if config != nil || fault == nil || fault.Reason != v1alpha1.ReasonTenantUnreachable {
		t.Errorf("reading from nowhere: %+v %+v", config, fault)
	}
}

func set(names []string) map[string]bool {
	s := map[string]bool{}
	for _, n := range names {
		s[n] = true
	}
	return s
}

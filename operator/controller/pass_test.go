// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/observe"
	"evenkeel.dev/evenkeel/recommender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

func enforce(cpp *v1alpha1.ControlPlaneProfile) {
	cpp.Spec.Mode = v1alpha1.ModeEnforce
	cpp.Spec.APIServer.Seats = &v1alpha1.Int32Range{Min: ptr.To[int32](60), Max: ptr.To[int32](100)}
}

// recorded is a decider that notes what it is given, with a plan in place of the
// recommender's once there is one.
type recorded struct {
	mu       sync.Mutex
	profiles []plane.Profile
	memories []plane.Memory
	outcomes []plane.Outcome
	steps    []plane.Step
}

func (d *recorded) decide(s plane.Snapshot, p plane.Profile, m plane.Memory, now time.Time) (plane.Plan, plane.Memory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.profiles, d.memories, d.outcomes = append(d.profiles, p), append(d.memories, m), append(d.outcomes, s.Outcomes...)
	plan, m := recommender.Decide(s, p, m, now)
	plan.Steps, d.steps = d.steps, nil
	return plan, m
}

func (d *recorded) plan(steps ...plane.Step) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps = steps
}

func (d *recorded) seen() ([]plane.Profile, []plane.Memory, []plane.Outcome) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.profiles), slices.Clone(d.memories), slices.Clone(d.outcomes)
}

// What the host's objects say arrives at the tenant's door and in the status.
func TestTheWorkloadIsResolved(t *testing.T) {
	w := newWorld(t)
	// A pod that the selector matches and that is not the Deployment's.
	stray := w.deploymentPod("kube-apiserver")
	stray.ObjectMeta = w.named("stray")
	stray.Labels = map[string]string{"app": "kube-apiserver"}
	w.create(stray)
	// One that is on its way out.
	w.pod("kube-apiserver", "kube-apiserver-5d4f-2", "127.77.0.3", w.deploymentPod("kube-apiserver").Spec)
	ending := &corev1.Pod{ObjectMeta: w.named("kube-apiserver-5d4f-2")}
	if err := w.Delete(t.Context(), ending, client.GracePeriodSeconds(600)); err != nil {
		t.Fatal(err)
	}
	w.profile("acme", nil)
	w.start()
	w.awaitReady("acme", "True RecommendOnly")
	want := []observe.Target{
		{Name: "kube-apiserver-5d4f-0", Address: "127.77.0.1:6443", Ready: true, Ceiling: 300},
		{Name: "kube-apiserver-5d4f-1", Address: "127.77.0.2:6443", Ready: true, Ceiling: 300},
		{Name: "kube-apiserver-5d4f-2", Address: "127.77.0.3:6443", Ending: true, Ceiling: 600},
	}
	var got []observe.Target
	w.tenant.with(func(f *tenant) { got = slices.Clone(f.targets) })
	for i := range got {
		if got[i].UID == "" {
			t.Errorf("%s has no UID", got[i].Name)
		}
		got[i].UID = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the targets (-want +got):\n%s", diff)
	}
	status := w.seen("acme").Status
	if status.Size != "500m/512Mi" || status.ReadyReplicas != 2 || status.LoadLine == nil || status.LoadLine.Summary != "300 of 300" {
		t.Errorf("size %s, %d replicas, load line %+v; want 500m/512Mi, 2 and 300 of 300", status.Size, status.ReadyReplicas, status.LoadLine)
	}
}

// In Recommend a decision is shown, and nothing else is written anywhere.
func TestRecommendWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		enforce(cpp)
		cpp.Spec.Mode = v1alpha1.ModeRecommend
		cpp.Spec.Protection.LoadLine = v1alpha1.ProtectionEnforce // never bolder than the profile
	})
	w.start()
	w.awaitReady("acme", "True RecommendOnly")
	w.awaitMore("looks", 5, w.tenant.count(func(f *tenant) int { return f.looks }))
	cpp := w.seen("acme")
	if len(cpp.Status.Decisions) == 0 || cpp.Status.Decisions[0].Step != string(plane.SetBallast) || cpp.Status.Decisions[0].Applied {
		t.Errorf("the decisions are %+v, want a ballast that is shown only", cpp.Status.Decisions)
	}
	if len(cpp.Finalizers) != 0 || len(w.tenant.applied) != 0 {
		t.Errorf("finalizers %v, steps applied %v; want none", cpp.Finalizers, w.tenant.applied)
	}
}

// A profile that has nothing but the shares enforced writes as well: it is kept until
// its tenant has been left as found.
func TestSharesAloneAreEnforced(t *testing.T) {
	w := newWorld(t)
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		enforce(cpp)
		cpp.Spec.Protection.Jail, cpp.Spec.Protection.LoadLine = v1alpha1.ProtectionOff, v1alpha1.ProtectionRecommend
	})
	w.start()
	w.await(func() string {
		if len(w.seen("acme").Finalizers) == 0 {
			return "the profile has no finalizer"
		}
		return ""
	})
}

// In Enforce the finalizer is there before the first write to the tenant, and the
// outcome in the status and in the recommender's next snapshot.
func TestEnforceKeepsItsFinalizerBeforeItWrites(t *testing.T) {
	w := newWorld(t)
	decider := &recorded{}
	w.decide = decider.decide
	var missing []string
	w.tenant.before = func(kind plane.StepKind) {
		cpp := &v1alpha1.ControlPlaneProfile{}
		err := w.Get(t.Context(), client.ObjectKey{Namespace: w.ns, Name: "acme"}, cpp)
		if err != nil || !slices.Contains(cpp.Finalizers, v1alpha1.Finalizer) {
			missing = append(missing, string(kind))
		}
	}
	w.profile("acme", enforce)
	decider.plan(plane.Step{
		Kind: plane.SetBallast, Apply: true, Level: &plane.LevelSpec{Name: "evenkeel-ballast", Shares: 200},
		Reason: plane.Reason{
			Code: v1alpha1.ReasonLoadLineHeld, Message: "set the load line to 100 of 300 seats",
			Evidence: []string{"the profile's bounds"}, Rejected: []string{"more replicas: not asked for"},
		},
	})
	w.start()
	var got []v1alpha1.DecisionStatus
	w.await(func() string {
		if got = w.seen("acme").Status.Decisions; len(got) == 0 {
			return "there is no decision"
		}
		return ""
	})
	w.awaitMore("looks", 3, w.tenant.count(func(f *tenant) int { return f.looks }))
	if got[0].AppliedAt == nil || got[0].AppliedAt.Before(&got[0].Time) {
		t.Errorf("taken at %s, it was carried out at %s", got[0].Time, got[0].AppliedAt)
	}
	got[0].Time, got[0].AppliedAt = metav1.MicroTime{}, nil
	if diff := cmp.Diff([]v1alpha1.DecisionStatus{{
		Step: "SetBallast", Reason: "LoadLineHeld", Message: "set the load line to 100 of 300 seats",
		Evidence: []string{"the profile's bounds"}, Rejected: []string{"more replicas: not asked for"},
		Applied: true, Outcome: "in force on every ready replica 120 ms after the write",
	}}, got); diff != "" {
		t.Errorf("the decisions (-want +got):\n%s", diff)
	}
	w.tenant.with(func(*tenant) {
		if len(missing) > 0 {
			t.Errorf("without the finalizer were applied: %v", missing)
		}
	})
	_, _, outcomes := decider.seen()
	if len(outcomes) != 1 || outcomes[0].Kind != plane.SetBallast || outcomes[0].InForce.IsZero() {
		t.Errorf("the next snapshots hold %+v, want the outcome once", outcomes)
	}
	w.awaitEvents("Normal|LoadLineHeld|SetBallast|set the load line to 100 of 300 seats")
}

// awaitEvents waits until there are these events about profile acme.
func (w *world) awaitEvents(want ...string) {
	w.t.Helper()
	w.await(func() string {
		all := w.events()
		for _, e := range want {
			if !slices.Contains(all, e) {
				return fmt.Sprintf("the events are %q, want %q", all, e)
			}
		}
		return ""
	})
}

// A decision that fails again and again is one decision, and tells its outcome.
func TestADecisionThatIsTriedAgainIsOne(t *testing.T) {
	w := newWorld(t)
	w.tenant.fails = &plane.Fault{Reason: v1alpha1.ReasonFieldContested, Message: "kubectl-edit manages spec.limited"}
	w.profile("acme", enforce)
	decider := &recorded{}
	w.decide = decider.decide
	w.start()
	step := plane.Step{Kind: plane.SetBallast, Apply: true, Reason: plane.Reason{Code: v1alpha1.ReasonLoadLineHeld, Message: "set the load line"}}
	applied := w.tenant.count(func(f *tenant) int { return len(f.applied) })
	for range 3 {
		decider.plan(step)
		w.awaitMore("applied steps", 1, applied)
	}
	outcome := func(want string) func() string {
		return func() string {
			d := w.seen("acme").Status.Decisions
			if len(d) != 1 || d[0].Outcome != want {
				return fmt.Sprintf("the decisions are %+v, want one that says %s", d, want)
			}
			return ""
		}
	}
	w.await(outcome("FieldContested: kubectl-edit manages spec.limited"))
	w.tenant.with(func(f *tenant) { f.fails = nil })
	decider.plan(step)
	w.await(outcome("in force on every ready replica 120 ms after the write"))
	w.awaitEvents("Warning|LoadLineHeld|SetBallast|set the load line", "Normal|LoadLineHeld|SetBallast|set the load line")
}

// A pause and the profile's bounds reach the recommender.
func TestTheProfileReachesTheRecommender(t *testing.T) {
	w := newWorld(t)
	decider := &recorded{}
	w.decide = decider.decide
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		enforce(cpp)
		cpp.Annotations = map[string]string{v1alpha1.PausedAnnotation: "true"}
		cpp.Spec.Sizing = v1alpha1.SizingSpec{Mode: v1alpha1.ProtectionRecommend, Eviction: v1alpha1.EvictWhenStuck}
		cpp.Spec.APIServer.CPU = &v1alpha1.QuantityRange{Max: new(resource.MustParse("6"))}
		cpp.Spec.Availability = v1alpha1.AvailabilitySpec{Zones: 3, Spread: v1alpha1.ProtectionEnforce}
		cpp.Spec.Protection = v1alpha1.ProtectionSpec{
			Jail: v1alpha1.ProtectionRecommend, NeverJail: []string{"jane"},
			Sentence: v1alpha1.SentencePolicy{DurationSeconds: 60},
			Sentences: []v1alpha1.ManualSentence{{
				ServiceAccount: &v1alpha1.SentencedServiceAccount{Namespace: "ci", Name: "*"}, Verbs: []string{"watch", "list"},
				Resource: "pods", Grade: "seats", Seats: new(int32(3)), Reason: "load test",
			}},
		}
	})
	w.start()
	w.awaitReady("acme", "True Paused")
	want := plane.Profile{
		Jail: plane.Recommend, LoadLine: plane.Enforce, Shares: plane.Enforce, Paused: true, SeatsMin: 60, SeatsMax: 100,
		Term: time.Minute, MaxTerm: 6 * time.Hour, MaxSentences: 10, NeverJail: []string{"jane"}, Self: "evenkeel", Tick: w.options.Tick,
		Manual: []plane.Manual{{
			Client: plane.Client{User: plane.Group("ci"), Verb: "list,watch", Resource: "pods"},
			Grade:  plane.Grade{Kind: plane.GradeSeats, Seats: 3}, Reason: "load test",
		}},
		Sizing: plane.SizingProfile{
			Mode: plane.Recommend, InPlace: true, Evict: true,
			Bounds: map[sizing.Component]plane.SizeBounds{sizing.APIServer: {CPU: sizing.Bounds{Most: 6}}},
		},
		Zones: 3, Spread: plane.Enforce, Class: "99.95",
		Scaling: plane.ScalingProfile{Mode: plane.Off},
		Care:    plane.CareProfile{Mode: plane.Off}, // it names no etcd
	}
	profiles, _, _ := decider.seen()
	if diff := cmp.Diff(want, profiles[0]); diff != "" {
		t.Errorf("the recommender's profile (-want +got):\n%s", diff)
	}
	if n := len(w.tenant.applied); n != 0 {
		t.Errorf("%d steps were applied to a paused profile's tenant, want none", n)
	}
	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Annotations = nil })
	w.await(func() string {
		if profiles, _, _ = decider.seen(); profiles[len(profiles)-1].Paused {
			return "still paused after the annotation has been removed"
		}
		return ""
	})
}

// A new process knows how often a client has been sentenced.
func TestRelapsesOutliveTheOperator(t *testing.T) {
	w := newWorld(t)
	cpp := w.profile("acme", nil)
	until := metaTime(time.Now().Add(-time.Minute))
	cpp.Status.Offenders = []v1alpha1.OffenderStatus{
		{Name: "evenkeel-jail-0123456789ab", Client: "jane (list pods, cluster-wide)", Phase: v1alpha1.OffenderReleased, Until: until, Sentences: 3, Message: "jailed jane"},
		{Name: "evenkeel-jail-000000000000", Client: "joe (list pods, cluster-wide)", Phase: v1alpha1.OffenderRecommended, Until: until, Message: "would jail joe"},
	}
	if err := w.Status().Update(t.Context(), cpp); err != nil {
		t.Fatal(err)
	}
	decider := &recorded{}
	w.decide = decider.decide
	w.start()
	w.awaitReady("acme", "True RecommendOnly")
	_, memories, _ := decider.seen()
	jane, ok := memories[0].Offenders["evenkeel-jail-0123456789ab"]
	if !ok || len(memories[0].Offenders) != 1 || jane.Count != 3 || jane.Phase != plane.PhaseReleased || !jane.Until.Equal(until.Time) {
		t.Errorf("the first memory holds %+v, want jane's three sentences alone", memories[0].Offenders)
	}
	if got := w.seen("acme").Status.Offenders; len(got) != 1 || got[0].Client != "jane (list pods, cluster-wide)" || got[0].Sentences != 3 {
		t.Errorf("the status shows %+v, want jane as she was", got)
	}
}

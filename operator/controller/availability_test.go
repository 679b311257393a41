// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/rollout"
)

// inZones is a world with three apiservers, in zones as in "aab", on nodes with room, and
// pods that are used as given. Each has a limit of 2 cores.
func inZones(t *testing.T, zones string, use plane.Amounts, change func(s *corev1.PodSpec)) *world {
	t.Helper()
	w := newWorld(t)
	w.usage = &uses{use: use, now: w.now}
	var nodes []string
	for i, zone := range zones {
		nodes = append(nodes, w.nodeIn(string(zone), fmt.Sprintf("%c%d", zone, i), nil))
	}
	w.nodeIn("c", "c9", nil)
	w.runsOn(nodes, func(_ int, s *corev1.PodSpec) {
		s.Containers[0].Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}
		if change != nil {
			change(s)
		}
	})
	return w
}

func threeZones(cpp *v1alpha1.ControlPlaneProfile) {
	cpp.Spec.Availability.Zones = 3
	cpp.Spec.Sizing.Mode = v1alpha1.ProtectionOff
}

// What the control plane survives is in the status, and a headroom that moves is not
// written for its own sake.
func TestWhatAControlPlaneSurvives(t *testing.T) {
	w := inZones(t, "abc", plane.Amounts{CPU: 0.5, Memory: 1 << 30}, nil)
	one := intstr.FromInt32(1)
	w.budget("apiserver", policyv1.PodDisruptionBudgetSpec{
		MaxUnavailable: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "kube-apiserver"}},
	}, 3, 3, 2, false)
	w.tenant.used = 30 // of 300 seats, on each of three: two carry 600
	w.profile("acme", threeZones)
	w.start()
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "True AsExpected", "every component is spread over 3 zones")
	want := &v1alpha1.AvailabilityStatus{
		Class: "99.5", Message: "99.5 instead of 99.95: etcd is not seen, so that it is not known what it survives",
	}
	for _, zone := range []string{"a", "b", "c"} { // 1.5 of 4 cores, and 90 of 600 seats
		want.Zones = append(want.Zones, v1alpha1.ZoneStatus{Name: w.zone(zone), Replicas: 1, HeadroomPercent: new(int32(65))})
	}
	theirs := func() *v1alpha1.AvailabilityStatus {
		a := w.seen("acme").Status.Availability
		if a != nil { // other tests' nodes are zones of the same host
			a.Zones = slices.DeleteFunc(a.Zones, func(z v1alpha1.ZoneStatus) bool { return !strings.HasPrefix(z.Name, w.ns+"-") })
		}
		return a
	}
	w.await(func() string { return cmp.Diff(want, theirs()) })

	looks := w.tenant.count(func(f *tenant) int { return f.looks })
	w.awaitMore("looks", 5, looks)
	from := w.wire.writes()
	w.setUse(plane.Amounts{CPU: 1, Memory: 1 << 30}) // 25 %
	w.ahead.Add(int64(3 * time.Second))              // sizes are looked at every two
	w.awaitMore("looks", 10, looks)
	if n := w.wire.writes() - from; n != 0 {
		t.Errorf("the status was written %d times for a headroom alone", n)
	}
	w.setUse(plane.Amounts{CPU: 1.5, Memory: 1 << 30}) // -15 %
	w.ahead.Add(int64(3 * time.Second))
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "False ZoneLossNotCarried", "without zone "+w.zone("a"))
	w.await(func() string {
		if a := theirs(); len(a.Zones) != 3 || a.Zones[0].HeadroomPercent == nil || *a.Zones[0].HeadroomPercent != -15 {
			return fmt.Sprintf("%+v", a)
		}
		return ""
	})
}

func (w *world) setUse(use plane.Amounts) {
	w.usage.mu.Lock()
	defer w.usage.mu.Unlock()
	w.usage.use = use
}

// What is advised of a template is a patch that the API takes as it stands.
func TestTheAdviceIsAPatch(t *testing.T) {
	w := inZones(t, "aab", plane.Amounts{CPU: 0.5, Memory: 1 << 30}, nil)
	w.profile("acme", threeZones)
	w.start()
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "False ZonesUneven", "apiServer: 2 in zone "+w.zone("a")+", 1 in zone "+w.zone("b"))
	w.ahead.Add(int64(3 * time.Minute))
	var lines []string
	w.await(func() string {
		for _, d := range w.seen("acme").Status.Decisions {
			if d.Step == string(plane.Advise) && d.Reason == v1alpha1.ReasonZonesUneven && !d.Applied {
				lines = d.Evidence
				return ""
			}
		}
		return "nothing is advised"
	})
	raw, err := yaml.YAMLToJSON([]byte(strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Patch(t.Context(), w.workload(), client.RawPatch(types.StrategicMergePatchType, raw)); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, c := range w.workload().Spec.Template.Spec.TopologySpreadConstraints {
		if c.WhenUnsatisfiable == corev1.DoNotSchedule && c.MaxSkew == 1 && c.LabelSelector.MatchLabels["app"] == "kube-apiserver" {
			keys = append(keys, c.TopologyKey)
		}
	}
	if diff := cmp.Diff([]string{corev1.LabelTopologyZone, corev1.LabelHostname}, keys); diff != "" {
		t.Errorf("the template's constraints (-want +got):\n%s", diff)
	}
}

// A pod in the wrong place, which its own rules would have elsewhere, is told once where it
// is only recommended, and not touched.
func TestAMisplacedPodIsTold(t *testing.T) {
	w := inZones(t, "aab", plane.Amounts{CPU: 0.5, Memory: 1 << 30}, func(s *corev1.PodSpec) {
		s.TopologySpreadConstraints = apart(corev1.LabelTopologyZone, map[string]string{"app": "kube-apiserver"})
	})
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		threeZones(cpp)
		cpp.Spec.Availability.Spread = v1alpha1.ProtectionEnforce // and the profile's mode is Recommend
	})
	w.start()
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "False ZonesUneven", "apiServer")
	w.ahead.Add(int64(3 * time.Minute))
	w.await(func() string {
		for _, d := range w.seen("acme").Status.Decisions {
			if d.Step == string(plane.EvictPod) && d.Reason == v1alpha1.ReasonMisplaced && d.Outcome == "shown only" && strings.HasPrefix(d.Message, "would evict kube-apiserver-5d4f-1 from zone "+w.zone("a")) {
				return ""
			}
		}
		return fmt.Sprintf("the decisions are %+v", w.seen("acme").Status.Decisions)
	})
	if n := len(w.pods()); n != 3 {
		t.Errorf("%d pods are left", n)
	}
}

// Windows reach the recommender; one that cannot be read never opens, and is told.
func TestMaintenanceWindows(t *testing.T) {
	w := newWorld(t)
	decider := &recorded{}
	w.decide = decider.decide
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.Maintenance.Windows = []v1alpha1.MaintenanceWindow{
			{From: "22:30", Minutes: 90}, {Days: []v1alpha1.Weekday{"Sat", "Sun"}, From: "04:00", Minutes: 60, TimeZone: "Europe/Berlin"},
			{From: "03:00", Minutes: 60, TimeZone: "Middle-earth/Shire"}, {From: "05:00", Minutes: 60, TimeZone: "Local"},
		}
	})
	w.start()
	w.awaitReady("acme", "True RecommendOnly")
	profiles, _, _ := decider.seen()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := []rollout.Window{
		{From: 22*time.Hour + 30*time.Minute, Length: 90 * time.Minute, Zone: time.UTC},
		{Days: []time.Weekday{time.Saturday, time.Sunday}, From: 4 * time.Hour, Length: time.Hour, Zone: berlin}, {}, {},
	}
	if diff := cmp.Diff(want, profiles[0].Windows, cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("the windows (-want +got):\n%s", diff)
	}
	w.awaitCondition(v1alpha1.ConditionPlanProceeds, "False WindowInvalid", `maintenance.windows[3] is never open: "Local" is no name of the IANA time zone database`)
	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.Maintenance.Windows = cpp.Spec.Maintenance.Windows[:2]
	})
	w.await(func() string {
		if c := meta.FindStatusCondition(w.seen("acme").Status.Conditions, v1alpha1.ConditionPlanProceeds); c != nil && c.Reason == v1alpha1.ReasonWindowInvalid {
			return c.Message
		}
		return ""
	})
}

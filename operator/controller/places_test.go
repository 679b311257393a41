// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// looked keeps the last snapshot that was decided by.
type looked struct {
	mu   sync.Mutex
	last plane.Snapshot
	n    int
}

func (l *looked) decide(s plane.Snapshot, p plane.Profile, m plane.Memory, now time.Time) (plane.Plan, plane.Memory) {
	l.mu.Lock()
	l.last, l.n = s, l.n+1
	l.mu.Unlock()
	return recommender.Decide(s, p, m, now)
}

func (l *looked) seen() plane.Snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// zone is the name of a zone of the test's own: nodes are the host cluster's, and so all
// tests'.
func (w *world) zone(short string) string { return w.ns + "-" + short }

// nodeIn makes a node of a zone that is ready, until the test ends.
func (w *world) nodeIn(zone, name string, change func(n *corev1.Node)) string {
	w.t.Helper()
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: w.ns + "-" + name, Labels: map[string]string{
		corev1.LabelTopologyZone: w.zone(zone), corev1.LabelHostname: w.ns + "-" + name,
	}}}
	n.Status.Allocatable = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("8Gi")}
	n.Status.Conditions = []corev1.NodeCondition{
		{Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse}, {Type: corev1.NodeReady, Status: corev1.ConditionTrue},
	}
	if change != nil {
		change(n)
	}
	status, taints := n.Status, n.Spec.Taints
	w.create(n)
	n.Spec.Taints = taints // the API has every new node not ready; its controller takes that back
	if err := w.Update(w.t.Context(), n); err != nil {
		w.t.Fatal(err)
	}
	n.Status = status
	n.Status.Capacity = n.Status.Allocatable
	if err := w.Status().Update(w.t.Context(), n); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = host.admin.Delete(w.t.Context(), n) }) // its name is not used again
	return n.Name
}

// runsOn puts pods of the Deployment on these nodes, in the place of those that there are.
func (w *world) runsOn(nodes []string, change func(i int, spec *corev1.PodSpec)) {
	w.t.Helper()
	for _, pod := range w.pods() {
		if err := w.Delete(w.t.Context(), &pod, client.GracePeriodSeconds(0)); err != nil {
			w.t.Fatal(err)
		}
	}
	for i, node := range nodes {
		spec := w.deploymentPod("kube-apiserver", "--max-requests-inflight=200", "--max-mutating-requests-inflight", "100").Spec
		spec.NodeName = node
		if change != nil {
			change(i, &spec)
		}
		w.pod("kube-apiserver", fmt.Sprintf("kube-apiserver-5d4f-%d", i), fmt.Sprintf("127.77.0.%d", i+1), spec)
	}
	w.setWorkload(func(o *appsv1.Deployment) { o.Spec.Replicas = new(int32(len(nodes))) }) //nolint:gosec // a handful
}

func apart(key string, labels map[string]string) []corev1.TopologySpreadConstraint {
	return []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: key, WhenUnsatisfiable: corev1.DoNotSchedule, LabelSelector: &metav1.LabelSelector{MatchLabels: labels},
	}}
}

func antiAffinity(term corev1.PodAffinityTerm) *corev1.Affinity {
	return &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{term}}}
}

// What a pod's own spec says of where it may run is read from the pod, through the
// operator's cache, with sizes switched off as well.
func TestWhatPodsSayOfTheirPlace(t *testing.T) {
	own := map[string]string{"app": "kube-apiserver"}
	selector := &metav1.LabelSelector{MatchLabels: own}
	tests := []struct {
		name string
		spec func(s *corev1.PodSpec)
		want plane.PodPlace
	}{
		{"nothing", func(*corev1.PodSpec) {}, plane.PodPlace{}},
		{"zones", func(s *corev1.PodSpec) { s.TopologySpreadConstraints = apart(corev1.LabelTopologyZone, own) }, plane.PodPlace{ByZone: true}},
		{"nodes", func(s *corev1.PodSpec) { s.TopologySpreadConstraints = apart(corev1.LabelHostname, own) }, plane.PodPlace{ByNode: true}},
		{"regions", func(s *corev1.PodSpec) { s.TopologySpreadConstraints = apart(corev1.LabelTopologyRegion, own) }, plane.PodPlace{}},
		{"zones if it can be", func(s *corev1.PodSpec) {
			s.TopologySpreadConstraints = apart(corev1.LabelTopologyZone, own)
			s.TopologySpreadConstraints[0].WhenUnsatisfiable = corev1.ScheduleAnyway
		}, plane.PodPlace{}},
		{"two more in one zone", func(s *corev1.PodSpec) {
			s.TopologySpreadConstraints = apart(corev1.LabelTopologyZone, own)
			s.TopologySpreadConstraints[0].MaxSkew = 2
		}, plane.PodPlace{}},
		{"zones, of others", func(s *corev1.PodSpec) {
			s.TopologySpreadConstraints = apart(corev1.LabelTopologyZone, map[string]string{"app": "etcd"})
		}, plane.PodPlace{}},
		{"not with its likes on a node", func(s *corev1.PodSpec) {
			s.Affinity = antiAffinity(corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: selector})
		}, plane.PodPlace{ByNode: true}},
		{"not with those of all namespaces in a zone", func(s *corev1.PodSpec) {
			s.Affinity = antiAffinity(corev1.PodAffinityTerm{
				TopologyKey: corev1.LabelTopologyZone, LabelSelector: selector, NamespaceSelector: &metav1.LabelSelector{},
			})
		}, plane.PodPlace{ByZone: true}},
		{"not with those of another namespace", func(s *corev1.PodSpec) {
			s.Affinity = antiAffinity(corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: selector, Namespaces: []string{"another"}})
		}, plane.PodPlace{}},
		{"rather not with its likes", func(s *corev1.PodSpec) {
			s.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{
				Weight: 100, PodAffinityTerm: corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: selector},
			}}}}
		}, plane.PodPlace{}},
		{"a volume claim", func(s *corev1.PodSpec) {
			s.Volumes = []corev1.Volume{{Name: "data", VolumeSource: corev1.VolumeSource{
				PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data-0"},
			}}}
		}, plane.PodPlace{Anchored: true}},
		{"a volume that goes with it", func(s *corev1.PodSpec) {
			s.Volumes = []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
		}, plane.PodPlace{}},
	}
	w := newWorld(t)
	d := &looked{}
	w.decide = d.decide
	node := w.nodeIn("a", "a0", nil)
	nodes := make([]string, len(tests))
	for i := range nodes {
		nodes[i] = node
	}
	w.runsOn(nodes, func(i int, s *corev1.PodSpec) { tests[i].spec(s) })
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Sizing.Mode = v1alpha1.ProtectionOff })
	w.start()
	w.await(func() string {
		if got := len(d.seen().Sizes.Pods); got != len(tests) {
			return fmt.Sprintf("%d pods are seen", got)
		}
		return ""
	})
	places := map[string]plane.SizedPod{}
	for _, p := range d.seen().Sizes.Pods {
		places[p.Pod] = p
	}
	for i, tt := range tests {
		p := places[fmt.Sprintf("kube-apiserver-5d4f-%d", i)]
		if p.Place != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, p.Place, tt.want)
		}
		if p.Node != node || p.Zone != w.zone("a") || !p.Ready {
			t.Errorf("%s: it is %+v", tt.name, p)
		}
	}
}

// The nodes that carry the pods are seen, and whether they are about to go; and of the
// others those that would take one more.
func TestTheHostIsSeen(t *testing.T) {
	w := newWorld(t)
	d := &looked{}
	w.decide = d.decide
	taint := func(key string, effect corev1.TaintEffect) func(n *corev1.Node) {
		return func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: key, Effect: effect}} }
	}
	notReady := func(message string) func(n *corev1.Node) {
		return func(n *corev1.Node) {
			n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionFalse, Reason: "KubeletNotReady", Message: message}}
		}
	}
	cordoned := func(n *corev1.Node) { n.Spec.Unschedulable = true }
	carrying := []struct {
		name    string
		change  func(n *corev1.Node)
		ready   bool
		leaving string
	}{
		{"a1", nil, true, ""},
		{"a2", cordoned, true, "is cordoned"},
		{"a3", taint("ToBeDeletedByClusterAutoscaler", corev1.TaintEffectNoSchedule), true, "is tainted ToBeDeletedByClusterAutoscaler"},
		{"a4", taint("karpenter.sh/disrupted", corev1.TaintEffectNoSchedule), true, "is tainted karpenter.sh/disrupted"},
		{"a5", taint("node.kubernetes.io/out-of-service", corev1.TaintEffectNoExecute), true, "is out of service"},
		{"a6", notReady("node is shutting down"), false, "is shutting down"},
		{"a7", notReady("container runtime is down"), false, "is not ready"},
		{"a8", taint("dedicated", corev1.TaintEffectNoSchedule), true, ""},
	}
	var nodes []string
	want := make([]plane.HostNode, 0, len(carrying)+1)
	want = append(want, plane.HostNode{Name: w.ns + "-gone", Leaving: "is gone"})
	for _, c := range carrying {
		nodes = append(nodes, w.nodeIn("a", c.name, c.change))
		want = append(want, plane.HostNode{Name: w.ns + "-" + c.name, Zone: w.zone("a"), Ready: c.ready, Leaving: c.leaving})
	}
	pool := func(n *corev1.Node) { n.Labels["pool"] = "planes" }
	w.nodeIn("b", "b1", pool)
	w.nodeIn("b", "b2", nil) // of no pool
	w.nodeIn("b", "b3", func(n *corev1.Node) { pool(n); cordoned(n) })
	w.nodeIn("b", "b4", func(n *corev1.Node) { pool(n); taint("other", corev1.TaintEffectNoSchedule)(n) })
	w.nodeIn("b", "b5", func(n *corev1.Node) { pool(n); taint("dedicated", corev1.TaintEffectNoSchedule)(n) })
	w.nodeIn("b", "b6", func(n *corev1.Node) { pool(n); taint("rather-not", corev1.TaintEffectPreferNoSchedule)(n) })
	w.nodeIn("c", "c1", func(n *corev1.Node) { pool(n); n.Status.Allocatable[corev1.ResourceCPU] = resource.MustParse("100m") })
	w.nodeIn("d", "d1", nil) // of no pool
	w.nodeIn("e", "e1", func(n *corev1.Node) { pool(n); notReady("down")(n) })
	w.runsOn(append(nodes, w.ns+"-gone"), func(_ int, s *corev1.PodSpec) {
		s.NodeSelector = map[string]string{"pool": "planes"}
		s.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{
				{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "nowhere", Operator: corev1.NodeSelectorOpExists}}},
				{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelTopologyZone, Operator: corev1.NodeSelectorOpExists}}},
			},
		}}}
		s.Tolerations = []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpExists}}
	})
	w.settleWorkload()
	w.profile("acme", nil)
	w.start()
	w.await(func() string {
		got := d.seen().Host
		diff, zones := cmp.Diff(want, got.Nodes), map[string]int{}
		for _, zone := range []string{"a", "b", "c", "d", "e"} {
			zones[zone] = got.Zones[w.zone(zone)]
		}
		diff += cmp.Diff(map[string]int{"a": 0, "b": 3, "c": 0, "d": 0, "e": 0}, zones) // b1, b5 and b6
		if !got.Looked {
			diff += "\nthe host was not looked at"
		}
		return diff
	})
	got := d.seen().Host
	if diff := cmp.Diff(map[sizing.Component]int{sizing.APIServer: len(carrying) + 1}, got.Wanted); diff != "" {
		t.Errorf("wanted (-want +got):\n%s", diff)
	}
	workload := plane.HostWorkload{Kind: "Deployment", Name: "kube-apiserver", Labels: map[string]string{"app": "kube-apiserver"}}
	if diff := cmp.Diff(map[sizing.Component]plane.HostWorkload{sizing.APIServer: workload}, got.Workloads); diff != "" {
		t.Errorf("workloads (-want +got):\n%s", diff)
	}
}

// A component that cannot be looked at leaves the host unseen, and the pass goes on.
func TestAHostThatIsNotWhollySeen(t *testing.T) {
	w := newWorld(t)
	d := &looked{}
	w.decide = d.decide
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.Availability.Zones = 3
		cpp.Spec.Etcd = &v1alpha1.EtcdSpec{TargetRef: v1alpha1.TargetRef{Kind: "StatefulSet", Name: "etcd"}}
	})
	w.start()
	w.awaitCondition(v1alpha1.ConditionZonesSpread, "Unknown PlacesUnknown", "the nodes of the host cluster have not been seen")
	if a := w.seen("acme").Status.Availability; a == nil || a.Class != "" {
		t.Errorf("the status promises %+v", a)
	}
	if !d.seen().Host.Looked && len(d.seen().Sizes.Pods) != 2 {
		t.Errorf("%d apiservers are seen", len(d.seen().Sizes.Pods))
	}
}

// Whoever changes a template: that pods of the one before are left is seen, of either
// component, through the operator's cache.
func TestARolloutOfAnybodysIsSeen(t *testing.T) {
	w := newWorld(t)
	d := &looked{}
	w.decide = d.decide
	w.statefulSet("etcd", nil)
	etcd := &midway{world: w, kind: "StatefulSet", name: "etcd"}
	etcd.settle()
	w.setWorkload(func(o *appsv1.Deployment) { o.Spec.Replicas = new(int32(2)) })
	w.settleWorkload()
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.Etcd = &v1alpha1.EtcdSpec{TargetRef: v1alpha1.TargetRef{Kind: "StatefulSet", Name: "etcd"}}
	})
	w.start()
	rolling := func(servers, members bool) {
		t.Helper()
		w.await(func() string {
			w.ahead.Add(int64(3 * time.Second)) // what was seen of the host is kept for two
			all := d.seen().Host.Workloads
			a, b := all[sizing.APIServer], all[sizing.Etcd]
			if a.Name == "" || b.Name == "" || a.Rolling != servers || b.Rolling != members {
				return fmt.Sprintf("the workloads are %+v, want rolling %v and %v", all, servers, members)
			}
			return ""
		})
	}
	rolling(false, false)
	etcd.owner(func(_ client.Object, t *corev1.PodTemplateSpec) { t.Spec.Containers[0].Image = "another" })
	rolling(false, true)
	s := etcd.read().(*appsv1.StatefulSet)
	s.Status.ObservedGeneration, s.Status.UpdateRevision, s.Status.UpdatedReplicas = s.Generation, "b", 1
	if err := w.Status().Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	w.setWorkload(func(o *appsv1.Deployment) { o.Spec.Template.Spec.Containers[0].Image = "another" })
	rolling(true, true)
	s.Status.UpdatedReplicas = 3 // and the last of them is not ready yet
	if err := w.Status().Update(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	w.settleWorkload()
	rolling(false, true)
	w.setWorkload(func(o *appsv1.Deployment) { o.Spec.Template.Spec.Containers[0].Image = "a third" })
	etcd.settle()
	rolling(true, false)
	w.settleWorkload()
	rolling(false, false)
}

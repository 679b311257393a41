// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	autoscaling "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	vpav1 "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/vpa"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// decided is a world in which every component that a profile names has a size.
func decided(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.decide = func(_ plane.Snapshot, p plane.Profile, m plane.Memory, _ time.Time) (plane.Plan, plane.Memory) {
		var plan plane.Plan
		for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
			if _, named := p.Sizing.Bounds[c]; named {
				plan.Sizes = append(plan.Sizes, plane.SizePlan{Component: c, Want: plane.Amounts{CPU: 1, Memory: 1 << 30}})
			}
		}
		return plan, m
	}
	return w
}

// keepingVPAs is a profile that does nothing but keep VerticalPodAutoscalers.
func keepingVPAs(cpp *v1alpha1.ControlPlaneProfile) {
	sizeInPlace(cpp)
	cpp.Spec.Sizing.VerticalPodAutoscaler = v1alpha1.VPAManage
}

// theirs is somebody's VerticalPodAutoscaler for the apiservers.
func (w *world) theirs() {
	w.t.Helper()
	w.create(&vpav1.VerticalPodAutoscaler{ObjectMeta: w.named("theirs"), Spec: vpav1.VerticalPodAutoscalerSpec{
		TargetRef:    &autoscaling.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "kube-apiserver"},
		Recommenders: []*vpav1.VerticalPodAutoscalerRecommenderSelector{{Name: vpa.RecommenderName}},
	}})
}

// vpas says of each VerticalPodAutoscaler its name, whether it is marked as a profile's and
// whether it tells a size.
func (w *world) vpas() string {
	w.t.Helper()
	var all vpav1.VerticalPodAutoscalerList
	if err := w.List(w.t.Context(), &all, client.InNamespace(w.ns)); err != nil {
		w.t.Fatal(err)
	}
	var out strings.Builder
	for _, v := range all.Items {
		out.WriteString(v.Name)
		if _, marked := v.Annotations[v1alpha1.OwnerAnnotation]; marked {
			out.WriteString(" marked")
		}
		if v.Status.Recommendation != nil {
			out.WriteString(" tells")
		}
		out.WriteString(";")
	}
	return out.String()
}

func (w *world) awaitVPAs(want string) {
	w.t.Helper()
	w.await(func() string {
		if got := w.vpas(); got != want {
			return fmt.Sprintf("the VerticalPodAutoscalers are %q, want %q", got, want)
		}
		return ""
	})
}

// Whoever switches sizes off has nothing left behind that acts on the last one, also while
// the tenant cannot be reached; and it begins again when they are switched on.
func TestVPAsAreLetGoWhenSwitchedOff(t *testing.T) {
	for name, off := range map[string]func(cpp *v1alpha1.ControlPlaneProfile){
		"the mode":         func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeRecommend },
		"the mode of size": func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Sizing.Mode = v1alpha1.ProtectionOff },
		"VPAs":             func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Sizing.VerticalPodAutoscaler = v1alpha1.VPAOff },
	} {
		t.Run(name, func(t *testing.T) {
			w := decided(t)
			w.profile("acme", keepingVPAs)
			w.start()
			w.awaitCondition(v1alpha1.ConditionVPAKept, "True AsExpected", "apiServer 1")
			w.awaitVPAs("acme-apiserver marked tells;")
			if err := w.Delete(t.Context(), &corev1.Secret{ObjectMeta: w.named("access")}); err != nil {
				t.Fatal(err)
			}
			w.change("acme", off)
			w.awaitVPAs("")
			w.awaitCondition(v1alpha1.ConditionVPAKept, "False Off", "no VerticalPodAutoscaler is kept")
			w.create(&corev1.Secret{ObjectMeta: w.named("access"), Data: map[string][]byte{"kubeconfig": host.kubeconfig}})
			w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
				cpp.Spec.Mode, cpp.Spec.Sizing.Mode, cpp.Spec.Sizing.VerticalPodAutoscaler = v1alpha1.ModeEnforce, "", v1alpha1.VPAManage
			})
			w.awaitVPAs("acme-apiserver marked tells;")
		})
	}
}

// An operator that starts with a profile that is off has to let go as well: the one before
// it may not have come to it.
func TestVPAsAreLetGoByTheNextOperator(t *testing.T) {
	w := decided(t)
	w.theirs()
	w.profile("acme", keepingVPAs)
	stop := w.start()
	w.awaitVPAs("theirs marked tells;")
	stop()
	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeRecommend })
	w.start()
	w.awaitVPAs("theirs;")
}

// A component that a profile names no longer loses its own, and no other does.
func TestTheVPAOfAComponentThatIsNamedNoLonger(t *testing.T) {
	w := decided(t)
	w.theirs()
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		keepingVPAs(cpp)
		cpp.Spec.Etcd = &v1alpha1.EtcdSpec{TargetRef: v1alpha1.TargetRef{Kind: "StatefulSet", Name: "etcd"}}
	})
	w.start()
	w.awaitVPAs("acme-etcd marked tells;theirs marked tells;")
	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Etcd = nil })
	w.awaitVPAs("theirs marked tells;")
}

// A profile that is deleted lets go of somebody's that it had adopted: nothing else would.
func TestADeletedProfileLetsGoOfVPAs(t *testing.T) {
	w := decided(t)
	w.theirs()
	w.profile("acme", keepingVPAs)
	w.start()
	w.awaitVPAs("theirs marked tells;")
	w.delete("acme")
	w.awaitGone("acme")
	if got := w.vpas(); got != "theirs;" {
		t.Errorf("after the profile there is %q", got)
	}
}

// While a pass is held, nobody vouches for what the VerticalPodAutoscalers tell.
func TestVPAsAreNotVouchedForWhileHeld(t *testing.T) {
	w := decided(t)
	w.profile("acme", keepingVPAs)
	w.start()
	w.awaitCondition(v1alpha1.ConditionVPAKept, "True AsExpected", "")
	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.Container = "another" })
	w.awaitCondition(v1alpha1.ConditionVPAKept, "Unknown TargetInvalid", "held as it is")
	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.Container = "kube-apiserver" })
	w.awaitCondition(v1alpha1.ConditionVPAKept, "True AsExpected", "")
	w.awaitVPAs("acme-apiserver marked tells;")
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/controller"
)

// The whole way on a real tenant with the rights of manifests/tenant: the load
// line is written and read back, moved, shown only, and the tenant left as found.
func TestTheLoadLineOfARealTenant(t *testing.T) {
	env := &envtest.Environment{}
	env.ControlPlane.GetAPIServer().Configure().
		Set("max-requests-inflight", "200").Set("max-mutating-requests-inflight", "100")
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	admin, err := client.New(config, client.Options{Scheme: host.scheme})
	if err != nil {
		t.Fatal(err)
	}
	if err := apply(t.Context(), admin, "tenant/rbac.yaml"); err != nil {
		t.Fatal(err)
	}
	user, err := env.AddUser(envtest.User{Name: "evenkeel"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	kubeconfig, err := user.KubeConfig()
	if err != nil {
		t.Fatal(err)
	}
	server, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	ip, portText, err := net.SplitHostPort(server.Host)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		t.Fatal(err)
	}

	w := newWorld(t)
	w.open, w.options = controller.Open, controller.DefaultOptions()
	w.options.Tick = 500 * time.Millisecond
	w.secret(kubeconfig)
	w.oneReplica(ip)
	before, found := flowControl(t, admin), levels(t, admin)
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		enforce(cpp)
		cpp.Spec.APIServer.Port = int32(port) //nolint:gosec // a port
	})
	w.start()
	w.awaitReady("acme", "True AsExpected")
	w.awaitLine("acme", 100)
	if after := flowControl(t, admin); !slices.Contains(after, "PriorityLevelConfiguration evenkeel-ballast") {
		t.Errorf("the tenant has %q, want a ballast", after)
	}
	w.await(func() string {
		c := meta.FindStatusCondition(w.seen("acme").Status.Conditions, v1alpha1.ConditionSharesInForce)
		if c == nil || c.Status != metav1.ConditionTrue || c.Reason != v1alpha1.ReasonAsExpected {
			return fmt.Sprintf("SharesInForce is %+v, want it True", c)
		}
		return ""
	})
	if got, had := levels(t, admin)["node-high"], found["node-high"]; got == had || !strings.Contains(got, `"lendablePercent":0`) {
		t.Errorf("node-high is %s, before %s; want it to lend nothing", got, had)
	}

	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.APIServer.Seats.Max = ptr.To[int32](150) })
	w.ahead.Store(int64(time.Minute)) // the ballast rests for half a minute between two writes
	w.awaitLine("acme", 150)

	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeRecommend })
	w.await(func() string {
		if after := flowControl(t, admin); !slices.Equal(before, after) {
			return fmt.Sprintf("in Recommend the tenant has %q, before %q", after, before)
		}
		if diff := cmp.Diff(found, levels(t, admin)); diff != "" {
			return "in Recommend the levels are not as found (-before +after):\n" + diff
		}
		return ""
	})

	w.change("acme", func(cpp *v1alpha1.ControlPlaneProfile) { cpp.Spec.Mode = v1alpha1.ModeEnforce })
	w.ahead.Store(int64(2 * time.Minute))
	w.awaitLine("acme", 150)
	w.delete("acme")
	w.awaitGone("acme")
	if after := flowControl(t, admin); !slices.Equal(before, after) {
		t.Errorf("left as found the tenant has %q, before %q", after, before)
	}
	if diff := cmp.Diff(found, levels(t, admin)); diff != "" {
		t.Errorf("the levels are not as found (-before +after):\n%s", diff)
	}
}

// oneReplica leaves of the Deployment one pod, at this address.
func (w *world) oneReplica(ip string) {
	w.t.Helper()
	spec := w.deploymentPod("kube-apiserver", "--max-requests-inflight=200", "--max-mutating-requests-inflight=100").Spec
	for i := range 2 {
		pod := w.deploymentPod("kube-apiserver")
		pod.ObjectMeta = w.named(fmt.Sprintf("kube-apiserver-5d4f-%d", i))
		if err := w.Delete(w.t.Context(), pod, client.GracePeriodSeconds(0)); err != nil {
			w.t.Fatal(err)
		}
	}
	w.pod("kube-apiserver", "kube-apiserver-5d4f-9", ip, spec)
}

// awaitLine waits until the load line is the one wanted, give or take the deadband
// of 2 %, and the replica itself shows the same, give or take the seat that
// rounding may cost.
func (w *world) awaitLine(name string, want int) {
	w.t.Helper()
	w.await(func() string {
		s := w.seen(name).Status
		if s.LoadLine == nil || len(s.Replicas) != 1 || s.LoadLine.Ceiling != 300 {
			return fmt.Sprintf("load line %+v, replicas %+v; want %d of 300", s.LoadLine, s.Replicas, want)
		}
		decided, shown := int(s.LoadLine.Seats), int(s.Replicas[0].LoadLine)
		if max(decided-want, want-decided) > want/50 || max(decided-shown, shown-decided) > 1 {
			return fmt.Sprintf("the load line is %d, the replica shows %d, want %d", decided, shown, want)
		}
		return ""
	})
}

// levels are a tenant's priority levels, with all that people write of them.
func levels(t *testing.T, c client.Client) map[string]string {
	t.Helper()
	var list flowcontrolv1.PriorityLevelConfigurationList
	if err := c.List(t.Context(), &list); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, l := range list.Items {
		raw, err := json.Marshal([]any{l.Labels, l.Annotations, l.Spec})
		if err != nil {
			t.Fatal(err)
		}
		all[l.Name] = string(raw)
	}
	return all
}

// flowControl names the flow-control objects of a tenant.
func flowControl(t *testing.T, c client.Client) []string {
	t.Helper()
	var levels flowcontrolv1.PriorityLevelConfigurationList
	var schemas flowcontrolv1.FlowSchemaList
	for _, list := range []client.ObjectList{&levels, &schemas} {
		if err := c.List(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	note := func(kind string, o metav1.Object) { all = append(all, kind+" "+o.GetName()) }
	for i := range levels.Items {
		note("PriorityLevelConfiguration", &levels.Items[i])
	}
	for i := range schemas.Items {
		note("FlowSchema", &schemas.Items[i])
	}
	return all
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// Everything that is shipped is taken as it is, without a field that the server
// does not know.
func TestWhatIsShippedIsTaken(t *testing.T) {
	c := newCluster(t)
	strict := client.WithFieldValidation(c, "Strict")
	tenant := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "tenant-acme"},
	}}
	if err := c.Create(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	kustomized, err := decode(kustomize(t))
	if err != nil {
		t.Fatal(err)
	}
	objects := slices.DeleteFunc(kustomized, func(o *unstructured.Unstructured) bool { return o.GetKind() == "CustomResourceDefinition" })
	if n := len(kustomized) - len(objects); n != 0 {
		t.Logf("%d CRDs are there already", n)
	}
	objects = slices.Concat(objects, documents(t, "tenant-namespace"), documents(t, "tenant-namespace-flags"), documents(t, "samples"), documents(t, "prober"),
		slices.DeleteFunc(documents(t, "recommender"), func(o *unstructured.Unstructured) bool { return o.GetKind() == "Kustomization" }))
	for _, o := range objects {
		if err := strict.Create(t.Context(), o); err != nil {
			t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
}

// What one command installs is all that the operator needs of the host cluster: a kind that
// is left out would be missed by the first pod that starts.
func TestOneCommandInstallsAllOfIt(t *testing.T) {
	kustomized, err := decode(kustomize(t))
	if err != nil {
		t.Fatal(err)
	}
	installed := map[string]bool{}
	for _, o := range kustomized {
		installed[o.GetKind()+" "+o.GetName()] = true
	}
	for _, folder := range []string{"crd", "profiles", "operator", "rbac"} {
		for _, o := range documents(t, folder) {
			if !installed[o.GetKind()+" "+o.GetName()] {
				t.Errorf("%s %s of %s/ is not installed", o.GetKind(), o.GetName(), folder)
			}
		}
	}
}

// kustomize is what kubectl makes of this folder.
func kustomize(t *testing.T) []byte {
	t.Helper()
	kubectl := filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), "kubectl")
	out, err := exec.CommandContext(t.Context(), kubectl, "kustomize", ".").Output() //nolint:gosec // the kubectl under test
	if err != nil {
		t.Fatalf("%s kustomize: %v", kubectl, err)
	}
	return out
}

// The sample fits what is shipped around it.
func TestTheSampleFits(t *testing.T) {
	var cpp v1alpha1.ControlPlaneProfile
	into(t, documents(t, "samples")[0], &cpp)
	if cpp.Spec.Mode != v1alpha1.ModeRecommend {
		t.Errorf("the sample's mode is %s, want Recommend", cpp.Spec.Mode)
	}
	var role rbacv1.Role
	into(t, documents(t, "tenant-namespace")[0], &role)
	want := []rbacv1.PolicyRule{{
		APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"},
		ResourceNames: []string{cpp.Spec.Access.KubeconfigSecretRef.Name, cpp.Spec.Etcd.ClientTLS.SecretRef.Name},
	}}
	if diff := cmp.Diff(want, role.Rules); diff != "" || role.Namespace != cpp.Namespace {
		t.Errorf("in namespace %s, the tenant's Role (-want +got):\n%s", role.Namespace, diff)
	}
}

// What a tenant grants beyond that, for its flags to be managed, is its workload alone.
func TestTheRightToPatchIsOneWorkloads(t *testing.T) {
	var cpp v1alpha1.ControlPlaneProfile
	into(t, documents(t, "samples")[0], &cpp)
	var role rbacv1.Role
	into(t, documents(t, "tenant-namespace-flags")[0], &role)
	want := []rbacv1.PolicyRule{{
		APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"patch"},
		ResourceNames: []string{cpp.Spec.APIServer.TargetRef.Name},
	}}
	if diff := cmp.Diff(want, role.Rules); diff != "" || role.Namespace != cpp.Namespace || cpp.Spec.APIServer.TargetRef.Kind != "Deployment" {
		t.Errorf("in namespace %s, the Role (-want +got):\n%s", role.Namespace, diff)
	}
}

// What the operator may do in the host cluster: a longer list than this one is a
// decision, not an accident.
func TestTheOperatorsRights(t *testing.T) {
	var got []string
	for _, o := range documents(t, "rbac") {
		var rules []rbacv1.PolicyRule
		switch o.GetKind() {
		case "ClusterRole":
			var role rbacv1.ClusterRole
			into(t, o, &role)
			rules = role.Rules
		case "Role":
			var role rbacv1.Role
			into(t, o, &role)
			rules = role.Rules
		}
		for _, r := range rules {
			got = append(got, o.GetKind()+": "+strings.Join(r.APIGroups, ",")+" "+strings.Join(r.Resources, ",")+" "+strings.Join(r.Verbs, ","))
		}
	}
	if diff := cmp.Diff([]string{
		"ClusterRole: evenkeel.dev controlplaneprofiles get,list,watch,patch",
		"ClusterRole: evenkeel.dev controlplaneprofiles/status patch",
		"ClusterRole: evenkeel.dev controlplaneprofiles/finalizers update",
		"ClusterRole:  pods,nodes get,list,watch",
		"ClusterRole:  pods/resize patch",
		"ClusterRole:  pods/eviction create",
		"ClusterRole: metrics.k8s.io pods list",
		"ClusterRole: autoscaling.k8s.io verticalpodautoscalers get,list,create,patch,delete",
		"ClusterRole: autoscaling.k8s.io verticalpodautoscalers/status patch",
		"ClusterRole: autoscaling horizontalpodautoscalers get,list,create,patch,delete",
		"ClusterRole: evenkeel.dev resourceprofiles get,list,watch",
		"ClusterRole: evenkeel.dev usagehistories get,create,patch",
		"ClusterRole: evenkeel.dev availabilityledgers get,create,patch",
		"ClusterRole:  services get,list,watch",
		"ClusterRole: apps deployments,statefulsets get,list,watch",
		"ClusterRole: policy poddisruptionbudgets get,list,watch",
		"ClusterRole:  namespaces get",
		"ClusterRole: events.k8s.io events create,patch",
		"ClusterRole: authentication.k8s.io tokenreviews create",
		"ClusterRole: authorization.k8s.io subjectaccessreviews create",
		"Role: coordination.k8s.io leases get,create,update,patch",
		"Role: evenkeel.dev vantagepoints list,create,patch,delete",
		"Role:  events create,patch",
	}, got); diff != "" {
		t.Errorf("the operator's rights (-want +got):\n%s", diff)
	}
}

// The operator's pod can do no more than its process needs.
func TestTheOperatorsPod(t *testing.T) {
	for _, o := range documents(t, "operator") {
		if o.GetKind() != "Deployment" {
			continue
		}
		var d appsv1.Deployment
		into(t, o, &d)
		pod, container := d.Spec.Template.Spec, d.Spec.Template.Spec.Containers[0]
		s := container.SecurityContext
		if pod.SecurityContext == nil || !*pod.SecurityContext.RunAsNonRoot || s == nil || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem {
			t.Errorf("the pod's security context is %+v, the container's %+v", pod.SecurityContext, s)
		}
		if container.ReadinessProbe == nil || container.LivenessProbe == nil || container.Resources.Limits.Memory().IsZero() {
			t.Error("the container lacks a probe or a memory limit")
		}
		return
	}
	t.Error("there is no Deployment")
}

func into(t *testing.T, o *unstructured.Unstructured, typed any) {
	t.Helper()
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, typed, true); err != nil {
		t.Fatalf("%s %s: %v", o.GetKind(), o.GetName(), err)
	}
}

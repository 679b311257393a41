// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var update = flag.Bool("update", false, "write the golden files anew")

// least is the smallest profile there is.
func least(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "evenkeel.dev/v1alpha1",
		"kind":       "ControlPlaneProfile",
		"metadata":   map[string]any{"name": name, "namespace": "default"},
		"spec": map[string]any{
			"apiServer": map[string]any{"targetRef": map[string]any{"kind": "Deployment", "name": "kube-apiserver"}},
			"access":    map[string]any{"kubeconfigSecretRef": map[string]any{"name": "evenkeel"}},
		},
	}}
}

// change is one field of the spec; a nil value removes it.
type change struct {
	path  string
	value any
}

func (c change) to(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	path := strings.Split(c.path, ".")
	if c.value == nil {
		unstructured.RemoveNestedField(o.Object, path...)
		return
	}
	if err := unstructured.SetNestedField(o.Object, c.value, path...); err != nil {
		t.Fatalf("%s: %v", c.path, err)
	}
}

// etcd is an etcd with one more field.
func etcd(field string, value any) map[string]any {
	return map[string]any{"targetRef": map[string]any{"kind": "StatefulSet", "name": "etcd"}, field: value}
}

// handmade is a sentence that is good.
func handmade() map[string]any {
	return map[string]any{"user": "jane", "verbs": []any{"list"}, "resource": "pods", "reason": "ticket 7"}
}

// byHand is a sentence with one field changed; nil removes it.
func byHand(field string, value any) []change {
	s := handmade()
	if s[field] = value; value == nil {
		delete(s, field)
	}
	return []change{{"spec.protection.sentences", []any{s}}}
}

func manyByHand(n int) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = handmade()
	}
	return all
}

// window is a maintenance window with one field changed.
func window(field string, value any) []change {
	w := map[string]any{"days": []any{"Sat", "Sun"}, "from": "22:30", "minutes": int64(240), "timeZone": "Europe/Berlin"}
	if w[field] = value; value == nil {
		delete(w, field)
	}
	return []change{{"spec.maintenance.windows", []any{w}}}
}

func users(n int) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = fmt.Sprintf("user-%d", i)
	}
	return all
}

// refused are profiles that the CRD must refuse. Why is in the golden file, so
// that a profile which is refused for another reason than the one meant fails.
var refused = []struct {
	name    string
	changes []change
}{
	{"no target", []change{{"spec.apiServer.targetRef", nil}}},
	{"no access", []change{{"spec.access", nil}}},
	{"no Secret's name", []change{{"spec.access.kubeconfigSecretRef.name", nil}}},
	{"a Secret's empty name", []change{{"spec.access.kubeconfigSecretRef.name", ""}}},
	{"a Secret's name that is too long", []change{{"spec.access.kubeconfigSecretRef.name", strings.Repeat("s", 254)}}},
	{"a Secret's empty key", []change{{"spec.access.kubeconfigSecretRef.key", ""}}},
	{"a mode that is none", []change{{"spec.mode", "Auto"}}},
	{"a protection's mode that is none", []change{{"spec.protection.jail", "On"}}},
	{"a load line's mode that is none", []change{{"spec.protection.loadLine", "enforce"}}},
	{"a mode of the shares that is none", []change{{"spec.protection.shares", "Manage"}}},
	{"an apiserver that is a DaemonSet", []change{{"spec.apiServer.targetRef.kind", "DaemonSet"}}},
	{"an apiserver of another group", []change{{"spec.apiServer.targetRef.apiVersion", "v1"}}},
	{"an apiserver without name", []change{{"spec.apiServer.targetRef.name", ""}}},
	{"an apiserver's name that is too long", []change{{"spec.apiServer.targetRef.name", strings.Repeat("d", 254)}}},
	{"an etcd that is a Deployment", []change{{"spec.etcd", map[string]any{"targetRef": map[string]any{"kind": "Deployment", "name": "etcd"}}}}},
	{"an etcd at port 0", []change{{"spec.etcd", etcd("port", int64(0))}}},
	{"a client of etcd without a Secret", []change{{"spec.etcd", etcd("clientTLS", map[string]any{})}}},
	{"a client of etcd whose Secret has no name", []change{{"spec.etcd", etcd("clientTLS", map[string]any{"secretRef": map[string]any{"name": ""}})}}},
	{"a client of etcd with an empty server name", []change{{"spec.etcd", etcd("clientTLS", map[string]any{"secretRef": map[string]any{"name": "etcd-client"}, "serverName": ""})}}},
	{"an etcd without target", []change{{"spec.etcd", map[string]any{}}}},
	{"a container without name", []change{{"spec.apiServer.container", ""}}},
	{"a container's name that is too long", []change{{"spec.apiServer.container", strings.Repeat("c", 64)}}},
	{"port 0", []change{{"spec.apiServer.port", int64(0)}}},
	{"port 65536", []change{{"spec.apiServer.port", int64(65536)}}},
	{"seats with min above max", []change{{"spec.apiServer.seats", map[string]any{"min": int64(301), "max": int64(300)}}}},
	{"no seats at all", []change{{"spec.apiServer.seats", map[string]any{"min": int64(0)}}}},
	{"too many seats", []change{{"spec.apiServer.seats", map[string]any{"max": int64(100001)}}}},
	{"replicas with min above max", []change{{"spec.apiServer.replicas", map[string]any{"min": int64(4), "max": int64(3)}}}},
	{"cpu with min above max", []change{{"spec.apiServer.cpu", map[string]any{"min": "1500m", "max": "1"}}}},
	{"memory with min above max", []change{{"spec.apiServer.memory", map[string]any{"min": "4Gi", "max": "4095Mi"}}}},
	{"cpu that is no quantity", []change{{"spec.apiServer.cpu", map[string]any{"min": "much"}}}},
	{"a sentence that is too short", []change{{"spec.protection.sentence.durationSeconds", int64(19)}}},
	{"a sentence that is too long", []change{{"spec.protection.sentence.durationSeconds", int64(86401)}}},
	{"a sentence above its cap", []change{{"spec.protection.sentence", map[string]any{"durationSeconds": int64(61), "maxDurationSeconds": int64(60)}}}},
	{"a cap below the default sentence", []change{{"spec.protection.sentence", map[string]any{"maxDurationSeconds": int64(60)}}}},
	{"no sentences at all", []change{{"spec.protection.sentence.maxSentences", int64(0)}}},
	{"too many sentences", []change{{"spec.protection.sentence.maxSentences", int64(21)}}},
	{"a never-jailed user twice", []change{{"spec.protection.neverJail", []any{"jane", "jane"}}}},
	{"a never-jailed user without name", []change{{"spec.protection.neverJail", []any{""}}}},
	{"too many never-jailed users", []change{{"spec.protection.neverJail", users(65)}}},
	{"a sentence on nobody", byHand("user", nil)},
	{"a sentence on a user and a service account", byHand("serviceAccount", map[string]any{"namespace": "ci", "name": "*"})},
	{"a sentence on a node", byHand("user", "system:node:n1")},
	{"a sentence on a service account by its user name", byHand("user", "system:serviceaccount:ci:*")},
	{"a sentence on kube-system", []change{{"spec.protection.sentences", []any{map[string]any{
		"serviceAccount": map[string]any{"namespace": "kube-system", "name": "gc"}, "verbs": []any{"list"}, "resource": "pods", "reason": "ticket 7",
	}}}}},
	{"a sentence without verbs", byHand("verbs", []any{})},
	{"a sentence with a verb that is none", byHand("verbs", []any{"read"})},
	{"a sentence with all verbs and one more", byHand("verbs", []any{"*", "list"})},
	{"a sentence without resource", byHand("resource", nil)},
	{"a sentence on a resource that is none", byHand("resource", "pods,nodes")},
	{"a sentence of another scope", byHand("scope", "Everywhere")},
	{"a sentence of another grade", byHand("grade", "two")},
	{"seats without their grade", byHand("seats", int64(2))},
	{"a grade without its seats", byHand("grade", "seats")},
	{"a sentence without reason", byHand("reason", nil)},
	{"a sentence with an empty reason", byHand("reason", "")},
	{"too many sentences by hand", []change{{"spec.protection.sentences", manyByHand(21)}}},
	{"a mode of the flags that is none", []change{{"spec.apiServer.flags", "Enforce"}}},
	{"a mode of sizes that is none", []change{{"spec.sizing.mode", "Auto"}}},
	{"sizes applied by nobody", []change{{"spec.sizing.apply", "Template"}}},
	{"limits that are no choice", []change{{"spec.sizing.controlledValues", "LimitsOnly"}}},
	{"an eviction that is no choice", []change{{"spec.sizing.eviction", "Always"}}},
	{"a resource profile without name", []change{{"spec.resourceProfileRef", map[string]any{"name": ""}}}},
	{"an etcd whose memory has min above max", []change{{"spec.etcd", etcd("memory", map[string]any{"min": "2Gi", "max": "1Gi"})}}},
	{"scaling of another mode", []change{{"spec.scaling.mode", "Auto"}}},
	{"scaling by another step", []change{{"spec.scaling.step", "Rack"}}},
	{"connections that are no choice", []change{{"spec.scaling.connections", "Kill"}}},
	{"a scaling target without kind", []change{{"spec.scaling.targetRef", map[string]any{"apiVersion": "kamaji.clastix.io/v1alpha1", "name": "acme"}}}},
	{"a scaling target with an empty name", []change{{"spec.scaling.targetRef", map[string]any{"apiVersion": "kamaji.clastix.io/v1alpha1", "kind": "TenantControlPlane", "name": ""}}}},
	{"a scaling rate without percent and replicas", []change{{"spec.scaling.up", map[string]any{"windowSeconds": int64(60)}}}},
	{"a scaling rate of nothing", []change{{"spec.scaling.down", map[string]any{"replicas": int64(0)}}}},
	{"a scaling window that is too long", []change{{"spec.scaling.down", map[string]any{"percent": int64(10), "windowSeconds": int64(3601)}}}},
	{"a scaling period that is too long", []change{{"spec.scaling.up", map[string]any{"percent": int64(10), "periodSeconds": int64(1801)}}}},
	{"scaling above a CPU that is no quantity", []change{{"spec.scaling.cpu", "much"}}},
	{"no zones", []change{{"spec.availability.zones", int64(0)}}},
	{"too many zones", []change{{"spec.availability.zones", int64(8)}}},
	{"an availability of 100", []change{{"spec.availability.target", "100"}}},
	{"an availability in percent", []change{{"spec.availability.target", "99.95%"}}},
	{"a spread of another mode", []change{{"spec.availability.spread", "Evict"}}},
	{"a maintenance window at a time that is none", window("from", "24:00")},
	{"a maintenance window without a time", window("from", nil)},
	{"a maintenance window on a day that is none", window("days", []any{"Someday"})},
	{"a maintenance window on one day twice", window("days", []any{"Sat", "Sat"})},
	{"a maintenance window that is too short", window("minutes", int64(14))},
	{"a maintenance window that is too long", window("minutes", int64(1441))},
	{"a maintenance window in no time zone", window("timeZone", "")},
	{"care for etcd of another mode", []change{{"spec.etcd", etcd("care", map[string]any{"mode": "Auto"})}}},
	{"care for etcd from too little air", []change{{"spec.etcd", etcd("care", map[string]any{"fragmentationPercent": int64(9)})}}},
	{"seats in words", []change{{"spec.apiServer.seats", map[string]any{"min": "sixty"}}}},
}

func TestTheCRDRefusesAndSaysWhy(t *testing.T) {
	c := newCluster(t)
	var told strings.Builder
	for i, r := range refused {
		o := least(fmt.Sprintf("refused-%d", i))
		for _, change := range r.changes {
			change.to(t, o)
		}
		fmt.Fprintf(&told, "%s\n%s\n", r.name, why(t, c.Create(t.Context(), o)))
	}
	// A profile that was good must not be turned into a bad one.
	good := least("good")
	if err := c.Create(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for _, r := range refused {
		o := good.DeepCopy()
		for _, change := range r.changes {
			change.to(t, o)
		}
		if err := c.Update(t.Context(), o); !apierrors.IsInvalid(err) {
			t.Errorf("%s: an update was answered with %v, want Invalid", r.name, err)
		}
	}
	golden(t, "refused.txt", told.String())
}

// why is each cause of an error, a line each.
func why(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return "  ACCEPTED\n"
	}
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || !apierrors.IsInvalid(err) {
		t.Errorf("want an Invalid answer, got %v", err)
		return "  " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, cause := range status.Status().Details.Causes {
		if strings.HasPrefix(cause.Message, "Invalid value: null: some validation rules were not checked") {
			continue // said of every field that is wrong by itself
		}
		fmt.Fprintf(&b, "  %s: %s\n", cause.Field, cause.Message)
	}
	return b.String()
}

func TestTheSmallestProfileGetsItsDefaults(t *testing.T) {
	c := newCluster(t)
	o := least("least")
	o.Object["spec"].(map[string]any)["protection"] = map[string]any{"sentence": map[string]any{}} //nolint:forcetypeassert // it was made above
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"mode": "Recommend",
		"apiServer": map[string]any{
			"container": "kube-apiserver", "port": int64(6443), "flags": "Observe",
			"targetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "kube-apiserver"},
		},
		"access": map[string]any{"kubeconfigSecretRef": map[string]any{"name": "evenkeel", "key": "kubeconfig"}},
		"protection": map[string]any{"sentence": map[string]any{
			"durationSeconds": int64(600), "maxDurationSeconds": int64(21600), "maxSentences": int64(10),
		}},
	}
	if diff := cmp.Diff(want, o.Object["spec"]); diff != "" {
		t.Errorf("the defaults (-want +got):\n%s", diff)
	}
}

// A profile may be changed from anything valid to anything else that is.
func TestAProfileMayBeChanged(t *testing.T) {
	c := newCluster(t)
	o := least("changing")
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, change := range []change{
		{"spec.mode", "Enforce"},
		{"spec.protection.jail", "Recommend"},
		{"spec.protection.loadLine", "Off"},
		{"spec.protection.shares", "Enforce"},
		{"spec.apiServer.seats", map[string]any{"min": int64(300), "max": int64(300)}},
		{"spec.apiServer.seats", map[string]any{"max": int64(1)}},
		{"spec.apiServer.seats", nil},
		{"spec.apiServer.flags", "Manage"},
		{"spec.apiServer.flags", "Observe"},
		{"spec.apiServer.cpu", map[string]any{"min": "250m", "max": "6"}},
		{"spec.apiServer.memory", map[string]any{"min": "4Gi", "max": "4096Mi"}},
		{"spec.protection.sentence", map[string]any{"durationSeconds": int64(20), "maxDurationSeconds": int64(20)}},
		{"spec.apiServer.targetRef", map[string]any{"kind": "StatefulSet", "name": "kube-apiserver"}},
		{"spec.etcd", map[string]any{"targetRef": map[string]any{"kind": "StatefulSet", "name": "etcd"}}},
		{"spec.etcd", etcd("clientTLS", map[string]any{"secretRef": map[string]any{"name": "etcd-client"}, "serverName": "etcd.tenant-acme.svc"})},
		{"spec.etcd.port", int64(12379)},
		{"spec.protection.neverJail", users(64)},
		{"spec.protection.sentences", manyByHand(20)},
		{"spec.protection.sentences", []any{map[string]any{
			"serviceAccount": map[string]any{"namespace": "ci", "name": "*"}, "verbs": []any{"*"}, "resource": "*",
			"grade": "seats", "seats": int64(2), "until": "2030-01-01T00:00:00Z", "reason": "load test",
		}}},
		{"spec.protection.sentences", nil},
		{"spec.apiServer.replicas", map[string]any{"min": int64(3), "max": int64(3)}},
		{"spec.scaling", map[string]any{"cpu": "4", "up": map[string]any{"percent": int64(50)}, "down": map[string]any{"replicas": int64(1), "windowSeconds": int64(0)}}},
		{"spec.scaling.targetRef", map[string]any{"apiVersion": "kamaji.clastix.io/v1alpha1", "kind": "TenantControlPlane", "name": "acme"}},
		{"spec.availability", map[string]any{"zones": int64(3), "target": "99.95", "spread": "Enforce"}},
		{"spec.maintenance.windows", window("days", nil)[0].value},
		{"spec.scaling", nil},
		{"spec.mode", "Recommend"},
	} {
		change.to(t, o)
		if err := c.Update(t.Context(), o); err != nil {
			t.Errorf("%s = %v: %v", change.path, change.value, err)
		}
	}
}

// A status is written through its own door alone, and a spec never through it.
func TestStatusAndSpecAreApart(t *testing.T) {
	c := newCluster(t)
	o := least("apart")
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	change{"status", map[string]any{"jailed": int64(3)}}.to(t, o)
	if err := c.Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	change{"status", map[string]any{"jailed": int64(3)}}.to(t, o)
	change{"spec.mode", "Enforce"}.to(t, o)
	if err := c.Status().Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		t.Fatal(err)
	}
	mode, _, _ := unstructured.NestedString(o.Object, "spec", "mode")
	jailed, _, _ := unstructured.NestedInt64(o.Object, "status", "jailed")
	if mode != "Recommend" || jailed != 3 {
		t.Errorf("mode %s, jailed %d; want Recommend and 3", mode, jailed)
	}
}

// golden compares text with a file in testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), written anew by -update:\n%s", path, diff)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// curved is a resource profile of curves that is good.
func curved(name string) *unstructured.Unstructured {
	curves := func() map[string]any {
		return map[string]any{
			"cpu":    map[string]any{"base": "100m", "perNode": "400u", "perRequest": "1500u", "errorPercent": int64(9)},
			"memory": map[string]any{"base": "300Mi", "perPod": "30Ki", "perStoredByte": "2500m"},
		}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "evenkeel.dev/v1alpha1", "kind": "ResourceProfile", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"revision": "2026-11", "measured": map[string]any{"nodes": int64(2000)}, "apiServer": curves(), "etcd": curves()},
	}}
}

// tier is one that is good.
func tier(name string, nodes int64) map[string]any {
	return map[string]any{
		"name": name, "upTo": map[string]any{"nodes": nodes},
		"apiServer": map[string]any{"cpu": "500m", "memory": "3Gi", "seats": int64(300)}, "etcd": map[string]any{"cpu": "300m", "memory": "1Gi", "quota": "2Gi"},
	}
}

// tiered leaves curves for tiers.
func tiered(tiers ...any) []change {
	return []change{{"spec.apiServer", nil}, {"spec.etcd", nil}, {"spec.tiers", tiers}}
}

// refusedProfiles are resource profiles that the CRD must refuse: what can be told to be
// nonsense is told before it sizes anything.
var refusedProfiles = []struct {
	name    string
	changes []change
}{
	{"no revision", []change{{"spec.revision", nil}}},
	{"neither curves nor tiers", []change{{"spec.apiServer", nil}, {"spec.etcd", nil}}},
	{"curves and tiers", []change{{"spec.tiers", []any{tier("small", 10)}}}},
	{"no memory", []change{{"spec.apiServer.memory", nil}}},
	{"no base", []change{{"spec.apiServer.cpu.base", nil}}},
	{"a negative base", []change{{"spec.apiServer.cpu.base", "-100m"}}},
	{"less for every node", []change{{"spec.etcd.cpu.perNode", "-1u"}}},
	{"less for every request", []change{{"spec.apiServer.memory.perRequest", "-1"}}},
	{"no number", []change{{"spec.apiServer.cpu.base", "NaN"}}},
	{"an error above twice", []change{{"spec.apiServer.cpu.errorPercent", int64(201)}}},
	{"fewer than no nodes", []change{{"spec.measured.nodes", int64(-1)}}},
	{"no tiers at all", tiered()},
	{"a tier twice", tiered(tier("small", 10), tier("small", 100))},
	{"a tier without a size", tiered(map[string]any{"name": "small"})},
}

func TestTheResourceProfilesCRDRefusesAndSaysWhy(t *testing.T) {
	c := newCluster(t)
	var told strings.Builder
	for i, r := range refusedProfiles {
		o := curved(fmt.Sprintf("refused-%d", i))
		for _, change := range r.changes {
			change.to(t, o)
		}
		fmt.Fprintf(&told, "%s\n%s\n", r.name, why(t, c.Create(t.Context(), o)))
	}
	golden(t, "refusedprofiles.txt", told.String())
	for name, changes := range map[string][]change{"curves": nil, "tiers": tiered(tier("small", 10), tier("large", 1000))} {
		o := curved(name)
		for _, change := range changes {
			change.to(t, o)
		}
		if err := c.Create(t.Context(), o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

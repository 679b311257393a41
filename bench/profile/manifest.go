// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// The manifest of a ResourceProfile, as it is written.
type (
	manifest struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Spec spec `json:"spec"`
	}
	spec struct {
		Revision  string   `json:"revision"`
		Measured  measured `json:"measured"`
		APIServer curvesOf `json:"apiServer"`
		Etcd      curvesOf `json:"etcd"`
	}
	measured struct {
		Nodes       int64             `json:"nodes"`
		Pods        int64             `json:"pods"`
		Objects     int64             `json:"objects"`
		StoredBytes resource.Quantity `json:"storedBytes"`
		Requests    int64             `json:"requests"`
	}
	curvesOf struct {
		CPU    written `json:"cpu"`
		Memory written `json:"memory"`
	}
	written struct {
		Base          resource.Quantity `json:"base"`
		PerNode       resource.Quantity `json:"perNode"`
		PerPod        resource.Quantity `json:"perPod"`
		PerObject     resource.Quantity `json:"perObject"`
		PerStoredByte resource.Quantity `json:"perStoredByte"`
		PerRequest    resource.Quantity `json:"perRequest"`
		ErrorPercent  int32             `json:"errorPercent"`
		PeakPercent   int32             `json:"peakPercent,omitempty"`
	}
)

// head stands above the manifest.
const head = `# The standard sizes: what one kube-apiserver and one etcd member need for what their
# control plane carries. Measured by ` + "`make bench-profile`" + `; docs/profile.md has the points,
# the method and the error. Beyond what is under measured it extrapolates.
`

// Manifest is the ResourceProfile standard with the fitted curves, as YAML.
func Manifest(revision string, points []Point, fits []Fitted) (string, error) {
	most := Most(loads(points))
	m := manifest{APIVersion: "evenkeel.dev/v1alpha1", Kind: "ResourceProfile"}
	m.Metadata.Name = "standard"
	m.Spec.Revision = revision
	m.Spec.Measured = measured{
		Nodes: int64(most.Nodes), Pods: int64(most.Pods), Objects: int64(most.Objects),
		StoredBytes: Bytes(most.Bytes), Requests: int64(most.Requests),
	}
	for _, f := range fits {
		of := &m.Spec.APIServer
		if f.Component == "etcd" {
			of = &m.Spec.Etcd
		}
		if f.Kind == "cpu" {
			of.CPU = write(f.Curve, Cores)
		} else {
			of.Memory = write(f.Curve, Bytes)
		}
	}
	raw, err := yaml.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("writing the ResourceProfile: %w", err)
	}
	return head + strings.ReplaceAll(string(raw), `"`, ""), nil
}

func write(c sizing.Curve, as func(float64) resource.Quantity) written {
	return written{
		Base: as(c.Base), PerNode: as(c.Each.Nodes), PerPod: as(c.Each.Pods), PerObject: as(c.Each.Objects),
		PerStoredByte: as(c.Each.Bytes), PerRequest: as(c.Each.Requests), ErrorPercent: int32(100*c.Error + 0.999), PeakPercent: int32(100*c.Peak + 0.999),
	}
}

// Cores are cores as a quantity of three digits: whole nano-, micro- or millicores,
// rounded up.
func Cores(v float64) resource.Quantity { return decimalQuantity(v) }

// Bytes are bytes as a quantity: Mi or Ki where there are a hundred of them, else bytes
// and parts of bytes of three digits, rounded up.
func Bytes(v float64) resource.Quantity {
	for _, unit := range []struct {
		name  string
		bytes float64
	}{{"Mi", 1 << 20}, {"Ki", 1 << 10}} {
		if v >= 10*unit.bytes {
			return resource.MustParse(fmt.Sprintf("%.0f%s", up(v/unit.bytes), unit.name))
		}
	}
	return decimalQuantity(v)
}

// decimalQuantity has the largest unit of which there are a hundred.
func decimalQuantity(v float64) resource.Quantity {
	for _, unit := range []struct {
		name string
		size float64
	}{{"", 1}, {"m", 1e-3}, {"u", 1e-6}, {"n", 1e-9}} {
		if v >= 100*unit.size || unit.name == "n" {
			return resource.MustParse(fmt.Sprintf("%.0f%s", up(v/unit.size), unit.name))
		}
	}
	return resource.Quantity{}
}

// up rounds up, forgiving the last bit of a division.
func up(v float64) float64 {
	whole := float64(int64(v))
	if v-whole > 1e-6 {
		whole++
	}
	return whole
}

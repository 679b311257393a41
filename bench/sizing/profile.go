// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// loadProfile reads a ResourceProfile of curves.
func loadProfile(path string) (*sizing.Profile, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the person who runs the bench names the file
	if err != nil {
		return nil, fmt.Errorf("reading the resource profile: %w", err)
	}
	var rp v1alpha1.ResourceProfile
	if err := yaml.UnmarshalStrict(raw, &rp); err != nil {
		return nil, fmt.Errorf("reading the resource profile %s: %w", path, err)
	}
	s := rp.Spec
	if s.APIServer == nil || s.Etcd == nil {
		return nil, fmt.Errorf("reading the resource profile %s: it has no curves of both components", path)
	}
	return &sizing.Profile{
		Name: rp.Name, Revision: s.Revision,
		APIServer: sizing.Needs{CPU: curve(s.APIServer.CPU), Memory: curve(s.APIServer.Memory)},
		Etcd:      sizing.Needs{CPU: curve(s.Etcd.CPU), Memory: curve(s.Etcd.Memory)},
	}, nil
}

func curve(c v1alpha1.Curve) sizing.Curve {
	number := func(q *resource.Quantity) float64 {
		if q == nil {
			return 0
		}
		return q.AsApproximateFloat64()
	}
	return sizing.Curve{
		Base: c.Base.AsApproximateFloat64(),
		Each: sizing.Drivers{
			Nodes: number(c.PerNode), Pods: number(c.PerPod), Objects: number(c.PerObject), Bytes: number(c.PerStoredByte), Requests: number(c.PerRequest),
		},
		Error: float64(c.ErrorPercent) / 100, Peak: float64(c.PeakPercent) / 100,
	}
}

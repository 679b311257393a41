// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"math"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	scaleclient "k8s.io/client-go/scale"
	metricsclient "k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
)

// sampling is how often metrics-server asks for what is used, by default.
const sampling = 15 * time.Second

// errAbsent is what nothing here should ask for.
var errAbsent = errors.New("the plant has no such thing")

// scales is the scale subresource of the plant's workload.
type scales struct{ p *plant }

func (s scales) Scales(string) scaleclient.ScaleInterface { return s }

func (s scales) Get(context.Context, schema.GroupResource, string, metav1.GetOptions) (*autoscalingv1.Scale, error) {
	wanted, there := s.p.counts()
	return &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: workload},
		Spec:       autoscalingv1.ScaleSpec{Replicas: int32(wanted)},                               //nolint:gosec // a handful
		Status:     autoscalingv1.ScaleStatus{Replicas: int32(there), Selector: "app=" + workload}, //nolint:gosec // a handful
	}, nil
}

func (s scales) Update(_ context.Context, _ schema.GroupResource, scale *autoscalingv1.Scale, _ metav1.UpdateOptions) (*autoscalingv1.Scale, error) {
	s.p.scale(int(scale.Spec.Replicas))
	return scale, nil
}

func (s scales) Patch(context.Context, schema.GroupVersionResource, string, types.PatchType, []byte, metav1.PatchOptions) (*autoscalingv1.Scale, error) {
	return nil, errAbsent
}

// usage is what metrics-server tells of the plant.
type usage struct{ p *plant }

func (u usage) GetResourceMetric(_ context.Context, _ corev1.ResourceName, _ string, _ labels.Selector, _ string) (metricsclient.PodMetricsInfo, time.Time, error) {
	u.p.mu.Lock()
	defer u.p.mu.Unlock()
	info, oldest := metricsclient.PodMetricsInfo{}, time.Time{}
	for _, r := range u.p.replicas {
		m := r.sampled
		if m.at.IsZero() {
			continue
		}
		info[r.name] = metricsclient.PodMetric{Timestamp: m.at, Window: sampling, Value: int64(math.Round(m.value * 1000))}
		if oldest.IsZero() || m.at.Before(oldest) {
			oldest = m.at
		}
	}
	return info, oldest, nil
}

func (usage) GetRawMetric(string, string, labels.Selector, labels.Selector) (metricsclient.PodMetricsInfo, time.Time, error) {
	return nil, time.Time{}, errAbsent
}

func (usage) GetObjectMetric(string, string, *autoscalingv2.CrossVersionObjectReference, labels.Selector) (int64, time.Time, error) {
	return 0, time.Time{}, errAbsent
}

func (usage) GetExternalMetric(string, string, labels.Selector) ([]int64, time.Time, error) {
	return nil, time.Time{}, errAbsent
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
)

// startEvents returns a recorder of the node's Events, and what ends it.
func (a *Agent) startEvents(ctx context.Context) (record.EventRecorder, func()) {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: a.client.CoreV1().Events("")})
	source := corev1.EventSource{Component: "kubelet", Host: a.o.Name}
	return broadcaster.NewRecorder(scheme.Scheme, source), broadcaster.Shutdown
}

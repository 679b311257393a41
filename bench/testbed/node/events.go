// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"
)

// mostLogged bounds a line of the libraries' logs.
const mostLogged = 300

// startEvents returns a recorder of the node's Events, and what ends it.
func (a *Agent) startEvents(ctx context.Context) (record.EventRecorder, func()) {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: a.client.CoreV1().Events("")})
	source := corev1.EventSource{Component: "kubelet", Host: a.o.Name}
	return broadcaster.NewRecorder(scheme.Scheme, source), broadcaster.Shutdown
}

// logger is for the libraries that log by themselves, to standard error otherwise.
func (a *Agent) logger() logr.Logger {
	return funcr.New(func(_, args string) {
		a.o.Logf("node %s: %s", a.o.Name, args[:min(len(args), mostLogged)]) // an Event is logged whole
	}, funcr.Options{})
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/inflight"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// overtaken is a reader after whose answers something else happens.
type overtaken struct {
	client.Reader

	then func()
}

func (o overtaken) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	err := o.Reader.Get(ctx, key, object, options...)
	o.then()
	return err
}

// Whoever changes the workload between the look and the write is not overwritten.
func TestAWriteOfTheFlagsThatIsOvertakenIsRefused(t *testing.T) {
	w := newWorld(t)
	w.setWorkload(func(o *appsv1.Deployment) { o.Spec.Replicas = new(int32(2)) })
	w.settleWorkload()
	reader := overtaken{w, func() { w.setWorkload(func(o *appsv1.Deployment) { o.Spec.Replicas = new(int32(3)) }) }}
	target := inflight.Target{Object: &appsv1.Deployment{ObjectMeta: w.named("kube-apiserver")}, Kind: "Deployment", Container: "kube-apiserver"}
	f := inflight.Write(t.Context(), reader, w, target, flagsStep(plane.SetFlags, found, raised), time.Now())
	if f == nil || f.Reason != v1alpha1.ReasonWriteFailed || !strings.Contains(f.Message, "it has changed meanwhile, and is tried again") {
		t.Errorf("the fault is %+v, want a conflict", f)
	}
	if o := w.workload(); *o.Spec.Replicas != 3 || o.Spec.Template.Spec.Containers[0].Args[0] != "--max-requests-inflight=200" || o.Annotations[v1alpha1.OriginalAnnotation] != "" {
		t.Errorf("the workload has %d replicas, %q, %v", *o.Spec.Replicas, o.Spec.Template.Spec.Containers[0].Args, o.Annotations)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane_test

import (
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// Why a resize is not in force, ten minutes after it was asked for and with a patience
// of five.
func TestUnresized(t *testing.T) {
	now := time.Unix(10_000, 0)
	asked := now.Add(-10 * time.Minute)
	for name, c := range map[string]struct {
		resize plane.Resize
		reason string
		words  string
	}{
		"settled":                   {plane.Resize{State: plane.ResizeSettled}, "", ""},
		"deferred":                  {plane.Resize{State: plane.ResizeDeferred, Message: "Node didn't have enough resource: cpu", Since: now}, v1alpha1.ReasonResizeDeferred, "Deferred since 02:46:40: Node didn't have enough resource: cpu; the node tries again when pods leave it"},
		"deferred since one before": {plane.Resize{State: plane.ResizeDeferred, Since: asked.Add(-time.Hour)}, v1alpha1.ReasonResizeDeferred, "Deferred since 02:36:40;"},
		"infeasible":                {plane.Resize{State: plane.ResizeInfeasible, Since: now.Add(-time.Minute)}, v1alpha1.ReasonResizeInfeasible, "Infeasible since 02:45:40; the pod needs another node"},
		"failed":                    {plane.Resize{State: plane.ResizeFailed, Message: "no such cgroup", Since: now}, v1alpha1.ReasonResizeStuck, "no such cgroup; the node tries again"},
		"below the usage":           {plane.Resize{State: plane.ResizeFailed, Message: `attempting to set container "etcd" memory limit (1) below current usage (2)`, Since: now}, v1alpha1.ReasonResizeStuck, "page cache included"},
		"in progress, fresh":        {plane.Resize{State: plane.ResizeInProgress, Since: now.Add(-5*time.Minute + time.Second)}, "", ""},
		"in progress, late":         {plane.Resize{State: plane.ResizeInProgress, Since: now.Add(-5 * time.Minute)}, v1alpha1.ReasonResizeStuck, "InProgress since 02:41:40; look at the node's kubelet"},
		"never looked at":           {plane.Resize{State: plane.ResizeInProgress}, v1alpha1.ReasonResizeStuck, "container etcd of pod etcd-0 requests 1500m/2048Mi and has 500m/1024Mi, InProgress since 02:36:40"},
		"never told":                {plane.Resize{State: plane.ResizeUnknown}, v1alpha1.ReasonResizeStuck, "Unknown since 02:36:40"},
		"a long message":            {plane.Resize{State: plane.ResizeFailed, Message: strings.Repeat("x", 9000), Since: now}, v1alpha1.ReasonResizeStuck, "xxx; the node"},
	} {
		is := plane.ContainerSize{
			Pod: "etcd-0", Container: "etcd", Resize: c.resize,
			Requested: plane.Amounts{CPU: 1.5, Memory: 2 * gib}, InForce: plane.Amounts{CPU: 0.5, Memory: gib},
		}
		f := is.Unresized(now, asked, 5*time.Minute)
		if f == nil {
			f = &plane.Fault{}
		}
		if f.Reason != c.reason || !strings.Contains(f.Message, c.words) || len(f.Message) > 600 {
			t.Errorf("%s: %+v, want %s: %s", name, *f, c.reason, c.words)
		}
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package regress

import (
	"context"
	"syscall"
	"time"

	"evenkeel.dev/evenkeel/bench/stage"
)

// injection is one thing that gets worse during a rollout.
type injection struct {
	name string
	// etcd is whether the members are rolled, else the apiservers are.
	etcd bool
	// first is done before the rollout begins, then when the first pod has been restarted and
	// is ready again: it goes on until its ctx ends. mend takes it back.
	first func(ctx context.Context, r *run) error
	then  func(ctx context.Context, r *run, touched touchedPod) error
	mend  func(ctx context.Context, r *run) error
}

// Names are those of the regressions, in the order in which they are played.
func Names() (names []string) {
	for _, i := range injections() {
		names = append(names, i.name)
	}
	return names
}

const imageAPIServer = "registry.k8s.io/kube-apiserver"

// injections are the eight regressions.
func injections() []injection {
	return []injection{
		{
			name: "slow-member", etcd: true,
			then: func(_ context.Context, r *run, touched touchedPod) error {
				return r.stage.Tenant.DelayFsyncIn(touched.zone, 150*time.Millisecond)
			},
			mend: func(_ context.Context, r *run) error { return r.stage.Tenant.DelayFsync(0) },
		},
		{name: "failing-readiness", then: hang, mend: wake},
		{
			// The flag that nobody knows comes with the image, as one does that was renamed.
			name: "bad-flag",
			first: func(_ context.Context, r *run) error {
				r.stage.SetImage(imageAPIServer, r.Binaries.KubeAPIServer, "--no-such-flag=true")
				return nil
			},
			mend: func(_ context.Context, r *run) error {
				r.stage.SetImage(imageAPIServer)
				return nil
			},
		},
		{name: "memory-leak", then: leak},
		{name: "5xx", then: failWrites, mend: mendWrites},
		{name: "429-wave", then: refuse, mend: mendRefusal},
		{name: "watch-drops", then: dropWatches},
		{name: "lost-metrics", etcd: true, then: hang, mend: wake},
	}
}

// hang stops the process of the pod that was touched, without ending it. An apiserver counts
// as not ready as soon as it does not answer; a member does for half a minute, and meanwhile
// nothing of it is told.
func hang(_ context.Context, r *run, touched touchedPod) error {
	return r.stage.SignalPod(touched.node, stage.TenantNamespace, touched.name, syscall.SIGSTOP)
}

// wake has whatever hangs go on.
func wake(ctx context.Context, r *run) error {
	pods, err := r.pods(ctx)
	if err != nil {
		return err
	}
	for i := range pods {
		// One that has been ended meanwhile has nothing to be woken.
		_ = r.stage.SignalPod(pods[i].Spec.NodeName, pods[i].Namespace, pods[i].Name, syscall.SIGCONT)
	}
	return nil
}

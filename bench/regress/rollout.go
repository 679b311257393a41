// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package regress

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/stage"
)

// touchedPod is the one that a rollout has touched first.
type touchedPod struct {
	name, node, zone, component string
	// address is its own.
	address string
	// at is when its restart was seen.
	at time.Time
}

// install installs Evenkeel, or only the profile anew: an hour passes before a plan that was
// stopped goes on, and a profile made anew has not been stopped.
func (r *run) install(ctx context.Context) error {
	cpp, err := stage.LoadProfile(r.Root, 0, 0)
	if err != nil {
		return err
	}
	cpp.Spec.Mode = v1alpha1.ModeEnforce
	off := v1alpha1.ProtectionOff
	cpp.Spec.Protection = v1alpha1.ProtectionSpec{Jail: off, LoadLine: off, Shares: off}
	cpp.Spec.Sizing = v1alpha1.SizingSpec{Mode: v1alpha1.ProtectionEnforce, Restarts: v1alpha1.RestartPlanned, VerticalPodAutoscaler: v1alpha1.VPAOff}
	cpp.Spec.ResourceProfileRef, cpp.Spec.Etcd.Care.Mode = nil, off
	cpp.Spec.APIServer.CPU, cpp.Spec.Etcd.CPU = exactly("250m"), exactly("100m")
	cpp.Spec.APIServer.Memory, cpp.Spec.Etcd.Memory = exactly(small), exactly(small)
	if r.profile, err = r.stage.Install(ctx, r.Root, cpp); err != nil {
		return err
	}
	_, err = r.profile.Await(ctx, 3*time.Minute, "sizes to be known", func(seen v1alpha1.ControlPlaneProfile) bool {
		for _, c := range seen.Status.Conditions {
			if c.Type == v1alpha1.ConditionSized {
				return c.Status == "True"
			}
		}
		return false
	})
	return err
}

func exactly(size string) *v1alpha1.QuantityRange {
	q := resource.MustParse(size)
	return &v1alpha1.QuantityRange{Min: &q, Max: &q}
}

// roll has one component want another size, which restarts its pods.
func (r *run) roll(ctx context.Context, etcd bool) error {
	return r.profile.Patch(ctx, func(cpp *v1alpha1.ControlPlaneProfile) {
		if etcd {
			cpp.Spec.Etcd.Memory = exactly(large)
			return
		}
		cpp.Spec.APIServer.Memory = exactly(large)
	})
}

// pods are the tenant's.
func (r *run) pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := r.host.CoreV1().Pods(stage.TenantNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("looking at the tenant's pods: %w", err)
	}
	return list.Items, nil
}

// restarts are how often each pod's container has restarted, by UID.
func (r *run) restarts(ctx context.Context) (map[string]int32, error) {
	pods, err := r.pods(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]int32{}
	for i := range pods {
		for _, c := range pods[i].Status.ContainerStatuses {
			all[string(pods[i].UID)] += c.RestartCount
		}
	}
	return all, nil
}

// touched waits until a pod has restarted since, and is ready where that is asked for.
func (r *run) touched(ctx context.Context, before map[string]int32, ready bool) (found touchedPod, err error) {
	err = await.Until(ctx, touchedWithin, lookEvery, "a pod to be restarted", func(ctx context.Context) error {
		pods, err := r.pods(ctx)
		if err != nil {
			return err
		}
		for i := range pods {
			p := &pods[i]
			if len(p.Status.ContainerStatuses) == 0 || p.Status.ContainerStatuses[0].RestartCount <= before[string(p.UID)] {
				continue
			}
			if found.at.IsZero() {
				found.at = time.Now()
			}
			if ready && !isReady(p) {
				return fmt.Errorf("%s is not ready", p.Name)
			}
			found.name, found.node, found.address, found.component = p.Name, p.Spec.NodeName, p.Status.PodIP, p.Spec.Containers[0].Name
			found.zone = p.Spec.NodeName[len("node-"):]
			return nil
		}
		return errors.New("none has")
	})
	return found, err
}

// stopped waits for the decision that stops the plan.
func (r *run) stopped(ctx context.Context, since time.Time) (d v1alpha1.DecisionStatus, err error) {
	_, err = r.profile.Await(ctx, stoppedWithin, "the plan to be stopped", func(seen v1alpha1.ControlPlaneProfile) bool {
		for _, one := range seen.Status.Decisions {
			if one.Step == "StopSteps" && one.Time.After(since) {
				d = one
				return true
			}
		}
		return false
	})
	return d, err
}

// takenBack waits until the pod requests again what it did before.
func (r *run) takenBack(ctx context.Context, touched touchedPod) error {
	was := resource.MustParse(small)
	return await.Until(ctx, time.Minute, lookEvery, "the pod to have its size of before", func(ctx context.Context) error {
		p, err := r.host.CoreV1().Pods(stage.TenantNamespace).Get(ctx, touched.name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if is := p.Spec.Containers[0].Resources.Requests.Memory(); is.Cmp(was) != 0 {
			return fmt.Errorf("%s requests %s", touched.name, is)
		}
		return nil
	})
}

// mend takes the injection and the profile away, and waits until all are well and as they
// were.
func (r *run) mend(ctx context.Context, i injection) error {
	if i.mend != nil {
		if err := i.mend(ctx, r); err != nil {
			return err
		}
	}
	if r.profile != nil {
		if err := r.profile.Delete(ctx, time.Minute); err != nil {
			return err
		}
	}
	return await.Until(ctx, wholeWithin, lookEvery, "all to be well again", r.whole)
}

// whole is nil when every pod is ready; one that still has the larger size is given the
// other by hand.
func (r *run) whole(ctx context.Context) error {
	pods, err := r.pods(ctx)
	if err != nil {
		return err
	}
	ready := 0
	for i := range pods {
		if isReady(&pods[i]) {
			ready++
		}
		if err := r.shrink(ctx, &pods[i]); err != nil {
			return err
		}
	}
	if ready < 6 {
		return fmt.Errorf("%d of 6 pods are ready", ready)
	}
	return nil
}

// shrink gives a pod its first size again.
func (r *run) shrink(ctx context.Context, p *corev1.Pod) error {
	was := resource.MustParse(small)
	if p.Spec.Containers[0].Resources.Requests.Memory().Cmp(was) == 0 {
		return nil
	}
	p = p.DeepCopy()
	p.Spec.Containers[0].Resources.Requests[corev1.ResourceMemory] = was
	if _, err := r.host.CoreV1().Pods(p.Namespace).UpdateResize(ctx, p.Name, p, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("giving %s its first size again: %w", p.Name, err)
	}
	return fmt.Errorf("%s has only just its first size again", p.Name)
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil
		}
	}
	return false
}

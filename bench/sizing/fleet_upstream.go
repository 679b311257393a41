// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"

	autoscaling "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	vpa "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1"
	vpaclient "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/client/clientset/versioned/typed/autoscaling.k8s.io/v1"
	vpalister "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/client/listers/autoscaling.k8s.io/v1"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/checkpoint"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/input"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/input/oom"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/logic"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/model"
	"k8s.io/autoscaler/vertical-pod-autoscaler/pkg/recommender/routines"
	controllerfetcher "k8s.io/autoscaler/vertical-pod-autoscaler/pkg/target/controller_fetcher"
	"k8s.io/client-go/tools/cache"
)

// upstreamFleet is the upstream recommender in process: its cluster state, its loop over
// all VerticalPodAutoscalers and its checkpoints, over an API that answers at once.
type upstreamFleet struct {
	cluster     model.ClusterState
	recommender routines.Recommender
	planes      int
	pods        []model.PodID
	objects     []*vpa.VerticalPodAutoscaler
	generation  int
}

func newUpstreamFleet() fleet {
	u := &upstreamFleet{cluster: model.NewClusterState(time.Hour)}
	u.recommender = u.make(cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil), cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil))
	return u
}

func (u *upstreamFleet) make(objects, checkpoints cache.Indexer) routines.Recommender {
	fetcher := controllerfetcher.FakeControllerFetcher{}
	return routines.RecommenderFactory{
		ClusterState: u.cluster, ControllerFetcher: fetcher,
		ClusterStateFeeder: input.ClusterStateFeederFactory{
			ClusterState: u.cluster, OOMObserver: oom.NewObserver(), ControllerFetcher: fetcher,
			VpaLister: vpalister.NewVerticalPodAutoscalerLister(objects), VpaCheckpointLister: vpalister.NewVerticalPodAutoscalerCheckpointLister(checkpoints),
			SelectorFetcher: selectors{}, RecommenderName: input.DefaultRecommenderName,
		}.Make(),
		CheckpointWriter: checkpoint.NewCheckpointWriter(u.cluster, stubs{}), PodResourceRecommender: logic.CreatePodResourceRecommender(upstreamConfig),
		VpaClient: stubs{}, CheckpointsGCInterval: 10 * time.Minute, UseCheckpoints: true, UpdateWorkerCount: 10,
	}.Make()
}

func (u *upstreamFleet) roll(planes, generation int) {
	for _, id := range u.pods {
		u.cluster.DeletePod(id)
	}
	if u.pods = nil; u.objects == nil {
		u.planes = planes
		u.addObjects()
	}
	u.generation = generation
	u.addPods()
}

func (u *upstreamFleet) addObjects() {
	for plane := range u.planes {
		for _, w := range workloads {
			o := object(plane, w)
			u.objects = append(u.objects, o)
			_ = u.cluster.AddOrUpdateVpa(o, labels.SelectorFromSet(labels.Set{"app": w.name}))
		}
	}
	u.cluster.SetObservedVPAs(u.objects)
}

func object(plane int, w workload) *vpa.VerticalPodAutoscaler {
	return &vpa.VerticalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace(plane), Name: w.name},
		Spec:       vpa.VerticalPodAutoscalerSpec{TargetRef: &autoscaling.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: w.name}},
	}
}

func (u *upstreamFleet) addPods() {
	for plane := range u.planes {
		for _, w := range workloads {
			for i := range w.pods {
				id := model.PodID{Namespace: namespace(plane), PodName: podName(w, i, u.generation)}
				u.cluster.AddOrUpdatePod(id, labels.Set{"app": w.name, "pod-template-hash": podName(w, 0, u.generation)}, corev1.PodRunning)
				for _, c := range w.containers {
					_ = u.cluster.AddOrUpdateContainer(model.ContainerID{PodID: id, ContainerName: c}, model.Resources{})
				}
				u.pods = append(u.pods, id)
			}
		}
	}
}

func (u *upstreamFleet) sample(now time.Time) {
	for plane := range u.planes {
		n := 0
		for _, w := range workloads {
			for i := range w.pods {
				id := model.PodID{Namespace: namespace(plane), PodName: podName(w, i, u.generation)}
				for _, c := range w.containers {
					n++
					cpu, memory := used(plane, n, now)
					for _, s := range []model.ContainerUsageSample{
						{MeasureStart: now, Usage: model.CPUAmountFromCores(cpu), Resource: model.ResourceCPU},
						{MeasureStart: now, Usage: model.MemoryAmountFromBytes(memory), Resource: model.ResourceMemory},
					} {
						_ = u.cluster.AddSample(&model.ContainerUsageSampleWithKey{ContainerUsageSample: s, Container: model.ContainerID{PodID: id, ContainerName: c}})
					}
				}
			}
		}
	}
}

func (u *upstreamFleet) loop(time.Time) {
	u.recommender.UpdateVPAs()
	u.recommender.MaintainCheckpoints(context.Background())
}

// restart loads the checkpoints of all, and adds the pods.
func (u *upstreamFleet) restart() fleet {
	objects, checkpoints := cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil), cache.NewIndexer(cache.MetaNamespaceKeyFunc, nil)
	for _, o := range u.objects {
		_ = objects.Add(o)
		states := u.cluster.VPAs()[model.VpaID{Namespace: o.Namespace, VpaName: o.Name}].AggregateStateByContainerName()
		for name, state := range states {
			status, err := state.SaveToCheckpoint()
			if err != nil {
				continue
			}
			_ = checkpoints.Add(&vpa.VerticalPodAutoscalerCheckpoint{
				ObjectMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Name + "-" + name},
				Spec:       vpa.VerticalPodAutoscalerCheckpointSpec{VPAObjectName: o.Name, ContainerName: name}, Status: *status,
			})
		}
	}
	again := &upstreamFleet{cluster: model.NewClusterState(time.Hour), planes: u.planes, generation: u.generation, objects: u.objects}
	again.recommender = again.make(objects, checkpoints)
	again.recommender.GetClusterStateFeeder().InitFromCheckpoints(context.Background())
	again.addPods()
	return again
}

// selectors find the pods of an object by its name.
type selectors struct{}

func (selectors) Fetch(_ context.Context, o *vpa.VerticalPodAutoscaler) (labels.Selector, error) {
	return labels.SelectorFromSet(labels.Set{"app": o.Name}), nil
}

// stubs are an API that takes every write at once.
type stubs struct{}

func (stubs) VerticalPodAutoscalers(string) vpaclient.VerticalPodAutoscalerInterface {
	return stubVPAs{}
}

func (stubs) VerticalPodAutoscalerCheckpoints(string) vpaclient.VerticalPodAutoscalerCheckpointInterface {
	return stubCheckpoints{}
}

type stubVPAs struct {
	vpaclient.VerticalPodAutoscalerInterface
}

func (stubVPAs) Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (*vpa.VerticalPodAutoscaler, error) {
	return &vpa.VerticalPodAutoscaler{}, nil
}

type stubCheckpoints struct {
	vpaclient.VerticalPodAutoscalerCheckpointInterface
}

func (stubCheckpoints) Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (*vpa.VerticalPodAutoscalerCheckpoint, error) {
	return &vpa.VerticalPodAutoscalerCheckpoint{}, nil
}

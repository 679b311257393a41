// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/evict"
	"evenkeel.dev/evenkeel/operator/actuate/leader"
	"evenkeel.dev/evenkeel/operator/actuate/resize"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// sizesEvery is how often pods' sizes are looked at while looks follow each other closely,
// unless one has just been written.
const sizesEvery = 2 * time.Second

// Usage tells what a pod's container used last. It is usage.Reader.
type Usage interface {
	Of(namespace, pod, container string) (sizing.Usage, bool)
	Fault() *plane.Fault
}

// seeSizes sees where the components' pods run, whatever is allowed of their sizes; and
// what they request, have and use, and what the control plane carries. What goes wrong
// never ends the pass.
func (p *pass) seeSizes(ctx context.Context) error {
	if k := p.kept; p.now.Sub(k.sizesAt) < sizesEvery {
		p.snapshot.Sizes, p.snapshot.Host = k.sizes, k.host
		p.snapshot.Sizes.Recalled = k.sizesRecalled
		return nil
	}
	seen := &p.snapshot.Sizes
	if p.r.Usage != nil {
		seen.UsageFault = p.r.Usage.Fault()
	}
	p.seePlaces(ctx)
	if p.sizingMode() == plane.Off || p.r.Usage == nil {
		p.kept.sizes, p.kept.host, p.kept.sizesAt = *seen, p.snapshot.Host, p.now
		return nil
	}
	seen.Largest = p.r.fleet.largest(ctx, p.r.Client, p.now)
	p.seeLoad()
	p.kept.sizes, p.kept.host, p.kept.sizesAt = *seen, p.snapshot.Host, p.now
	p.recallSizes(ctx)
	return nil
}

// addPod adds a pod of one component that runs.
func (p *pass) addPod(ctx context.Context, c sizing.Component, pod *corev1.Pod, container string) {
	s := plane.SizedPod{
		ContainerSize: resize.Look(pod, container), Component: c, Node: pod.Spec.NodeName, Place: placeOf(pod),
		Ready: ready(pod), Created: pod.CreationTimestamp.Time,
	}
	if zone, err := p.zone(ctx, pod.Spec.NodeName); err == nil { // else it is not known
		s.Zone = zone
	}
	if p.r.Usage != nil {
		if used, ok := p.r.Usage.Of(p.cpp.Namespace, pod.Name, container); ok {
			s.Used = used
		}
	}
	if c == sizing.Etcd {
		p.seeMember(&s)
	}
	p.snapshot.Sizes.Pods = append(p.snapshot.Sizes.Pods, s)
}

func compareNames(a, b *corev1.Pod) int {
	if a.Name < b.Name {
		return -1
	}
	return 1
}

// memberFresh is how old what is known of a member may be for it to count as well.
const memberFresh = 20 * time.Second

// seeMember adds what is known of the pod as a member of etcd. What is mapped of the
// database file is memory that it needs, whoever accounts for it.
func (p *pass) seeMember(s *plane.SizedPod) {
	i := slices.IndexFunc(p.snapshot.Members, func(m plane.Member) bool { return m.Name == s.Pod })
	if i < 0 {
		return
	}
	m := p.snapshot.Members[i]
	s.Leader = m.IsLeader
	s.Well = m.Fault == nil && m.HasLeader && p.now.Sub(m.Observed) < memberFresh && len(m.Alarms) == 0
	if m.DBSize > 0 && !s.Used.At.IsZero() {
		s.Used.Memory = max(s.Used.Memory, float64(m.DBSize))
	}
	p.snapshot.Sizes.Quota = max(p.snapshot.Sizes.Quota, float64(m.Quota))
}

// seeLoad adds up what the control plane carries: what is stored by the replica that
// knows most of it, and the requests of all.
func (p *pass) seeLoad() {
	seen := &p.snapshot.Sizes
	for _, r := range p.snapshot.Replicas {
		if r.Observed.IsZero() || r.Stored == (plane.Stored{}) {
			continue
		}
		l := &seen.Load
		l.Nodes, l.Pods, l.Objects = max(l.Nodes, r.Stored.Nodes), max(l.Pods, r.Stored.Pods), max(l.Objects, r.Stored.Objects)
		l.Bytes = max(l.Bytes, r.Stored.Bytes)
		if r.Observed.After(seen.LoadSeen) {
			seen.LoadSeen = r.Observed
		}
		for _, s := range r.Served {
			l.Requests += s.Requests / math.Max(r.Window.Seconds(), 1)
		}
	}
	inUse := 0.0
	for _, m := range p.snapshot.Members {
		inUse = max(inUse, float64(m.DBInUse))
	}
	if inUse > 0 {
		seen.Load.Bytes = inUse
	}
}

// applySize carries a step about sizes out.
func (p *pass) applySize(ctx context.Context, step plane.Step) plane.Outcome {
	s := step.Size
	p.kept.sizesAt = time.Time{}
	out := plane.Outcome{Kind: step.Kind, Name: step.About()}
	key := types.NamespacedName{Namespace: p.cpp.Namespace, Name: s.Pod}
	switch step.Kind {
	case plane.ChangeSize: // what is decided is kept, and carried out pod by pod
	case plane.ResizePod:
		values := resize.RequestsOnly
		if s.Limits {
			values = resize.RequestsAndLimits
		}
		_, out.Fault = resize.Write(ctx, p.r.Host, p.r.Client, resize.Order{
			Pod: key, UID: types.UID(s.UID), Container: s.Container, Values: values,
			Size: resize.Size{CPU: s.To.CPU, Memory: s.To.Memory}, Restarts: s.Restarts,
		})
	case plane.MoveLeader:
		out.Fault = p.moveLeader(ctx, s.Pod, s.Leader)
	case plane.EvictPod:
		out.Fault = evict.Pod(ctx, p.r.Host, p.r.Client, key, types.UID(s.UID))
	default:
		out.Fault = &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: fmt.Sprintf("no way is known to carry out %q", step.Kind)}
	}
	if out.Fault == nil {
		out.Written = p.r.Now()
	}
	return out
}

// moveLeader has another member of etcd lead.
func (p *pass) moveLeader(ctx context.Context, from, to string) *plane.Fault {
	targets, missing, err := p.memberTargets(ctx)
	if err != nil || p.kept.etcd.access == nil {
		return &plane.Fault{Reason: v1alpha1.ReasonLeaderNotMoved, Message: fmt.Sprintf("etcd's members cannot be reached to have %s lead: %v", to, err)}
	}
	members := make([]leader.Member, 0, len(targets)+len(missing))
	for _, t := range targets {
		members = append(members, leader.Member{Name: t.Name, Address: t.Address})
	}
	for _, m := range missing {
		members = append(members, leader.Member{Name: m.Name})
	}
	_, fault := leader.Move(ctx, p.kept.etcd.access, members, from, to)
	return fault
}

// largestEvery is how often the nodes are looked through for the largest.
const largestEvery = time.Minute

// largest is what the largest node of the host cluster has to give.
func (f *fleet) largest(ctx context.Context, c client.Reader, now time.Time) plane.Amounts {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.largestAt) < largestEvery {
		return f.largestNode
	}
	var nodes corev1.NodeList
	if err := c.List(ctx, &nodes, client.UnsafeDisableDeepCopy); err != nil {
		return f.largestNode
	}
	var most plane.Amounts
	for i := range nodes.Items {
		has := nodes.Items[i].Status.Allocatable
		most.CPU = max(most.CPU, has.Cpu().AsApproximateFloat64())
		most.Memory = max(most.Memory, has.Memory().AsApproximateFloat64())
	}
	f.largestNode, f.largestAt = most, now
	return most
}

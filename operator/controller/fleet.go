// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// fleet is what is kept of every control plane between passes, in this process
// alone: a new leader starts without it and finds the sentences in the tenants.
type fleet struct {
	// wake has a profile reconciled at once.
	wake chan event.GenericEvent

	mu     sync.Mutex
	planes map[types.NamespacedName]*kept
	// largestNode is what the largest node had to give at largestAt.
	largestNode plane.Amounts
	largestAt   time.Time
	// nodes are the host cluster's, and budgets why its disruption budgets cannot be read.
	nodes   hostNodes
	budgets budgetsFault
}

// kept is what is kept of one control plane. One pass at a time uses it, because
// the controller never reconciles one object twice at once.
type kept struct {
	uid types.UID
	// tenant is the way in, opened with access, which was read from the Secret at
	// accessRead for that generation of the profile; turnedDown is true when a
	// replica has refused it since.
	tenant     Tenant
	access     *access.Access
	accessRead time.Time
	generation int64
	turnedDown bool
	stopPulse  context.CancelFunc
	// etcd is the way to the etcd members.
	etcd etcdWay
	// ends is when certificates end, as it was last known.
	ends map[string]time.Time
	// care is what is being done to them.
	care careRun

	// alarmed is set when a pulse was slow: the next look asks for the dump at once.
	alarmed atomic.Bool
	// config is the flow control as read at configAt, and not written to since.
	config   *plane.FlowConfig
	configAt time.Time

	// flags is the workload's, as read when its object was the one of flagsOf.
	flags   *plane.Workload
	flagsOf string
	// rollouts is what is kept of rollouts that may be left held.
	rollouts keptRollouts

	// sizesRecalled is true once the histories of sizes have been read, sizesSaved when
	// they were last written.
	sizesRecalled bool
	// vpaWant is what the VerticalPodAutoscalers were last to tell, at vpaAt, and vpaFault
	// what of it went wrong. vpasGone is true once they have been let go of, which was
	// last tried at vpasTried.
	vpaWant   string
	vpaAt     time.Time
	vpaFault  *plane.Fault
	vpasGone  bool
	vpasTried time.Time
	// sizes are those that were seen at sizesAt, and host is where the pods ran then.
	sizes      plane.SizesSeen
	host       plane.HostSeen
	sizesAt    time.Time
	sizesSaved time.Time
	// scale is what is kept of the autoscaler.
	scale keptScale
	// sla is what is kept of what was promised, and term the last of etcd's terms.
	sla keptSLA
	// probed is whether probes may have written in the tenant.
	probed bool
	told   keptHistory
	term   uint64

	memory     plane.Memory
	outcomes   []plane.Outcome
	lookCloser bool

	// status is what was told last, or is to be told once it can be written, and
	// news the decisions in it that no event has told of.
	status *v1alpha1.ControlPlaneProfileStatus
	news   []v1alpha1.DecisionStatus
	// trouble is the reason of Ready being False, as an event has told it.
	trouble string
	// written is when the status was last written, and usage what it said of the
	// seats in use, in percent of the load line.
	written time.Time
	usage   int
}

func newFleet() *fleet {
	return &fleet{
		wake:   make(chan event.GenericEvent),
		planes: map[types.NamespacedName]*kept{},
	}
}

// of is what is kept of a profile; a profile made anew under an old name starts
// afresh.
func (f *fleet) of(cpp *v1alpha1.ControlPlaneProfile) *kept {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := types.NamespacedName{Namespace: cpp.Namespace, Name: cpp.Name}
	k, ok := f.planes[key]
	if ok && k.uid == cpp.UID {
		return k
	}
	if ok {
		k.close()
	}
	k = &kept{uid: cpp.UID, memory: remembered(cpp), ends: map[string]time.Time{}}
	f.planes[key] = k
	return k
}

// drop forgets a profile that is gone.
func (f *fleet) drop(key types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k, ok := f.planes[key]; ok {
		k.close()
		delete(f.planes, key)
	}
	measured.Forget(key)
}

func (k *kept) close() {
	k.care.stop()
	k.etcd.close()
	if k.tenant == nil {
		return
	}
	k.stopPulse()
	k.tenant.Close()
	k.tenant, k.access, k.turnedDown, k.config = nil, nil, false, nil
}

// enter takes up a new way into the tenant and starts its pulse.
func (k *kept) enter(f *fleet, cpp *v1alpha1.ControlPlaneProfile, t Tenant, every time.Duration) {
	k.close()
	ctx, cancel := context.WithCancel(context.Background())
	k.tenant, k.stopPulse = t, cancel
	who := &v1alpha1.ControlPlaneProfile{}
	who.Namespace, who.Name = cpp.Namespace, cpp.Name
	go f.pulse(ctx, k, t, who, every)
}

// pulse asks every replica for the smallest thing there is, and has the profile
// looked at as soon as one of them is slow: a storm need not wait for the tick.
func (f *fleet) pulse(ctx context.Context, k *kept, t Tenant, who *v1alpha1.ControlPlaneProfile, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !t.Pulse(ctx) {
			continue
		}
		k.alarmed.Store(true)
		select {
		case <-ctx.Done():
			return
		case f.wake <- event.GenericEvent{Object: who}:
		}
	}
}

// remembered is what a new process knows of clients that were sentenced before:
// how often, so that a relapse counts. Sentences in force are found in the tenant.
func remembered(cpp *v1alpha1.ControlPlaneProfile) plane.Memory {
	m := plane.Memory{Offenders: map[string]plane.Sentence{}}
	for _, o := range cpp.Status.Offenders {
		if o.Phase != v1alpha1.OffenderReleased || o.Sentences == 0 || o.Until == nil {
			continue
		}
		m.Offenders[o.Name] = plane.Sentence{
			Name: o.Name, Client: plane.Client{User: o.Client}, Phase: plane.PhaseReleased,
			Until: o.Until.Time, Count: int(o.Sentences), Reason: o.Message,
		}
	}
	return m
}

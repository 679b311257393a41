// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package recommender_test

import (
	"fmt"
	"math"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const gibi = 1 << 30

// hosted is the host cluster of a world: the pods of its apiservers and etcd members, and
// nodes that obey, or do not.
type hosted struct {
	pods []plane.SizedPod
	load sizing.Drivers
	// uses is what a pod of a component uses under the load.
	uses func(c sizing.Component, load sizing.Drivers) plane.Amounts
	// refuses says how the node of a pod answers a resize; empty obeys.
	refuses map[string]plane.ResizeState
	// faults are what writes of a kind meet; they are made all the same where happens says
	// so.
	faults  map[plane.StepKind]*plane.Fault
	happens bool
	// fault is why the profile that is named cannot be used, and unrecalled that what was
	// learnt before is not read yet.
	fault      *plane.Fault
	unrecalled bool
	// blind hides what is used.
	blind *plane.Fault
	// ill are pods that are not ready.
	ill    map[string]bool
	leader string
	// slow are members whose log is slow, by pod: seconds that an fsync takes once their
	// pod has restarted.
	slow map[string]float64
	// follows has limits follow requests.
	follows bool
	// most is the most members that were changed and not well at once.
	moves int
}

// hosts gives a world three apiservers and three etcd members of a size.
func hosts(w *world, size plane.Amounts) *hosted {
	h := &hosted{
		load: sizing.Drivers{Nodes: 100, Pods: 1000, Objects: 2000, Bytes: 50 << 20, Requests: 50}, leader: "etcd-1",
		faults: map[plane.StepKind]*plane.Fault{}, refuses: map[string]plane.ResizeState{}, ill: map[string]bool{},
		uses: func(c sizing.Component, l sizing.Drivers) plane.Amounts {
			if c == sizing.Etcd {
				return plane.Amounts{CPU: 0.05 + 0.0002*l.Nodes, Memory: 0.1*gibi + 3*l.Bytes}
			}
			return plane.Amounts{CPU: 0.1 + 0.001*l.Nodes, Memory: 0.4*gibi + 2e5*l.Pods}
		},
	}
	for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
		for i := range 3 {
			name := map[sizing.Component]string{sizing.APIServer: "kube-apiserver", sizing.Etcd: "etcd"}[c]
			p := plane.SizedPod{Component: c, Node: fmt.Sprintf("node-%d", i), Ready: true, Well: true}
			p.Pod = fmt.Sprintf("%s-%d", name, i)
			p.UID, p.Container, p.QoS, p.Reported = p.Pod+"-uid", name, "Burstable", true
			p.Requested, p.Allocated, p.InForce = size, size, size
			p.Resize.State = plane.ResizeSettled
			h.pods = append(h.pods, p)
		}
	}
	w.hosted = h
	w.profile.Sizing = plane.SizingProfile{Mode: plane.Enforce, InPlace: true, Resources: measured()}
	w.members = func(at time.Time) []plane.Member {
		var all []plane.Member
		for i := range 3 {
			name := fmt.Sprintf("etcd-%d", i)
			all = append(all, plane.Member{
				Name: name, Ready: !h.ill[name], Observed: at, Window: 5 * time.Second, HasLeader: true, IsLeader: name == h.leader,
				Leader: 1, Term: uint64(2 + h.moves), //nolint:gosec // a handful
				Fsyncs: 300, FsyncP99: h.fsync(name), Index: 1000, Applied: 1000,
			})
		}
		return all
	}
	return h
}

// measured is a profile that gives a tenth more than is used.
func measured() *sizing.Profile {
	return &sizing.Profile{
		Name: "standard", Revision: "2026-11", Measured: sizing.Drivers{Nodes: 2000},
		APIServer: sizing.Needs{
			CPU:    sizing.Curve{Base: 0.11, Each: sizing.Drivers{Nodes: 0.0011}, Error: 0.1},
			Memory: sizing.Curve{Base: 0.44 * gibi, Each: sizing.Drivers{Pods: 2.2e5}, Error: 0.1},
		},
		Etcd: sizing.Needs{
			CPU:    sizing.Curve{Base: 0.055, Each: sizing.Drivers{Nodes: 0.00022}, Error: 0.1},
			Memory: sizing.Curve{Base: 0.11 * gibi, Each: sizing.Drivers{Bytes: 3.3}, Error: 0.1},
		},
	}
}

// seen is the host cluster as the operator would see it: a sample a minute.
func (h *hosted) seen(now time.Time) plane.SizesSeen {
	s := plane.SizesSeen{
		Largest: plane.Amounts{CPU: 16, Memory: 64 * gibi}, UsageFault: h.blind, Load: h.load, LoadSeen: now, Recalled: !h.unrecalled, ProfileFault: h.fault,
	}
	for _, p := range h.pods {
		p.Ready = !h.ill[p.Pod]
		p.Leader = p.Pod == h.leader
		p.Well = p.Component == sizing.Etcd && p.Ready
		if h.blind == nil {
			u := h.uses(p.Component, h.load)
			p.Used = sizing.Usage{At: now.Truncate(time.Minute), CPU: u.CPU, Memory: u.Memory}
		}
		s.Pods = append(s.Pods, p)
	}
	return s
}

// told are amounts as they are read from the API's quantities, which multiply.
func told(a plane.Amounts) plane.Amounts {
	return plane.Amounts{CPU: math.Round(a.CPU*1000) * 0.001, Memory: a.Memory}
}

// obey is what the nodes and etcd make of a step.
func (h *hosted) obey(s plane.Step, now time.Time) {
	if s.Size == nil || !s.Apply {
		return
	}
	if s.Kind == plane.MoveLeader {
		h.leader = s.Size.Leader
		h.moves++
	}
	for i := range h.pods {
		p := &h.pods[i]
		if s.Kind != plane.ResizePod || p.UID != s.Size.UID {
			continue
		}
		p.Requested = told(s.Size.To)
		p.Resize = plane.Resize{State: plane.ResizeSettled, Since: now}
		if state := h.refuses[p.Pod]; state != "" && !p.Requested.Same(p.Allocated) {
			p.Resize = plane.Resize{State: state, Message: "Node didn't have enough resource: cpu", Since: now}
			continue
		}
		p.Allocated, p.InForce = p.Requested, p.Requested
		if h.follows {
			p.Limit.CPU, p.LimitInForce.CPU = p.Requested.CPU, p.Requested.CPU
			if p.Limit.Memory > 0 {
				p.Limit.Memory, p.LimitInForce.Memory = p.Requested.Memory, p.Requested.Memory
			}
		}
		if p.CPURestarts || p.MemoryRestarts {
			p.Restarts++
		}
	}
}

// fsync is how long a member's fsyncs take.
func (h *hosted) fsync(name string) float64 {
	for i := range h.pods {
		if s := h.slow[name]; s > 0 && h.pods[i].Pod == name && h.pods[i].Restarts > 0 {
			return s
		}
	}
	return 0.006
}

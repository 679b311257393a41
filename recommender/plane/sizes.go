// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"time"

	"evenkeel.dev/evenkeel/recommender/sizing"
)

// SizesSeen is what the host cluster tells of the components' pods.
type SizesSeen struct {
	// Pods are those that run, sorted by component and name.
	Pods []SizedPod
	// Largest is what the largest node has to give; 0 while unknown.
	Largest Amounts
	// UsageFault says why it is not known what the containers use; nil when it is.
	UsageFault *Fault
	// ProfileFault says why the resource profile that is named cannot be used.
	ProfileFault *Fault
	// Load is what the control plane carries; LoadSeen is when that was read, zero when
	// it could not be.
	Load     sizing.Drivers
	LoadSeen time.Time
	// Quota is etcd's, in bytes; 0 while unknown.
	Quota float64
	// Recalled is true once what an operator before this one has kept was read, or is known
	// not to be there. Before that nothing is learnt: it would take the place of what was.
	Recalled bool
	// Kept are the histories of an operator before this one; given once.
	Kept map[sizing.Component]sizing.Container
	// KeptWeek is what it saw carried in each hour of the week; given once with Kept.
	KeptWeek sizing.Week
}

// SizedPod is one pod of a component.
type SizedPod struct {
	ContainerSize
	Component sizing.Component
	// Node and Zone are where it runs, Place what its spec says of where it may.
	Node, Zone string
	Place      PodPlace
	// Ready is the pod's readiness, Leader whether it is etcd's leader, Well whether an
	// etcd member is known to be well.
	Ready, Leader, Well bool
	// Created is when the pod was made.
	Created time.Time
	// Used is what it used last; its At is zero while that is not known.
	Used sizing.Usage
}

// SizingProfile is what the platform team allows of sizes.
type SizingProfile struct {
	Mode Mode
	// InPlace is true when Evenkeel resizes the pods itself.
	InPlace bool
	// Limits is true when limits follow requests, Evict when a pod that is stuck may be
	// evicted, Restarts when one may be resized whose container restarts for it.
	Limits, Evict, Restarts bool
	// Resources says how sizes follow from load; nil is by history alone.
	Resources *sizing.Profile
	// Bounds are those of each component.
	Bounds map[sizing.Component]SizeBounds
}

// SizeBounds bound what one component requests.
type SizeBounds struct{ CPU, Memory sizing.Bounds }

// SizesMemory is what is kept of sizes.
type SizesMemory struct {
	// Containers are what was learnt. They are never changed in place.
	Containers map[sizing.Component]sizing.Container
	Trend      sizing.Trend
	Week       sizing.Week
	// Load is the last that was seen.
	Load sizing.Drivers
	// Resizing is the resize under way; nil when none is.
	Resizing *Resizing
	// Aside are pods that are left alone for a while, by UID.
	Aside map[string]Aside
	// Stopped is until when nothing is made smaller, because something got worse after a
	// resize, and why.
	Stopped     time.Time
	StoppedWhy  string
	LeaderMoved time.Time
	// Killed is when each container's last kill for memory was seen, by pod UID.
	Killed map[string]time.Time
}

// Resizing is the resize of one pod that is under way.
type Resizing struct {
	Component sizing.Component
	Pod, UID  string
	// From is what the pod requested before, To what it is to request.
	From, To Amounts
	Began    time.Time
	// Restarts is how often the container had restarted, and Late whether others were
	// late already, when it began.
	Restarts int
	Late     bool
	// Settled is since when the gate after it has held; zero while it does not.
	Settled time.Time
	// Fault is what the write met last; nil when nothing.
	Fault *Fault
	// Back is why it takes a resize back; empty when it does not.
	Back string
}

// Aside is why a pod is left alone, until when, and for how long that is.
type Aside struct {
	Until time.Time
	Pause time.Duration
	// Reason is a stable word of apis/v1alpha1, Why the same for people.
	Reason, Why string
	// To is what was refused, and Lowers whether that was less than the pod had; zero where
	// nothing of the pod may be touched.
	To     Amounts
	Lowers bool
}

// SizeStep is what a step about sizes is about.
type SizeStep struct {
	Component      sizing.Component
	Pod, UID       string
	Container      string
	To             Amounts
	Limits, Lowers bool
	// Restarts is whether the container may restart for it.
	Restarts bool
	// Leader is the member to move etcd's leadership to.
	Leader string
}

// SizePlan is what one component should request, and why.
type SizePlan struct {
	Component   sizing.Component
	CPU, Memory sizing.Size
	// Want is what every pod should request.
	Want Amounts
	Why  string
	// Extra is the seats, or the quota, that the profile gives; 0 where it does not say.
	Extra float64
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package plane

import (
	"fmt"
	"strings"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

// belowUsage is what a kubelet says when a new memory limit is not above what is in
// use, page cache included.
const belowUsage = "below current usage"

// Unresized says why what the container requests is not in force, and what to do; nil
// while there is nothing to say: it is in force, or the node has had it in hand since
// asked and for less than patience. asked is when the request was written, for nodes
// tell of a resize in progress only once they have begun.
func (c *ContainerSize) Unresized(now, asked time.Time, patience time.Duration) *Fault {
	since := c.Resize.Since
	if since.Before(asked) {
		since = asked
	}
	late := now.Sub(since) >= patience
	reason, remedy := "", ""
	switch c.Resize.State {
	case ResizeDeferred:
		reason, remedy = v1alpha1.ReasonResizeDeferred, "the node tries again when pods leave it; a higher PriorityClass is served first"
	case ResizeInfeasible:
		reason, remedy = v1alpha1.ReasonResizeInfeasible, "the pod needs another node, or the profile a lower bound"
	case ResizeFailed:
		reason, remedy = v1alpha1.ReasonResizeStuck, "the node tries again by itself"
		if strings.Contains(c.Resize.Message, belowUsage) {
			remedy = "the kernel holds more, page cache included, and etcd's database file is in it: leave the limit, or have the pod restarted"
		}
	case ResizeInProgress, ResizeUnknown:
		reason, remedy = v1alpha1.ReasonResizeStuck, "look at the node's kubelet"
		if !late {
			return nil
		}
	default:
		return nil
	}
	told := ""
	if !since.IsZero() {
		told = " since " + since.UTC().Format("15:04:05") // and not for how long: that would be another text each time
	}
	if c.Resize.Message != "" {
		told += fmt.Sprintf(": %.300s", c.Resize.Message)
	}
	return &Fault{Reason: reason, Message: fmt.Sprintf("container %s of pod %s requests %s and has %s, %s%s; %s",
		c.Container, c.Pod, c.Requested, c.InForce, c.Resize.State, told, remedy)}
}

// String is the amounts as people read them, as in 1500m/3277Mi.
func (a Amounts) String() string {
	return fmt.Sprintf("%.0fm/%.0fMi", a.CPU*1000, a.Memory/(1<<20))
}

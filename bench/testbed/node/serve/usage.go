// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Pod is what a pod uses. CPU is in core seconds since it was started, memory in
// bytes.
type Pod struct {
	Namespace, Name string
	CPUSeconds      float64
	WorkingSet      uint64
	Containers      []Container
}

// Container is what a running container uses; its CPU time begins with Started.
type Container struct {
	Name       string
	Started    time.Time
	CPUSeconds float64
	WorkingSet uint64
}

// Usage is what the node's pods use. The node's CPU time counts pods that are
// gone as well; there is nothing else on the node.
type Usage struct {
	CPUSeconds float64
	Pods       []Pod
}

// family is one metric with its samples.
type family struct {
	name, kind, help string
	lines            []string
}

func (f *family) add(labels string, value float64, at time.Time) {
	if labels != "" {
		labels = "{" + labels + "}"
	}
	f.lines = append(f.lines, fmt.Sprintf("%s%s %g %d\n", f.name, labels, value, at.UnixMilli()))
}

// Write writes the usage as a kubelet's /metrics/resource does: text, with
// timestamps in milliseconds on each sample but the start times.
func (u Usage) Write(w io.Writer, now time.Time) error {
	containerCPU := family{"container_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the container in core-seconds", nil}
	containerMemory := family{"container_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the container in bytes", nil}
	started := family{"container_start_time_seconds", "gauge", "[STABLE] Start time of the container since unix epoch in seconds", nil}
	nodeCPU := family{"node_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the node in core-seconds", nil}
	nodeMemory := family{"node_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the node in bytes", nil}
	podCPU := family{"pod_cpu_usage_seconds_total", "counter", "[STABLE] Cumulative cpu time consumed by the pod in core-seconds", nil}
	podMemory := family{"pod_memory_working_set_bytes", "gauge", "[STABLE] Current working set of the pod in bytes", nil}
	failed := family{"resource_scrape_error", "gauge", "[STABLE] 1 if there was an error while getting container metrics, 0 otherwise", []string{"resource_scrape_error 0\n"}}
	// The older name of the same, which some still read.
	older := family{"scrape_error", "gauge", "[ALPHA] 1 if there was an error while getting container metrics, 0 otherwise", []string{"scrape_error 0\n"}}

	var memory uint64
	for _, p := range u.Pods {
		labels := fmt.Sprintf("namespace=%q,pod=%q", p.Namespace, p.Name)
		podCPU.add(labels, p.CPUSeconds, now)
		podMemory.add(labels, float64(p.WorkingSet), now)
		memory += p.WorkingSet
		for _, c := range p.Containers {
			labels := fmt.Sprintf("container=%q,%s", c.Name, labels)
			containerCPU.add(labels, c.CPUSeconds, now)
			containerMemory.add(labels, float64(c.WorkingSet), now)
			started.lines = append(started.lines, fmt.Sprintf("%s{%s} %.3f\n", started.name, labels, float64(c.Started.UnixMilli())/1e3))
		}
	}
	nodeCPU.add("", u.CPUSeconds, now)
	nodeMemory.add("", float64(memory), now)
	var text strings.Builder
	for _, f := range []family{containerCPU, containerMemory, started, nodeCPU, nodeMemory, podCPU, podMemory, failed, older} {
		fmt.Fprintf(&text, "# HELP %s %s\n# TYPE %s %s\n%s", f.name, f.help, f.name, f.kind, strings.Join(f.lines, ""))
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"fmt"
	"math"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/bench/report"
)

// Text is the result for a terminal.
func Text(points []Point, fits []Fitted) string {
	return strings.Join([]string{loadTable(points).Text(), needTable(points, fits).Text(), curveTable(fits).Text()}, "\n")
}

// loadTable has what was carried at each point.
func loadTable(points []Point) report.Table {
	t := report.Table{Head: []string{"stage", "nodes", "pods", "objects", "in use MiB", "file MiB", "requests/s", "renewals' p99"}}
	for _, p := range points {
		renewals := "–"
		if !math.IsNaN(p.RenewalP99) {
			renewals = fmt.Sprintf("%.0f ms", 1000*p.RenewalP99)
		}
		t.Rows = append(t.Rows, []string{
			p.Stage, decimal(p.Load.Nodes, 0), decimal(p.Load.Pods, 0), decimal(p.Load.Objects, 0),
			mebi(p.Load.Bytes), mebi(p.File), decimal(p.Load.Requests, 1), renewals,
		})
	}
	return t
}

// needTable has what was needed at each point, and by how much the curve is off.
func needTable(points []Point, fits []Fitted) report.Table {
	t := report.Table{Head: []string{"stage"}}
	for _, f := range fits {
		unit := "cores"
		if f.Kind == "memory" {
			unit = "MiB"
		}
		t.Head = append(t.Head, f.Component+" "+f.Kind+", "+unit, "curve off")
	}
	for i, p := range points {
		row := []string{p.Stage}
		for j, f := range fits {
			need := kinds[j].need(p)
			text := decimal(need, 3)
			if f.Kind == "memory" {
				text = mebi(need)
			}
			row = append(row, text, fmt.Sprintf("%+.0f %%", 100*f.Residuals[i]))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// curveTable has the curves.
func curveTable(fits []Fitted) report.Table {
	t := report.Table{Head: []string{"curve", "base", "per node", "per pod", "per object", "per stored byte", "per request/s", "error", "peak"}}
	for _, f := range fits {
		as := Cores
		if f.Kind == "memory" {
			as = Bytes
		}
		row := []string{f.Component + " " + f.Kind}
		for _, p := range parts(f.Curve) {
			q := as(p.value)
			row = append(row, q.String())
		}
		peak := "–"
		if f.Peak > 0 {
			peak = fmt.Sprintf("+%.0f %%", 100*f.Peak)
		}
		t.Rows = append(t.Rows, append(row, fmt.Sprintf("%.1f %%", 100*f.Error), peak))
	}
	return t
}

func mebi(bytes float64) string { return decimal(bytes/(1<<20), 0) }

// Markdown is docs/profile.md.
func Markdown(points []Point, fits []Fitted, window time.Duration, m report.Machine) string {
	most := Most(loads(points))
	return fmt.Sprintf(page, int(window.Seconds()), m.Cores, m.CPUModel, m.MemoryGiB, m.Kernel,
		loadTable(points).Markdown(), needTable(points, fits).Markdown(), curveTable(fits).Markdown(),
		most.Nodes, most.Pods, most.Objects, mebi(most.Bytes), most.Requests)
}

// page is the page around the tables.
const page = "# The standard profile: how it was measured\n" + `
` + "`manifests/profiles/standard.yaml`" + ` says what one kube-apiserver and one etcd member need for what their control plane carries. It is measured, by ` + "`make bench-profile`" + `; this page and ` + "[profile.csv](profile.csv)" + ` are written by ` + "`make bench-profile ARGS=--write`" + `, and ` + "`ARGS='--from docs/profile.csv --write'`" + ` fits the same points again.

## Method
- Three kube-apiservers v1.36.3 and three etcds v3.7.3, real ones, without CPU or memory limits, behind a balancer. Three informer clients hold all pods, ConfigMaps and Secrets, as a scheduler and controllers do.
- Nodes do what a kubelet does to an apiserver, over a connection each: register with a status of some KiB, renew their Lease every 10 s, patch their status every 5 min, watch their pods, and half of them the Services, themselves and a ConfigMap besides. Pods of about 4 KiB are bound to them and reported to run. There are no kubelets, containers or controllers behind it, and no events.
- The tenant is grown in stages that move one driver or two. At each stage, when the CPU has come to rest, %d s are measured. CPU is the mean of the busiest replica over that time, memory the peak in it of the largest working set (which is what metrics-server tells), both by the containers' cgroups, read every second. etcd's memory is no less than its database file.
- The drivers are what an operator sees: nodes, pods and other objects by apiserver_resource_objects, stored bytes by etcd_mvcc_db_total_size_in_use_in_bytes, requests by apiserver_request_total without WATCH and CONNECT, of all replicas together.
- The curves are fitted by least squares over the relative errors, with no coefficient below zero (Lawson and Hanson's active sets). A coefficient of 0 means that the fit found nothing of its own in that driver, not that it costs nothing.
- Machine: %d cores (%s), %.0f GiB, Linux %s; load, servers and disk on it together, everything on loopback.

## What was carried
%s
In use is etcd's database without free pages, file its size on disk. The p99 of the nodes' lease renewals in the window tells whether the tenant still kept up.

## What it took, and by how much the curves are off
%s
## The curves
%s
The error is the root mean square of the relative errors; it is the margin that a recommendation has until a control plane has a history of its own. The peak is the most memory that a recorded minute took while two clients listed all pods, twice, and while two apiservers and an etcd member were killed and came back to 2,000 nodes, over the most that it took at rest before that ([bench/sizing/recordings](../bench/sizing/recordings)); it is reserved for in a container's first three days.

## How far it goes
The largest of each driver that was measured: %.0f nodes, %.0f pods, %.0f other objects, %s MiB in use, %.0f requests a second. **Beyond that the curves extrapolate**, and every decision that does so says it. Not in them: webhooks, CRD-heavy tenants, admission policies, aggregated servers, encryption at rest, audit logs, a network between the parts. On other processors CPU scales with them. A control plane's own history corrects all of that by a ratio, within an hour.
`

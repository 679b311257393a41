// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package dump

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// request is one line of a dump, as a server has it in hand.
type request struct {
	level, schema   string
	queue, index    int
	distinguisher   string
	arrived         time.Time
	initial, final  int
	user, verb      string
	path, namespace string
	name, version   string
	resource, sub   string
}

// write is a dump as a kube-apiserver writes one: nothing is quoted.
func write(tb testing.TB, header []string, requests ...request) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 8, 0, 1, ' ', 0)
	line := func(cells []string) {
		if _, err := fmt.Fprint(w, strings.Join(cells, ",\t")+"\n"); err != nil {
			tb.Fatal(err)
		}
	}
	line(header)
	for _, r := range requests {
		started := time.Time{}
		if r.index < 0 {
			started = r.arrived
		}
		line([]string{
			r.level, r.schema, strconv.Itoa(r.queue), strconv.Itoa(r.index), r.distinguisher,
			r.arrived.UTC().Format(time.RFC3339Nano), strconv.Itoa(r.initial), strconv.Itoa(r.final), "0s",
			started.UTC().Format(time.RFC3339Nano),
			r.user, r.verb, r.path, r.namespace, r.name, r.version, r.resource, r.sub,
		})
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func header() []string {
	return []string{
		"PriorityLevelName", "FlowSchemaName", "QueueIndex", "RequestIndexInQueue", "FlowDistingsher",
		"ArriveTime", "InitialSeats", "FinalSeats", "AdditionalLatency", "StartTime",
		"UserName", "Verb", "APIPath", "Namespace", "Name", "APIVersion", "Resource", "SubResource",
	}
}

// noon is when the dumps of the tests are written.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// list is a LIST of all pods that arrived so long before noon.
func list(user string, ago time.Duration, index int) request {
	return request{
		level: "workload-low", schema: "service-accounts", index: index, distinguisher: user,
		arrived: noon().Add(-ago), initial: 10, user: user, verb: "list",
		path: "/api/v1/pods", version: "v1", resource: "pods",
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"strings"
	"testing"
)

// plane are the labels of the control plane that is chosen, as a pod tells of it.
const plane = `namespace="tenant-a",name="main",instance="a"`

// Numbers are right, and not merely there. Data are twelve hours of minutes.
func TestNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		data, where string
		want        float64
	}{
		"six bad minutes of an hour burn two hundred times what 99.95 % allows": {
			data: `evenkeel_sla_bad_minutes_total{PLANE,cause="Unknown"} 0x690 1 2 3 4 5 6 6x23
evenkeel_sla_minutes_total{PLANE,kind="good"} 0+1x690 690x5 690+1x23
evenkeel_sla_minutes_total{PLANE,kind="bad"} 0x690 1 2 3 4 5 6 6x23
evenkeel_sla_minutes_total{PLANE,kind="unseen"} 0+1x720
evenkeel_sla_target_ratio{PLANE} 0.9995x720`,
			where: "evenkeel-control-plane: Burn rate, 1 hour (A)", want: 200,
		},
		"the first of its kind is counted": {
			data:  `evenkeel_decisions_total{PLANE,step="SetFlags",reason="FlagsRaised",applied="true"} _x690 1x30`,
			where: "evenkeel-control-plane: Decisions an hour, by step (A)", want: 1,
		},
		"what was there before and was not scraped is not counted": {
			data:  `evenkeel_decisions_total{PLANE,step="SetShares",reason="SharesDivided",applied="true"} 5000x650 _x15 5000x55`,
			where: "evenkeel-control-plane: Decisions an hour, by step (A)", want: 0,
		},
		"the first step that is in force has a time": {
			data: `evenkeel_step_in_force_seconds_bucket{instance="a",step="SetFlags",le="0.1"} _x690 0x30
evenkeel_step_in_force_seconds_bucket{instance="a",step="SetFlags",le="0.2"} _x690 1x30
evenkeel_step_in_force_seconds_bucket{instance="a",step="SetFlags",le="+Inf"} _x690 1x30`,
			where: "evenkeel-decisions: Time until in force, by step (A)", want: .199,
		},
		"what goes on is counted once": {
			data:  `evenkeel_decisions_total{PLANE,step="SetShares",reason="SharesDivided",applied="true"} 0+1x720`,
			where: "evenkeel-control-plane: Decisions an hour, by step (A)", want: 60,
		},
		"a database is full when it has grown to its quota": {
			data: `evenkeel_etcd_database_bytes{PLANE} 0+1048576x720
evenkeel_etcd_quota_bytes{PLANE} 817889280x720`, // 720 MiB and 60 more
			where: "evenkeel-etcd: First full in (A)", want: 3600,
		},
		"a database that does not grow is full in a year": {
			data: `evenkeel_etcd_database_bytes{PLANE} 1048576x720
evenkeel_etcd_quota_bytes{PLANE} 2147483648x720`,
			where: "evenkeel-etcd: First full in (A)", want: 365 * 86400,
		},
		"while two pods tell of it, down is down": {
			data: `evenkeel_down{PLANE} 0x720
evenkeel_down{namespace="tenant-a",name="main",instance="b"} 1x720`,
			where: "evenkeel-fleet: Down (A)", want: 1,
		},
		"who is cut off does not say what is down": {
			data: `evenkeel_down{PLANE} 0x720
evenkeel_unseen{PLANE} 0x720
evenkeel_down{namespace="tenant-a",name="main",instance="b"} 1x720`,
			where: "evenkeel-fleet: Down (A)", want: 0,
		},
		"nor what is up": {
			data: `evenkeel_down{PLANE} 0x720
evenkeel_unseen{PLANE} 1x720
evenkeel_down{namespace="tenant-a",name="main",instance="b"} 0x720`,
			where: "evenkeel-control-plane: Now (A)", want: 2,
		},
		"down is down where nobody leads": {
			data:  `evenkeel_down{namespace="tenant-a",name="main",instance="b"} 1x720`,
			where: "evenkeel-control-plane: Now (A)", want: 1,
		},
		"a database does not grow as it is seen again": {
			data: `evenkeel_etcd_database_bytes{PLANE} 1073741824x200 0x20 1073741824x498
evenkeel_etcd_quota_bytes{PLANE} 2147483648x720`,
			where: "evenkeel-etcd: First full in (A)", want: 365 * 86400,
		},
		"nor as who led before said": {
			data: `evenkeel_etcd_database_bytes{PLANE} _x600 1073741824x120
evenkeel_etcd_database_bytes{namespace="tenant-a",name="main",instance="b"} 536870912+1048576x512 _x208
evenkeel_etcd_members{PLANE} 3x720`,
			where: "evenkeel-etcd: Database in four hours (A)", want: 1.197e9,
		},
		"requests that two pods counted one after the other are one stream": {
			data: `evenkeel_requests_total{PLANE} 0+60x720
evenkeel_requests_total{namespace="tenant-a",name="main",instance="b"} 9000x720`,
			where: "evenkeel-control-plane: Requests (A)", want: 1,
		},
		"a budget that is gone is counted": {
			data: `evenkeel_sla_budget_left_ratio{PLANE,period="month"} -0.1x720
evenkeel_sla_budget_left_ratio{namespace="tenant-b",name="main",period="month"} 0.1x720`,
			where: "evenkeel-fleet: Budgets gone (A)", want: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := loadText(t, strings.ReplaceAll(c.data, "PLANE", plane))
			for _, q := range questions() {
				if q.String() != c.where {
					continue
				}
				a, err := e.ask(t.Context(), q)
				if err != nil || len(a.values) != 1 {
					t.Fatalf("it gives %v, %v: %s", a.values, err, q.Expr)
				}
				if got := a.values[0]; math.Abs(got-c.want) > .03*math.Abs(c.want) {
					t.Errorf("it gives %g, want %g: %s", got, c.want, q.Expr)
				}
				return
			}
			t.Fatalf("there is no panel %s", c.where)
		})
	}
}

// Ten minutes are a run of five and more, and three are none: to the minute, as much is lost
// with one.
func TestRunsAreExact(t *testing.T) {
	e := loadText(t, strings.ReplaceAll(`evenkeel_down_seconds{PLANE} 0x99 0+60x3 0x196 0+60x10 0x409`, "PLANE", plane))
	for _, q := range questions() {
		if q.Panel != "Kept, 30 days, in runs of five" {
			continue
		}
		a, err := e.ask(t.Context(), q)
		if want := 1 - 10./721; err != nil || len(a.values) != 1 || math.Abs(a.values[0]-want) > 1e-6 {
			t.Errorf("it gives %v, %v; want %g", a.values, err, want)
		}
	}
}

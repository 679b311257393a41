// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden files anew")

func stormy() *v1alpha1.ControlPlaneProfile {
	at := func(clock string) metav1.MicroTime {
		t, err := time.Parse(time.TimeOnly, clock)
		if err != nil {
			panic(err)
		}
		return metav1.NewMicroTime(t.AddDate(2026, 0, 0))
	}
	return &v1alpha1.ControlPlaneProfile{
		ObjectMeta: metav1.ObjectMeta{Namespace: "tenant-acme", Name: "acme"},
		Spec:       v1alpha1.ControlPlaneProfileSpec{Mode: v1alpha1.ModeEnforce},
		Status: v1alpha1.ControlPlaneProfileStatus{
			ReadyReplicas: 3,
			LoadLine:      &v1alpha1.LoadLineStatus{Seats: 212, Ceiling: 600, Summary: "212 of 600", Used: "71%"},
			Availability: &v1alpha1.AvailabilityStatus{Class: "99.95", Message: "any one of 3 zones may be lost", Zones: []v1alpha1.ZoneStatus{
				{Name: "a", Replicas: 1, Members: 1, HeadroomPercent: new(int32(35)), Quorum: "Kept"}, {Name: "b", Replicas: 2, Members: 1, Quorum: "Kept"},
			}},
			Scale: &v1alpha1.ScaleStatus{Floor: 3, Wanted: 3, Max: 9, Message: "3 replicas carry what is asked, with a zone lost"},
			Plan: &v1alpha1.PlanStatus{State: "Waiting", Message: "requests are late", Steps: []v1alpha1.PlanStepStatus{
				{Step: "Defragment", Pod: "etcd-1", Zone: "b", Message: "1.9 of 3.1 GiB are air"},
			}},
			Conditions: []metav1.Condition{
				{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAsExpected, Message: "observed, and what was decided is in force"},
				{Type: v1alpha1.ConditionOffenderFound, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonOffenderJailed, Message: "jailed \x1b[31magent\u0085\u2028"},
			},
			Offenders: []v1alpha1.OffenderStatus{{
				Name: "evenkeel-jail-0123456789ab", Phase: v1alpha1.OffenderJailed, Grade: "one",
				Client: "system:serviceaccount:telemetry:agent (list pods, cluster-wide)",
			}},
			Decisions: []v1alpha1.DecisionStatus{
				{
					Time: at("14:02:11"), Step: "PassSentence", Reason: v1alpha1.ReasonOffenderJailed, Applied: true,
					Message: "jailed system:serviceaccount:telemetry:agent (list pods, cluster-wide): one request at a time, until 14:12:11",
					Evidence: []string{
						"held 58 of 60 seats in 3 of 3 samples over 2 s",
						"41 others waited, the oldest 4.1 s",
					},
					Rejected: []string{"more replicas: the same client would be on each"},
					Outcome:  "in force on every ready replica 400 ms after the write",
				},
				{
					Time: at("13:59:00"), Step: "SetBallast", Reason: v1alpha1.ReasonLoadLineCut, Applied: true, AppliedAt: new(at("14:01:30")), BudgetBefore: "61%", BudgetAfter: "58%",
					Message: "cut the load line to 180 of 600 seats", Outcome: "written",
				},
				{Time: at("13:58:00"), Step: "ProtectSelf", Reason: v1alpha1.ReasonSelfProtected, Message: "gave Evenkeel's own requests a priority level of their own"},
			},
		},
	}
}

func TestExplain(t *testing.T) {
	var b strings.Builder
	if err := explain(&b, stormy()); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/explain.txt"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got), written anew by -update:\n%s", path, diff)
	}
	if strings.ContainsAny(b.String(), "\x1b\u0085\u2028") {
		t.Error("what a terminal obeys has come through")
	}
}

func TestExplainOfANewProfile(t *testing.T) {
	var b strings.Builder
	if err := explain(&b, &v1alpha1.ControlPlaneProfile{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "p"}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "nothing has been decided yet") {
		t.Errorf("it says %q", b.String())
	}
}

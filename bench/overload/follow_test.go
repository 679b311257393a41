// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

func TestFollowerKeepsEachThingOnce(t *testing.T) {
	var log strings.Builder
	f := newFollower(&log)
	seen := v1alpha1.ControlPlaneProfile{}
	seen.Status.LoadLine = &v1alpha1.LoadLineStatus{Seats: 600, Ceiling: 600, Summary: "600 of 600"}
	f.see(seen, t0)
	f.see(seen, t0.Add(time.Second))
	seen.Status.LoadLine = &v1alpha1.LoadLineStatus{Seats: 300, Ceiling: 600, Summary: "300 of 600"}
	since := metav1.NewTime(t0.Add(2 * time.Second))
	seen.Status.Offenders = []v1alpha1.OffenderStatus{
		{Client: "agent (list pods)", Phase: v1alpha1.OffenderJailed, Since: &since},
		{Client: "other (list pods)", Phase: v1alpha1.OffenderRecommended, Since: &since},
	}
	seen.Status.Decisions = []v1alpha1.DecisionStatus{
		{Time: metav1.NewMicroTime(t0.Add(2 * time.Second)), Step: "SetBallast", Reason: "LoadLineCut", Message: "cut to 300", Evidence: []string{"requests are late"}},
		{Time: metav1.NewMicroTime(t0.Add(time.Second)), Step: "SetBallast", Reason: "LoadLineHeld", Message: "held at 600"},
	}
	f.see(seen, t0.Add(2*time.Second))
	f.see(seen, t0.Add(3*time.Second))
	if got := f.points(); len(got) != 2 || got[1].seats != 300 || !got[1].at.Equal(t0.Add(2*time.Second)) {
		t.Errorf("the line is %v", got)
	}
	if n := f.jailedIn(t0, t0.Add(time.Minute)); n != 1 {
		t.Errorf("%d sentences, want 1", n)
	}
	if n := f.jailedIn(t0.Add(3*time.Second), t0.Add(time.Minute)); n != 0 {
		t.Errorf("%d sentences later, want none", n)
	}
	want := "03:04:05.000 line 600 of 600, used \n" +
		"03:04:07.000 line 300 of 600, used \n" +
		"03:04:06.000 decision SetBallast LoadLineHeld applied=false: held at 600\n" +
		"03:04:07.000 decision SetBallast LoadLineCut applied=false: cut to 300\n" +
		"03:04:07.000     requests are late\n"
	if log.String() != want {
		t.Errorf("the log is\n%swant\n%s", log.String(), want)
	}
}

func TestTotalSumsAFamily(t *testing.T) {
	page := "# TYPE a_total counter\na_total{x=\"1 2\"} 3\na_total{x=\"}\"} 4.5\na_total_more 100\na_total 1\nb 7\n"
	if got := total([]byte(page), "a_total"); got != 8.5 {
		t.Errorf("total = %v, want 8.5", got)
	}
	if got := (syncs{count: 30, seconds: 3.5}).mean(syncs{count: 10, seconds: 1.5}); got != 100 {
		t.Errorf("a sync takes %v ms, want 100", got)
	}
	if got := (syncs{}).mean(syncs{count: 10}); got != 0 {
		t.Errorf("without a sync: %v", got)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/history"
)

var tags = regexp.MustCompile(`<[^>]*>|\s+`)

// said is what the first part of a control plane's page says, its look first.
func said(t *testing.T, p v1alpha1.ControlPlaneProfile, h *history.Store) (now, fleet string) {
	t.Helper()
	server := serve(t, config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}}, h))
	body := get(t, server, "/cp/"+p.Namespace+"/"+p.Name).body
	_, body, _ = strings.Cut(body, `<div class="say `)
	body, _, _ = strings.Cut(body, `<div class="split">`)
	return strings.Join(strings.Fields(tags.ReplaceAllString(body, " ")), " "), get(t, server, "/").body
}

// remembered is a memory of a verdict up to a time.
func remembered(p v1alpha1.ControlPlaneProfile, v history.Verdict, until time.Time) *history.Store {
	h, s := history.New(), history.None()
	s.Verdict, s.Used, s.LoadLine, s.Ceiling = v, 12, 100, 600
	for i := 20; i >= 0; i-- {
		h.Add(types.NamespacedName{Namespace: p.Namespace, Name: p.Name}, until.Add(-time.Duration(i)*30*time.Second), s)
	}
	return h
}

// What is said of whether it serves, and what is left to a person: "Nothing to do" stands
// where all is well and nowhere else.
func TestWhatIsSaidOfNow(t *testing.T) {
	well := fleet(1)[0]
	well.Status.Jailed = 0
	with := func(change func(*v1alpha1.ControlPlaneProfileStatus)) v1alpha1.ControlPlaneProfile {
		p := *well.DeepCopy()
		change(&p.Status)
		return p
	}
	unwritten := with(func(s *v1alpha1.ControlPlaneProfileStatus) { s.SLA = nil })
	for name, c := range map[string]struct {
		p     v1alpha1.ControlPlaneProfile
		h     *history.Store
		wants []string
		lacks []string
	}{
		"up":               {well, remembered(well, history.Up, now), []string{"ok\"> Up ", "Nothing to do.", "all of them observed"}, []string{"last status"}},
		"up by the status": {well, nil, []string{"ok\"> Up ", "as of the last status"}, nil},
		"down": {with(func(s *v1alpha1.ControlPlaneProfileStatus) {
			s.SLA.DownSince, s.SLA.Message = &metav1.Time{Time: now.Add(-4 * time.Minute)}, "balancer: connection refused"
		}), nil, []string{"bad\"> Down since", "cannot mend this by itself", "Look into it: balancer: connection refused"}, []string{"Nothing to do"}},
		"down since an unknown time": {with(func(s *v1alpha1.ControlPlaneProfileStatus) { s.SLA.Message = "balancer: connection refused" }), nil, []string{"bad\"> Down What"}, []string{"Nothing to do", "Unseen"}},
		"down in the memory alone":   {unwritten, remembered(unwritten, history.Down, now), []string{"bad\"> Down What", "cannot mend this by itself"}, []string{"It serves", "Nothing to do"}},
		"unseen":                     {with(func(s *v1alpha1.ControlPlaneProfileStatus) { s.SLA.Message = "it is not known whether it serves: x" }), nil, []string{"warn\"> Unseen", "cannot mend this by itself"}, []string{"Nothing to do"}},
		"never probed":               {unwritten, nil, []string{"warn\"> Unseen", "No probe of it was told of yet"}, []string{"It serves", "Nothing to do"}},
		"long ago":                   {well, remembered(well, history.Up, now.Add(-90*time.Minute)), []string{"warn\"> Unseen", "Nothing was heard of it since", "not observed"}, []string{"It serves", "Nothing to do", "all of them observed"}},
		"partly blind":               {with(func(s *v1alpha1.ControlPlaneProfileStatus) { s.Replicas[0].Fault = "x" }), nil, []string{"warn\"> Partly blind", "cannot mend this by itself"}, []string{"Nothing to do"}},
		"held":                       {with(func(s *v1alpha1.ControlPlaneProfileStatus) { s.Conditions[1].Status = metav1.ConditionUnknown }), nil, []string{"not observed", "busiest replica – load line", "when last seen"}, []string{"all of them observed", "observed on every ready replica"}},
		"no load line is known":      {with(func(s *v1alpha1.ControlPlaneProfileStatus) { s.ReadyReplicas, s.LoadLine = 0, nil }), nil, []string{"busiest replica – no replica is seen"}, []string{"ceiling 0"}},
		"just written": {with(func(s *v1alpha1.ControlPlaneProfileStatus) {
			s.Conditions[0].Status, s.Conditions[0].Reason, s.Conditions[0].Message = metav1.ConditionFalse, v1alpha1.ReasonNotReadBack, "not yet seen in force on every replica: jailed x"
		}), nil, []string{"warn\"> Not ready", "What not yet seen in force", "You Nothing at once: it is read back with every pass"}, []string{"You not yet seen", "Nothing to do"}},
		"access has ended": {with(func(s *v1alpha1.ControlPlaneProfileStatus) {
			s.Conditions[0].Status, s.Conditions[0].Reason, s.Conditions[0].Message = metav1.ConditionFalse, v1alpha1.ReasonAccessExpired, "its certificate ended at 14:00"
		}), nil, []string{"warn\"> Not ready", "You its certificate ended at 14:00"}, []string{"Nothing at once", "Nothing to do"}},
		"none is ready": {with(func(s *v1alpha1.ControlPlaneProfileStatus) { s.ReadyReplicas = 0 }), nil, []string{"not observed"}, []string{"all of them observed"}},
		"etcd is full": {with(func(s *v1alpha1.ControlPlaneProfileStatus) {
			s.Conditions = append(s.Conditions, metav1.Condition{Type: "EtcdHealthy", Status: metav1.ConditionFalse, Reason: "NoSpace", Message: "etcd has raised NOSPACE"})
		}), nil, []string{"warn\"> Needs you", "etcd has raised NOSPACE"}, []string{"Nothing to do"}},
		"etcd is not known": {with(func(s *v1alpha1.ControlPlaneProfileStatus) {
			s.Conditions = append(s.Conditions, metav1.Condition{Type: "EtcdHealthy", Status: metav1.ConditionUnknown, Reason: "x", Message: "held as it is"})
		}), nil, []string{"EtcdHealthy is not known: held as it is"}, []string{"Nothing to do"}},
	} {
		got, rows := said(t, c.p, c.h)
		for _, want := range c.wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s: without %q: %s", name, want, got)
			}
		}
		for _, lack := range c.lacks {
			if strings.Contains(got, lack) {
				t.Errorf("%s: with %q: %s", name, lack, got)
			}
		}
		if problem := strings.Contains(rows, " data-problem"); problem == strings.Contains(got, "ok\"> Up") && name != "none is ready" {
			t.Errorf("%s: it is a problem: %v", name, problem)
		}
	}
}

// What was last seen long ago is not drawn, nor told, as if it were now.
func TestTheOldIsNotNow(t *testing.T) {
	p := fleet(1)[0]
	server := serve(t, config(&reader{profiles: []v1alpha1.ControlPlaneProfile{p}}, remembered(p, history.Up, now.Add(-60*time.Minute))))
	body := get(t, server, "/cp/tenant-acme/acme").body
	rect := regexp.MustCompile(`<rect class="was up" x="([0-9.]+)%" width="([0-9.]+)%"`).FindStringSubmatch(body)
	if len(rect) != 3 || len(rect[2]) != 4 { // below ten percent
		t.Errorf("ten minutes of two hours are drawn as %v", rect)
	}
	if !strings.Contains(body, "in use now –, at the most 12") {
		t.Error("what was seen an hour ago is told as if it were now")
	}
}

// A decision that failed was tried, and not done.
func TestADecisionThatFailed(t *testing.T) {
	p, h := fleet(1)[0], history.New()
	h.Note(types.NamespacedName{Namespace: p.Namespace, Name: p.Name}, history.Event{At: now.Add(-time.Minute), Kind: history.Decision, Title: "OffenderJailed", Message: "jailed x", Outcome: "TenantUnreachable: no answer", Bad: true})
	if got, _ := said(t, p, h); !strings.Contains(got, "Evenkeel tried: jailed x") {
		t.Error(got)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/sla/ledger"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// ledger is the ledger of profile acme; nil where there is none.
func (w *world) ledger() *v1alpha1.AvailabilityLedger {
	w.t.Helper()
	var l v1alpha1.AvailabilityLedger
	err := w.Get(w.t.Context(), client.ObjectKey{Namespace: w.ns, Name: "acme"}, &l)
	if client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	if err != nil {
		return nil
	}
	return &l
}

// asked is a world whose tenant answers, with a profile of it.
func asked(t *testing.T) (*world, *answering) {
	t.Helper()
	w := newWorld(t)
	w.pointsHere()
	w.looks = true
	return w, w.tenantAnswers()
}

func (w *world) acme(a *answering) {
	w.t.Helper()
	w.profile("acme", func(cpp *v1alpha1.ControlPlaneProfile) {
		cpp.Spec.APIServer.Port = a.port
		cpp.Spec.Availability.Probes.IntervalSeconds = 5
	})
}

// seenUp waits until some rounds of probes were up, and the time between them is known.
func (w *world) seenUp() {
	w.t.Helper()
	w.await(func() string {
		if w.told("evenkeel_probe_rounds_total", "up") < 3 {
			return "hardly a round was up"
		}
		return ""
	})
}

// firstLedger waits until a control plane that serves has its ledger, two minutes from now.
func (w *world) firstLedger() {
	w.t.Helper()
	w.seenUp()
	w.ahead.Store(int64(2 * time.Minute))
	w.await(func() string {
		if w.ledger() == nil {
			return "there is no ledger"
		}
		return ""
	})
}

// What was kept before is gone on with: days that can be read, and outages in their words; a
// day that somebody has spoilt is unseen and no more. What a leader before did not write down
// was good until it last said that it led.
func TestALedgerIsGoneOnWith(t *testing.T) {
	t.Parallel()
	w, a := asked(t)
	w.acme(a)
	saved := time.Now().Add(time.Minute)
	led := saved.Add(15 * time.Minute)
	today := saved.UTC().Truncate(24 * time.Hour)
	if led.UTC().Truncate(24*time.Hour) != today || saved.Sub(today) < 2*time.Minute {
		t.Skip("another day is about to begin") // what is kept and what is vouched for are to be of one day
	}
	w.ahead.Store(int64(20 * time.Minute))
	day := func(ago int) string { return today.AddDate(0, 0, -ago).Format(time.DateOnly) }
	until := int(saved.Sub(today).Minutes())
	kept := &v1alpha1.AvailabilityLedger{ObjectMeta: w.named("acme"), Saved: &metav1.Time{Time: saved}, Days: []v1alpha1.LedgerDay{
		{Date: day(3), Minutes: "g840 O3 g597", Requests: 100, Failed: 3},
		{Date: day(2), Minutes: "nonsense"},
		{Date: day(1), Minutes: "g1440"},
		{Date: day(0), Minutes: fmt.Sprintf("g%d", max(until, 1))},
	}}
	kept.Outages = []v1alpha1.LedgerOutage{{Minutes: 3, Cause: "Offender", Why: "agent held 58 of 60 seats"}}
	kept.Outages[0].From.Time = today.AddDate(0, 0, -3).Add(14 * time.Hour)
	w.create(kept)
	before := &v1alpha1.VantagePoint{ObjectMeta: w.named("the-one-before"), Leading: true}
	before.Renewed = &metav1.MicroTime{Time: led}
	w.create(before)
	w.start()
	w.seenUp()
	w.ahead.Store(int64(82 * time.Minute)) // it is written, good minutes as well
	w.await(func() string {
		l := w.ledger()
		if l == nil || l.Saved == nil {
			return "it is not written"
		}
		got, err := ledger.Load(l)
		if err != nil {
			return err.Error()
		}
		days := map[string]string{}
		for _, d := range l.Days {
			days[d.Date] = d.Minutes
		}
		if days[day(3)] != "g840 O3 g597" || days[day(1)] != "g1440" || !strings.HasPrefix(days[day(2)], "u") || len(l.Outages) != 1 || l.Outages[0].Why == "" {
			return fmt.Sprintf("%+v", l)
		}
		through, _ := got.Through()
		good := int(led.Sub(today).Minutes()) - 3
		if runs := got.Days[len(got.Days)-1].Runs; runs[0].Letter != 'g' || runs[0].Minutes < good {
			return fmt.Sprintf("until %s it was good, and today is %v, to %s", led, runs, through.Time())
		}
		return ""
	})
}

// A control plane that is made anew under an old name goes on with the ledger, and is not down
// while it is being made.
func TestAControlPlaneThatIsMadeAnew(t *testing.T) {
	t.Parallel()
	w, a := asked(t)
	a.code.Store(http.StatusServiceUnavailable)
	saved := time.Now().Add(-10 * time.Minute).UTC()
	w.create(&v1alpha1.AvailabilityLedger{ObjectMeta: w.named("acme"), Saved: &metav1.Time{Time: saved}, Days: []v1alpha1.LedgerDay{
		{Date: saved.Format(time.DateOnly), Minutes: fmt.Sprintf("g%d", saved.Hour()*60+saved.Minute()+1)},
	}})
	w.start()
	w.acme(a)
	rounds := func(verdict string) float64 { return w.told("evenkeel_probe_rounds_total", verdict) }
	w.await(func() string {
		if n := rounds("blind"); n < 3 {
			return fmt.Sprintf("%v rounds were blind", n)
		}
		return ""
	})
	if n, s := rounds("down"), w.seen("acme").Status.SLA; n > 0 || s == nil || s.Month != "" || s.DownSince != nil {
		t.Errorf("it is being made, and %v rounds say that it is down; the status says %+v", n, s)
	}
	if !w.outlook.books.Of(types.NamespacedName{Namespace: w.ns, Name: "acme"}).Recalled() {
		t.Error("its ledger was not read")
	}
	for _, to := range []struct {
		code    int32
		verdict string
	}{{http.StatusOK, "up"}, {http.StatusServiceUnavailable, "down"}} {
		a.code.Store(to.code)
		w.await(func() string {
			if rounds(to.verdict) < 1 {
				return "no round is " + to.verdict
			}
			return ""
		})
	}
}

// A ledger that somebody deletes is written anew, with all that is known.
func TestALedgerThatIsDeleted(t *testing.T) {
	t.Parallel()
	w, a := asked(t)
	w.start()
	w.acme(a)
	w.firstLedger()
	first := w.ledger()
	if err := w.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	w.ahead.Store(int64(65 * time.Minute))
	w.await(func() string {
		l := w.ledger()
		if l == nil || l.UID == first.UID {
			return "it is not written anew"
		}
		if len(l.Days) == 0 || !strings.Contains(l.Days[len(l.Days)-1].Minutes, "g") && len(l.Days) == 1 {
			return fmt.Sprintf("it has %+v", l.Days)
		}
		return ""
	})
	if !w.outlook.books.Of(types.NamespacedName{Namespace: w.ns, Name: "acme"}).Recalled() {
		t.Error("it was never read")
	}
}

// What is known of the last minutes is written when the leader ends in good order, and when the
// profile goes, however lately it was written or could not be.
func TestWhatIsKnownIsWrittenAtTheEnd(t *testing.T) {
	t.Parallel()
	goes := func(w *world, _ func()) {
		if err := w.Delete(w.t.Context(), w.seen("acme")); err != nil {
			w.t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		ends func(w *world, stop func())
		// refused is whether the host cluster does not take it then, and later does.
		refused bool
	}{
		"the leader ends":                    {func(_ *world, stop func()) { stop() }, false},
		"the profile goes":                   {goes, false},
		"the profile goes and it is refused": {goes, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, a := asked(t)
			stop := w.start()
			w.acme(a)
			w.firstLedger()
			failed := w.refuseLedgers(true)
			w.ahead.Store(int64(8 * time.Minute))
			w.awaitMore("writes that failed", 1, func() int { return int(failed.Load()) })
			known, _ := w.outlook.books.Of(types.NamespacedName{Namespace: w.ns, Name: "acme"}).Ledger().Through()
			if through := w.writtenThrough(); through >= known {
				t.Fatalf("it is written through %s, and known through %s", through.Time(), known.Time())
			}
			if !c.refused {
				w.refuseLedgers(false)
			}
			c.ends(w, stop)
			if c.refused {
				w.await(func() string {
					if w.outlook.books.Of(types.NamespacedName{Namespace: w.ns, Name: "acme"}) != nil {
						return "its book is still open"
					}
					return ""
				})
				w.awaitMore("writes that failed since it is closed", 1, func() int { return int(failed.Load()) })
				w.refuseLedgers(false)
				w.ahead.Store(int64(9 * time.Minute))
			}
			w.await(func() string {
				if through := w.writtenThrough(); through < known {
					return fmt.Sprintf("it is written through %s, and was known through %s", through.Time(), known.Time())
				}
				return ""
			})
		})
	}
}

// refuseLedgers has the host take no ledgers any more, and counts those that it does not.
func (w *world) refuseLedgers(refuses bool) *atomic.Int64 {
	var n atomic.Int64
	w.wire.mu.Lock()
	defer w.wire.mu.Unlock()
	w.wire.cut = func(r *http.Request) bool {
		cut := refuses && r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/availabilityledgers/")
		if cut {
			n.Add(1)
		}
		return cut
	}
	return &n
}

func (w *world) writtenThrough() sla.Minute {
	w.t.Helper()
	l := w.ledger()
	if l == nil {
		return 0
	}
	got, err := ledger.Load(l)
	if err != nil {
		w.t.Fatal(err)
	}
	through, _ := got.Through()
	return through
}

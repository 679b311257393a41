// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bytes"
	"compress/gzip"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
)

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// never holds every request until its client gives up.
func never(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestLookAtBadReplicas(t *testing.T) {
	whole := asPage(t, load{}.text())
	lacking := asPage(t, strings.ReplaceAll(load{}.text(), "current_limit_seats", "current_limit_chairs"))
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(whole)
	_ = z.Close()
	for _, c := range []struct {
		name            string
		answer          http.HandlerFunc
		reason, message string
	}{
		{"never answers", never, v1alpha1.ReasonReplicaTimeout, "no whole answer within 300ms"},
		{"answers a byte now and then", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", acceptPage)
			for _, b := range whole {
				if _, err := w.Write([]byte{b}); err != nil {
					return
				}
				http.NewResponseController(w).Flush() //nolint:errcheck // the client is gone then
				select {
				case <-r.Context().Done():
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		}, v1alpha1.ReasonReplicaTimeout, "no whole answer within 300ms"},
		{"answers 100 MB", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", acceptPage)
			for sent := 0; sent < 100<<20; sent += len(whole) {
				if _, err := w.Write(whole); err != nil {
					return
				}
			}
		}, v1alpha1.ReasonOversize, "over the bound"},
		{"answers garbage", func(w http.ResponseWriter, _ *http.Request) {
			writePage(w, bytes.Repeat([]byte("garbage"), 1000))
		}, v1alpha1.ReasonUndecodable, "not a page of delimited metric families"},
		{"answers half a page", func(w http.ResponseWriter, _ *http.Request) { writePage(w, whole[:len(whole)/2]) }, v1alpha1.ReasonUndecodable, "ends within"},
		{"answers text", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = w.Write([]byte(load{}.text()))
		}, v1alpha1.ReasonUndecodable, "text instead of protobuf metrics"},
		{"answers JSON", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
		}, v1alpha1.ReasonUndecodable, "Content-Type \"application/json\""},
		{"compresses unasked", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			writePage(w, zipped.Bytes())
		}, v1alpha1.ReasonUndecodable, "Content-Encoding \"gzip\""},
		{"has no priority and fairness", func(w http.ResponseWriter, _ *http.Request) { writePage(w, lacking) }, v1alpha1.ReasonUndecodable, "lacks the family apiserver_flowcontrol_current_limit_seats"},
		{"redirects", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		}, v1alpha1.ReasonReplicaRedirects, "answered 302"},
		{"knows nobody", status(http.StatusUnauthorized), v1alpha1.ReasonAccessDenied, "does not know Evenkeel's credentials"},
		{"forbids", status(http.StatusForbidden), v1alpha1.ReasonAccessDenied, `grant the rule {nonResourceURLs: ["/metrics"], verbs: [get]}`},
		{"is busy", status(http.StatusTooManyRequests), v1alpha1.ReasonReplicaTimeout, "too busy"},
		{"has nothing there", status(http.StatusNotFound), v1alpha1.ReasonUndecodable, "is this a kube-apiserver"},
		{"fails", status(http.StatusInternalServerError), v1alpha1.ReasonReplicaUnreachable, "answered 500"},
		{"breaks off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, v1alpha1.ReasonReplicaUnreachable, "check that the replica runs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tenant := newTenant(t, c.answer)
			p := tenant.plane(t)
			if c.reason == v1alpha1.ReasonOversize { // it takes a while to send as much
				p = NewPlane(tenant.access(t), Options{PageTimeout: 20 * time.Second, MaxPage: 10 << 20})
				defer p.Close()
				p.Retarget([]Target{tenant.target("r0")})
			}
			wantFault(t, p, c.reason, c.message)
		})
	}
}

func TestLookAtStrangers(t *testing.T) {
	gone, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	tenant := newTenant(t, wellThen(t))
	for _, c := range []struct{ name, address, reason, message string }{
		{"another CA", stranger(t), v1alpha1.ReasonReplicaUntrusted, "check the CA and tls-server-name"},
		{"no TLS", plainServer(t), v1alpha1.ReasonReplicaUntrusted, "TLS failed"},
		{"nobody there", gone.Addr().String(), v1alpha1.ReasonReplicaUnreachable, "connection refused"},
		{"no address", "", v1alpha1.ReasonReplicaUnreachable, "check that the replica runs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := tenant.plane(t)
			target := tenant.target("r0")
			target.Address = c.address
			p.Retarget([]Target{target})
			wantFault(t, p, c.reason, c.message)
		})
	}
	if tenant.asked.Load() != 0 {
		t.Errorf("%d requests went to another address than they were for", tenant.asked.Load())
	}
}

func wantFault(t *testing.T, p *Plane, reason, message string) {
	t.Helper()
	begun := time.Now()
	seen := p.Look(t.Context(), begun, false)
	if len(seen) != 1 || seen[0].Fault == nil {
		t.Fatalf("no fault: %+v", seen)
	}
	if f := seen[0].Fault; f.Reason != reason || !strings.Contains(f.Message, message) {
		t.Errorf("fault %s: %s\nwant %s and %q", f.Reason, f.Message, reason, message)
	}
	if len(seen[0].Fault.Message) > 700 {
		t.Errorf("the message has %d bytes", len(seen[0].Fault.Message))
	}
	if !seen[0].Observed.IsZero() || seen[0].Levels != nil {
		t.Errorf("something was observed: %+v", seen[0])
	}
	if seen[0].Name != "r0" || seen[0].Ceiling != 600 || !seen[0].Ready {
		t.Errorf("replica %+v, want what the target says", seen[0])
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// What fails of a dump is a fault as well, beside a page that is fresh.
func TestLookAtBadDumps(t *testing.T) {
	for _, c := range []struct {
		name            string
		answer          http.HandlerFunc
		reason, message string
	}{
		{"never answers", never, v1alpha1.ReasonReplicaTimeout, "no whole answer within 300ms"},
		{"forbids", status(http.StatusForbidden), v1alpha1.ReasonAccessDenied, `["/debug/api_priority_and_fairness/*"]`},
		{"has none", status(http.StatusNotFound), v1alpha1.ReasonUndecodable, "with priority and fairness enabled"},
		{"answers garbage", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("garbage")) }, v1alpha1.ReasonUndecodable, "not a dump of requests"},
		{"has a forged line", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(aDump + "low, accounts\n")) }, v1alpha1.ReasonUndecodable, "no client is judged"},
		{"answers too much", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 5<<20)) }, v1alpha1.ReasonOversize, "over the bound of 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			well := wellThen(t)
			tenant := newTenant(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == pagePath {
					well(w, r)
					return
				}
				c.answer(w, r)
			})
			p := NewPlane(tenant.access(t), Options{DumpTimeout: 300 * time.Millisecond, MaxDump: 1 << 20})
			defer p.Close()
			p.Retarget([]Target{tenant.target("r0")})
			now := time.Now()
			r := p.Look(t.Context(), now, true)[0]
			if r.Fault == nil || r.Fault.Reason != c.reason || !strings.Contains(r.Fault.Message, c.message) {
				t.Fatalf("fault %+v\nwant %s and %q", r.Fault, c.reason, c.message)
			}
			if !r.Observed.Equal(now) || len(r.Levels) != 3 || !r.Dumped.IsZero() || r.Held != nil {
				t.Errorf("replica %+v, want a page and no dump", r)
			}
			if r = p.Look(t.Context(), now.Add(time.Second/2), false)[0]; r.Fault != nil {
				t.Errorf("fault %+v of a look without dump", *r.Fault)
			}
		})
	}
}

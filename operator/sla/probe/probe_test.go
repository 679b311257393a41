// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/sla/probe"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// server is a tenant's server that answers as it likes.
func server(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(answer)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s
}

// trusting is an access that trusts a server's certificate.
func trusting(t *testing.T, s *httptest.Server) *access.Access {
	t.Helper()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	a, fault := access.Parse(fmt.Appendf(nil, `
current-context: default
contexts: [{name: default, context: {cluster: tenant, user: evenkeel}}]
clusters: [{name: tenant, cluster: {server: "https://example.com:6443", certificate-authority-data: %s}}]
users: [{name: evenkeel, user: {token: mine}}]
`, base64.StdEncoding.EncodeToString(ca)), time.Now())
	if fault != nil {
		t.Fatalf("access: %+v", *fault)
	}
	return a
}

func TestWhatComesOfAProbe(t *testing.T) {
	t.Parallel()
	answers := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		result sla.Result
		phase  sla.Phase
		why    string
	}{
		"served":      {answers(http.StatusOK), sla.Served, sla.Done, ""},
		"looked up":   {answers(http.StatusNotFound), sla.Served, sla.Done, ""},
		"shed":        {answers(http.StatusTooManyRequests), sla.Refused, sla.Done, ""},
		"not allowed": {answers(http.StatusForbidden), sla.Denied, sla.Done, "r0: Read is answered 403: grant it to Evenkeel"},
		"not known":   {answers(http.StatusUnauthorized), sla.Denied, sla.Done, "is answered 401"},
		"an error":    {answers(http.StatusInternalServerError), sla.Failed, sla.Body, "r0: Read is answered 500"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
		}, sla.Failed, sla.Body, "redirect"},
		"a flood":         {flood, sla.Failed, sla.Body, "the answer is over 65536 bytes"},
		"a huge header":   {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, sla.Failed, sla.Wait, "Read failed (Wait)"},
		"late":            {func(http.ResponseWriter, *http.Request) { time.Sleep(1100 * time.Millisecond) }, sla.Late, sla.Done, ""},
		"no answer":       {stall, sla.Failed, sla.Wait, "no answer to Read within 5s (Wait)"},
		"half an answer":  {half, sla.Failed, sla.Body, "no answer to Read within 5s (Body)"},
		"breaking it off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, sla.Failed, sla.Wait, "Read failed (Wait)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := server(t, c.answer)
			d, err := probe.NewDoor(trusting(t, s), "r0", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			p := d.Ask(t.Context(), sla.Read, time.Now())
			if p.Result != c.result || p.Phase != c.phase || !strings.Contains(p.Why, c.why) || c.why == "" && p.Why != "" {
				t.Errorf("%s in %s (%q), not %s in %s (%q)", p.Result, p.Phase, p.Why, c.result, c.phase, c.why)
			}
			if p.Took <= 0 || p.Took > 6*time.Second {
				t.Errorf("it took %s", p.Took)
			}
		})
	}
}

// What the tenant refuses is not an outage: others may write, and who decides that, decides.
func TestWritesThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code int
		said string
		want sla.Result
	}{
		"by a ValidatingAdmissionPolicy":  {http.StatusUnprocessableEntity, "ValidatingAdmissionPolicy 'mine' with binding 'mine' denied request", sla.Denied},
		"by a webhook":                    {http.StatusBadRequest, `admission webhook "a.example.com" denied the request`, sla.Denied},
		"by a webhook that does not come": {http.StatusInternalServerError, `failed calling webhook "a.example.com"`, sla.Denied},
		"by a quota":                      {http.StatusForbidden, "exceeded quota", sla.Denied},
		"as there is too much":            {http.StatusTooManyRequests, "", sla.Refused},
		"after a time":                    {http.StatusRequestTimeout, "", sla.Failed},
		"by etcd":                         {http.StatusInternalServerError, "etcdserver: mvcc: database space exceeded", sla.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := server(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.code)
				_, _ = io.WriteString(w, c.said)
			})
			d, err := probe.NewDoor(trusting(t, s), "r0", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			if p := d.Ask(t.Context(), sla.Write, time.Now()); p.Result != c.want {
				t.Errorf("%+v", p)
			}
		})
	}
}

// A name that cannot be looked up here says nothing of the balancer: it is not asked, and the
// replicas tell. That there is no such name is what whoever comes meets with.
func TestANameThatCannotBeLookedUp(t *testing.T) {
	was := net.DefaultResolver
	defer func() { net.DefaultResolver = was }()
	var full atomic.Bool
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch && full.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	targets := []probe.Target{{"", "balancer.example.com:443"}, {"r0", s.Listener.Addr().String()}}
	silent := func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	for name, c := range map[string]struct {
		dns  func(ctx context.Context, network, address string) (net.Conn, error)
		full bool
		want sla.Verdict
	}{
		"no resolver answers":                  {silent, false, sla.Up},
		"no resolver answers, etcd is full":    {silent, true, sla.Down},
		"there is none such that is called so": {noSuchName, false, sla.Down},
	} {
		full.Store(c.full)
		net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: c.dns}
		var p probe.Prober
		if err := p.Retarget(trusting(t, s), targets); err != nil {
			t.Fatal(err)
		}
		round, _ := p.Round(t.Context(), true, time.Now())
		p.Close()
		if got, why := sla.Judge(round); got != c.want || round[0].Result != sla.Failed || round[0].Phase != sla.Dial {
			t.Errorf("%s: %s, %s: %+v", name, got, why, round)
		}
	}
}

// noSuchName is a resolver that knows no name.
func noSuchName(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	go func() {
		defer there.Close() //nolint:errcheck // it is over
		for {
			var length [2]byte // a pipe is no packet connection: messages come with their length
			if _, err := io.ReadFull(there, length[:]); err != nil {
				return
			}
			question := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(there, question); err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(question) != nil {
				return
			}
			m.Response, m.RCode, m.Additionals = true, dnsmessage.RCodeNameError, nil
			answer, err := m.Pack()
			if err != nil {
				return
			}
			_, _ = there.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)) //nolint:gosec // a small one
		}
	}()
	return here, nil
}

func flood(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write(make([]byte, 1<<16)); err != nil {
			return
		}
	}
}

func stall(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func half(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write([]byte("{"))
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// Whoever cannot be dialed or trusted has failed all that would have been asked, in one try.
func TestARoundThatEndsAtTheDoor(t *testing.T) {
	good := server(t, func(http.ResponseWriter, *http.Request) {})
	other := httptest.NewServer(http.NotFoundHandler()) // speaks no TLS
	defer other.Close()
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	_ = closed.Close()
	var p probe.Prober
	defer p.Close()
	a := trusting(t, good)
	targets := []probe.Target{{"", good.Listener.Addr().String()}, {"gone", nobody}, {"imposter", other.Listener.Addr().String()}}
	if err := p.Retarget(a, targets); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	round, expires := p.Round(t.Context(), true, time.Now())
	if !expires.Equal(good.Certificate().NotAfter) && !expires.Equal(other.Certificate().NotAfter) {
		t.Errorf("the first certificate ends at %s", expires)
	}
	for _, one := range round {
		got[one.Replica] += fmt.Sprintf("%s %s %s; ", one.Question, one.Result, one.Phase)
	}
	want := map[string]string{
		"":         "Ready Served Done; Read Served Done; Write Served Done; ",
		"gone":     "Ready Failed Dial; Read Failed Dial; ",
		"imposter": "Ready Failed TLS; Read Failed TLS; ",
	}
	for replica, line := range want {
		if got[replica] != line {
			t.Errorf("%q: %s, not %s", replica, got[replica], line)
		}
	}
}

// A round that writes applies one small object of Evenkeel's own.
func TestWhatIsWritten(t *testing.T) {
	type write struct{ method, path, kind, body string }
	wrote := make(chan write, 3)
	s := server(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer mine" {
			t.Errorf("%s comes without its token", r.URL)
		}
		wrote <- write{r.Method, r.URL.String(), r.Header.Get("Content-Type"), string(body)}
	})
	d, err := probe.NewDoor(trusting(t, s), "", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	at := time.Date(2026, 11, 26, 14, 0, 0, 5000, time.UTC)
	if p := d.Ask(t.Context(), sla.Write, at); p.Result != sla.Served {
		t.Fatalf("%+v", p)
	}
	got := <-wrote
	if got.method != http.MethodPatch || got.kind != "application/apply-patch+yaml" || !strings.Contains(got.body, `"renewTime":"2026-11-26T14:00:00.000005Z"`) ||
		got.path != "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/evenkeel-probe?fieldManager=evenkeel-probe&force=true" {
		t.Errorf("%+v", got)
	}
}

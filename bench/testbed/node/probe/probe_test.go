// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	clocktesting "k8s.io/utils/clock/testing"

	"evenkeel.dev/evenkeel/bench/testbed/node/probe"
)

func TestTally(t *testing.T) {
	for name, c := range map[string]struct {
		success, failure int32
		answers, want    string // + healthy, - not; the verdicts after each answer, . for no change
	}{
		"the API's defaults":              {0, 0, "+---+", "+..-+"},
		"no verdict below the threshold":  {1, 3, "--", ".."},
		"one failure in between is wiped": {1, 2, "+-+-+-", "+....."},
		"success needs a row":             {2, 1, "-+-++", "-...+"},
		"repeated answers change nothing": {1, 1, "++--", "+.-."},
	} {
		tally := probe.Tally{Success: c.success, Failure: c.failure}
		var got strings.Builder
		for _, answer := range c.answers {
			if tally.Add(answer == '+') {
				got.WriteRune(answer)
			} else {
				got.WriteByte('.')
			}
		}
		if got.String() != c.want {
			t.Errorf("%s: verdicts %s after %s, want %s", name, got.String(), c.answers, c.want)
		}
	}
}

// step moves the clock when the loop waits for it.
func step(t *testing.T, clock *clocktesting.FakeClock, by time.Duration) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !clock.HasWaiters(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody waits for the clock")
		}
	}
	clock.Step(by)
}

func TestLoopWaitsAndStops(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Unix(0, 0))
	asked := make(chan time.Time, 10)
	answers := []bool{true, false, false, true}
	verdicts := make(chan bool, 10)
	var failed int
	done := make(chan struct{})
	loop := probe.Loop{
		Spec: &corev1.Probe{InitialDelaySeconds: 5, PeriodSeconds: 3, FailureThreshold: 2}, Clock: clock,
		Check: func(context.Context) probe.Answer {
			asked <- clock.Now()
			healthy := answers[0]
			answers = answers[1:]
			return probe.Answer{Healthy: healthy, Message: "unwell"}
		},
		Verdict: func(a probe.Answer) bool { verdicts <- a.Healthy; return a.Healthy },
		Failed:  func(probe.Answer) { failed++ },
	}
	go func() { loop.Run(t.Context()); close(done) }()
	var at []int64
	for _, by := range []time.Duration{5 * time.Second, 3 * time.Second, 3 * time.Second} {
		step(t, clock, by)
		at = append(at, (<-asked).Unix())
	}
	<-done // the verdict wanted no more
	if diff := cmp.Diff([]int64{5, 8, 11}, at); diff != "" {
		t.Errorf("it asked at other seconds:\n%s", diff)
	}
	if first, second := <-verdicts, <-verdicts; !first || second || failed != 2 {
		t.Errorf("verdicts %t, %t and %d failures, want healthy, then not, after 2", first, second, failed)
	}
}

func TestLoopEndsWithTheContainer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	loop := probe.Loop{
		Spec: &corev1.Probe{}, Clock: clocktesting.NewFakeClock(time.Unix(0, 0)),
		Check:   func(context.Context) probe.Answer { cancel(); return probe.Answer{} },
		Verdict: func(probe.Answer) bool { t.Error("a verdict on a container that is gone"); return false },
		Failed:  func(probe.Answer) { t.Error("a failure of a container that is gone") },
	}
	loop.Run(ctx)
}

// target is a probe's target for a test server.
func target(t *testing.T, url string) (probe.Target, int) {
	t.Helper()
	host, port, err := net.SplitHostPort(url[strings.Index(url, "://")+3:])
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseInt(port, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return probe.Target{Address: host, Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: int32(number)}}}, int(number)
}

func TestHTTP(t *testing.T) {
	handler := http.NewServeMux()
	handler.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Probe") != "yes" || r.Host != "named" || r.URL.RawQuery != "verbose=1" {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	handler.HandleFunc("/bad", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "etcd is gone", http.StatusInternalServerError)
	})
	handler.Handle("/away", http.RedirectHandler("http://example.invalid/", http.StatusFound))
	handler.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	for name, c := range map[string]struct {
		url, path, want string
	}{
		"healthy":                {plain.URL, "/ok?verbose=1", ""},
		"a certificate of no CA": {secure.URL, "/ok?verbose=1", ""},
		"redirected elsewhere":   {plain.URL, "/away", ""},
		"an error's body":        {plain.URL, "/bad", "HTTP probe failed with statuscode: 500: etcd is gone"},
		"too slow":               {plain.URL, "/slow", "context deadline exceeded"},
	} {
		to, _ := target(t, c.url)
		scheme := corev1.URIScheme(strings.ToUpper(c.url[:strings.Index(c.url, ":")]))
		check, err := probe.New(corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: c.path, Port: intstr.FromString("http"), Scheme: scheme,
			HTTPHeaders: []corev1.HTTPHeader{{Name: "X-Probe", Value: "yes"}, {Name: "Host", Value: "named"}},
		}}, to)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if got := check(ctx); got.Healthy != (c.want == "") || !strings.Contains(got.Message, c.want) {
			t.Errorf("%s: %+v, want %q", name, got, c.want)
		}
		cancel()
	}
}

func TestTCP(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	to, port := target(t, server.URL)
	check, err := probe.New(corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt(port)}}, to)
	if err != nil {
		t.Fatal(err)
	}
	if got := check(t.Context()); !got.Healthy {
		t.Errorf("a server that listens: %+v", got)
	}
	server.Close()
	if got := check(t.Context()); got.Healthy || !strings.Contains(got.Message, "connection refused") {
		t.Errorf("a server that is gone: %+v", got)
	}
}

func TestExec(t *testing.T) {
	for name, c := range map[string]struct {
		code int
		err  error
		want string
	}{
		"ends well": {0, nil, ""}, "fails": {7, nil, "command ended with status 7: said so"}, "cannot start": {0, errors.New("no such command"), "no such command"},
	} {
		check, err := probe.New(corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"x"}}}, probe.Target{
			Exec: func(context.Context, []string) (int, string, error) { return c.code, "said so", c.err },
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := check(t.Context()); got.Message != c.want || got.Healthy != (c.want == "") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestHandlersThatCannotWork(t *testing.T) {
	for want, h := range map[string]corev1.ProbeHandler{
		"the container has no port \"http\"":                        {HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromString("http")}},
		"the container has no port \"0\"":                           {TCPSocket: &corev1.TCPSocketAction{}},
		"probing by gRPC is not supported on a node of the testbed": {GRPC: &corev1.GRPCAction{}},
		"the probe has no handler":                                  {},
	} {
		if _, err := probe.New(h, probe.Target{}); err == nil || err.Error() != want {
			t.Errorf("New = %v, want %s", err, want)
		}
	}
}

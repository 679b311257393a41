// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"evenkeel.dev/evenkeel/operator/access"
)

// fakeTenant is a replica whose answers a test makes up.
type fakeTenant struct {
	*httptest.Server
	address            string
	asked, connections atomic.Int64
}

func newTenant(tb testing.TB, answer http.HandlerFunc) *fakeTenant {
	tb.Helper()
	f := &fakeTenant{}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.asked.Add(1)
		answer(w, r)
	}))
	f.EnableHTTP2 = true
	f.Config.ErrorLog = quiet()
	f.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			f.connections.Add(1)
		}
	}
	f.StartTLS()
	f.address = f.Listener.Addr().String()
	tb.Cleanup(func() {
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

// accessTo is an access that trusts a server's certificate.
func accessTo(tb testing.TB, cert []byte) *access.Access {
	tb.Helper()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	a, fault := access.Parse(fmt.Appendf(nil, `
current-context: default
contexts: [{name: default, context: {cluster: tenant, user: evenkeel}}]
clusters: [{name: tenant, cluster: {server: "https://example.com:6443", certificate-authority-data: %s}}]
users: [{name: evenkeel, user: {token: mine}}]
`, base64.StdEncoding.EncodeToString(ca)), time.Now())
	if fault != nil {
		tb.Fatalf("access: %+v", *fault)
	}
	return a
}

func (f *fakeTenant) access(tb testing.TB) *access.Access {
	tb.Helper()
	return accessTo(tb, f.Certificate().Raw)
}

func (f *fakeTenant) target(name string) Target {
	return Target{Name: name, UID: "uid-" + name, Zone: "a", Address: f.address, Ready: true, Ceiling: 600}
}

// plane looks at one replica, within short deadlines.
func (f *fakeTenant) plane(tb testing.TB) *Plane {
	tb.Helper()
	p := NewPlane(f.access(tb), Options{PageTimeout: 300 * time.Millisecond, DumpTimeout: 300 * time.Millisecond})
	tb.Cleanup(p.Close)
	p.Retarget([]Target{f.target("r0")})
	return p
}

// asPage turns metrics in text form into a page.
func asPage(tb testing.TB, text string) []byte {
	tb.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	e := expfmt.NewEncoder(&b, expfmt.NewFormat(expfmt.TypeProtoDelim))
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if err := e.Encode(families[name]); err != nil {
			tb.Fatal(err)
		}
	}
	return b.Bytes()
}

func writePage(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Type", acceptPage)
	_, _ = w.Write(body)
}

// load is what a page says of one flow.
type load struct {
	start                          float64
	requests, exec, wait, rejected float64
	executing, waiting             int
}

// text is the load as a server's metrics, with what must be left out beside it.
func (l load) text() string {
	return fmt.Sprintf(`
# TYPE apiserver_flowcontrol_nominal_limit_seats gauge
apiserver_flowcontrol_nominal_limit_seats{priority_level="low"} 245
apiserver_flowcontrol_nominal_limit_seats{priority_level="exempt"} 0
# TYPE apiserver_flowcontrol_current_limit_seats gauge
apiserver_flowcontrol_current_limit_seats{priority_level="low"} 56
apiserver_flowcontrol_current_limit_seats{priority_level="exempt"} 0
# TYPE apiserver_flowcontrol_current_executing_seats gauge
apiserver_flowcontrol_current_executing_seats{priority_level="low",flow_schema="accounts"} %d
apiserver_flowcontrol_current_executing_seats{priority_level="low",flow_schema="global"} 1
# TYPE apiserver_flowcontrol_current_inqueue_requests gauge
apiserver_flowcontrol_current_inqueue_requests{priority_level="low",flow_schema="accounts"} %d
# TYPE apiserver_flowcontrol_dispatched_requests_total counter
apiserver_flowcontrol_dispatched_requests_total{priority_level="low",flow_schema="accounts"} 1
# TYPE apiserver_flowcontrol_rejected_requests_total counter
apiserver_flowcontrol_rejected_requests_total{priority_level="low",flow_schema="accounts",reason="time-out"} %g
apiserver_flowcontrol_rejected_requests_total{priority_level="low",flow_schema="accounts",reason="queue-full"} 2
# TYPE apiserver_flowcontrol_request_execution_seconds histogram
apiserver_flowcontrol_request_execution_seconds_bucket{priority_level="low",flow_schema="accounts",type="regular",le="+Inf"} %[4]g
apiserver_flowcontrol_request_execution_seconds_sum{priority_level="low",flow_schema="accounts",type="regular"} %[6]g
apiserver_flowcontrol_request_execution_seconds_count{priority_level="low",flow_schema="accounts",type="regular"} %[5]g
apiserver_flowcontrol_request_execution_seconds_bucket{priority_level="low",flow_schema="accounts",type="watch",le="+Inf"} 1000
apiserver_flowcontrol_request_execution_seconds_sum{priority_level="low",flow_schema="accounts",type="watch"} 1000
apiserver_flowcontrol_request_execution_seconds_count{priority_level="low",flow_schema="accounts",type="watch"} 1000
apiserver_flowcontrol_request_execution_seconds_bucket{priority_level="node-high",flow_schema="system-node-high",type="regular",le="0"} 0
apiserver_flowcontrol_request_execution_seconds_bucket{priority_level="node-high",flow_schema="system-node-high",type="regular",le="0.2"} 7
apiserver_flowcontrol_request_execution_seconds_bucket{priority_level="node-high",flow_schema="system-node-high",type="regular",le="0.5"} %[5]g
apiserver_flowcontrol_request_execution_seconds_bucket{priority_level="node-high",flow_schema="system-node-high",type="regular",le="+Inf"} %[5]g
apiserver_flowcontrol_request_execution_seconds_sum{priority_level="node-high",flow_schema="system-node-high",type="regular"} 1
apiserver_flowcontrol_request_execution_seconds_count{priority_level="node-high",flow_schema="system-node-high",type="regular"} %[5]g
# TYPE apiserver_flowcontrol_request_wait_duration_seconds histogram
apiserver_flowcontrol_request_wait_duration_seconds_bucket{priority_level="low",flow_schema="accounts",execute="true",le="+Inf"} 1
apiserver_flowcontrol_request_wait_duration_seconds_sum{priority_level="low",flow_schema="accounts",execute="true"} %[7]g
apiserver_flowcontrol_request_wait_duration_seconds_count{priority_level="low",flow_schema="accounts",execute="true"} 1
apiserver_flowcontrol_request_wait_duration_seconds_sum{priority_level="low",flow_schema="accounts",execute="false"} 9000
apiserver_flowcontrol_request_wait_duration_seconds_count{priority_level="low",flow_schema="accounts",execute="false"} 9
# TYPE apiserver_flowcontrol_demand_seats_smoothed gauge
apiserver_flowcontrol_demand_seats_smoothed{priority_level="low"} 31.5
# TYPE apiserver_request_sli_duration_seconds histogram
apiserver_request_sli_duration_seconds_bucket{verb="GET",group="apps",version="v1",resource="deployments",subresource="",scope="resource",component="apiserver",le="0.4"} 7
apiserver_request_sli_duration_seconds_bucket{verb="GET",group="apps",version="v1",resource="deployments",subresource="",scope="resource",component="apiserver",le="0.6"} %[5]g
apiserver_request_sli_duration_seconds_sum{verb="GET",group="apps",version="v1",resource="deployments",subresource="",scope="resource",component="apiserver"} %[6]g
apiserver_request_sli_duration_seconds_count{verb="GET",group="apps",version="v1",resource="deployments",subresource="",scope="resource",component="apiserver"} %[5]g
apiserver_request_sli_duration_seconds_bucket{verb="GET",group="apps",version="v1beta1",resource="deployments",subresource="",scope="resource",component="apiserver",le="0.4"} 7
apiserver_request_sli_duration_seconds_bucket{verb="GET",group="apps",version="v1beta1",resource="deployments",subresource="",scope="resource",component="apiserver",le="0.6"} %[5]g
apiserver_request_sli_duration_seconds_sum{verb="GET",group="apps",version="v1beta1",resource="deployments",subresource="",scope="resource",component="apiserver"} %[6]g
apiserver_request_sli_duration_seconds_count{verb="GET",group="apps",version="v1beta1",resource="deployments",subresource="",scope="resource",component="apiserver"} %[5]g
apiserver_request_sli_duration_seconds_sum{verb="WATCH",group="",version="v1",resource="pods",subresource="",scope="cluster",component="apiserver"} 90000
apiserver_request_sli_duration_seconds_count{verb="WATCH",group="",version="v1",resource="pods",subresource="",scope="cluster",component="apiserver"} %[5]g
apiserver_request_sli_duration_seconds_sum{verb="GET",group="",version="v1",resource="a name with blanks",subresource="",scope="cluster",component="apiserver"} %[6]g
apiserver_request_sli_duration_seconds_count{verb="GET",group="",version="v1",resource="a name with blanks",subresource="",scope="cluster",component="apiserver"} %[5]g
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total %[10]g
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 3e8
# TYPE process_start_time_seconds gauge
process_start_time_seconds %[9]g
# TYPE apiserver_current_inflight_requests gauge
apiserver_current_inflight_requests{request_kind="mutating"} 3
apiserver_current_inflight_requests{request_kind="readOnly"} 4
`, l.executing, l.waiting, l.rejected, l.requests, l.requests, l.exec, l.wait, l.wait, l.start, 12.5+l.exec)
}

// aDump is a dump with one request that waits, in the form of a server's.
const aDump = "PriorityLevelName, FlowSchemaName, RequestIndexInQueue, ArriveTime, InitialSeats, FinalSeats, UserName, Verb, APIPath, Namespace, APIVersion, Resource, SubResource\n" +
	"low, accounts, 0, 2026-11-23T12:00:00Z, 10, 0, agent, list, /api/v1/pods, , v1, pods, \n"

// wellThen answers as a healthy replica does.
func wellThen(tb testing.TB) http.HandlerFunc {
	tb.Helper()
	body := asPage(tb, load{start: 1000}.text())
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == pagePath:
			writePage(w, body)
		case strings.HasPrefix(r.URL.Path, "/debug"):
			_, _ = w.Write([]byte(aDump))
		default:
			_, _ = w.Write([]byte("ok"))
		}
	}
}

// plainServer speaks no TLS at all.
func plainServer(tb testing.TB) string {
	tb.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	tb.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// stranger is a server of another CA.
func stranger(tb testing.TB) string {
	tb.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned(tb)}, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	tb.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

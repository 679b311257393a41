// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// answersText is what a page says of n requests of each kind that counts, with what
// must be left out beside it; ended is left out of the page while it is 0, as by servers.
func answersText(start, n, ended float64) string {
	text := fmt.Sprintf(`
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="pods",scope="cluster",subresource="",verb="LIST",version="v1"} %[1]g
apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="POST",version="v1"} %[1]g
apiserver_request_total{code="404",component="apiserver",dry_run="",group="",resource="pods",scope="namespace",subresource="",verb="LIST",version="v1"} %[1]g
apiserver_request_total{code="429",component="apiserver",dry_run="",group="",resource="pods",scope="cluster",subresource="",verb="LIST",version="v1"} %[1]g
apiserver_request_total{code="500",component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="PUT",version="v1"} %[1]g
apiserver_request_total{code="504",component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="PUT",version="v1"} %[1]g
apiserver_request_total{code="504",component="apiserver",dry_run="",group="apps",resource="deployments",scope="resource",subresource="",verb="PUT",version="v1"} %[1]g
apiserver_request_total{code="5",component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="",verb="PUT",version="v1"} %[1]g
apiserver_request_total{code="500",component="",dry_run="",group="",resource="",scope="",subresource="/readyz",verb="GET",version=""} 1000
apiserver_request_total{code="500",component="apiserver",dry_run="",group="",resource="pods",scope="cluster",subresource="",verb="WATCH",version="v1"} %[1]g
apiserver_request_total{code="500",component="apiserver",dry_run="",group="",resource="pods",scope="resource",subresource="log",verb="CONNECT",version="v1"} %[1]g
# TYPE apiserver_longrunning_requests gauge
apiserver_longrunning_requests{component="apiserver",group="",resource="pods",scope="cluster",subresource="",verb="WATCH",version="v1"} %[1]g
apiserver_longrunning_requests{component="apiserver",group="",resource="nodes",scope="cluster",subresource="",verb="WATCH",version="v1"} 3
apiserver_longrunning_requests{component="apiserver",group="",resource="pods",scope="resource",subresource="log",verb="CONNECT",version="v1"} 70
# TYPE apiserver_watch_events_sizes histogram
apiserver_watch_events_sizes_bucket{group="",resource="pods",version="v1",le="1024"} 1
apiserver_watch_events_sizes_sum{group="",resource="pods",version="v1"} %[2]g
apiserver_watch_events_sizes_count{group="",resource="pods",version="v1"} 1
apiserver_watch_events_sizes_bucket{group="",resource="nodes",version="v1",le="1024"} 1
apiserver_watch_events_sizes_sum{group="",resource="nodes",version="v1"} 500
apiserver_watch_events_sizes_count{group="",resource="nodes",version="v1"} 1
`, n, 1000*n)
	if ended > 0 {
		text += fmt.Sprintf("# TYPE apiserver_terminated_watchers_total counter\n"+
			"apiserver_terminated_watchers_total{group=\"\",resource=\"pods\"} %g\n", ended)
	}
	return load{start: start}.text() + text
}

func TestLookTellsWhatBecameOfRequests(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after string
		want          plane.Answers
		fell          int64
	}{
		{
			"the same process", answersText(1000, 10, 0), answersText(1000, 15, 2),
			plane.Answers{Requests: 40, Errors: 15, Refused: 5, Watches: 18, WatchBytes: 5000, WatchEnds: 2}, 0,
		},
		{"a new process", answersText(1000, 10, 0), answersText(2000, 15, 2), plane.Answers{}, 0},
		{"counters fall", answersText(1000, 15, 2), answersText(1000, 10, 2), plane.Answers{Watches: 13}, 4},
		{
			"no such family before", load{start: 1000}.text(), answersText(1000, 1, 1),
			plane.Answers{Requests: 8, Errors: 3, Refused: 1, Watches: 4, WatchBytes: 1500, WatchEnds: 1}, 0,
		},
		{"no such family", load{start: 1000}.text(), load{start: 1000}.text(), plane.Answers{}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s script
			p := newTenant(t, s.answer).plane(t)
			now := time.Now()
			s.text(t, c.before)
			if r := p.Look(t.Context(), now, false)[0]; r.Fault != nil || r.Answers != (plane.Answers{}) {
				t.Fatalf("the first look tells %+v, fault %+v", r.Answers, r.Fault)
			}
			s.text(t, c.after)
			r := p.Look(t.Context(), now.Add(time.Second), false)[0]
			if diff := cmp.Diff(c.want, r.Answers); diff != "" || r.Fault != nil {
				t.Errorf("answers (-want +got):\n%s, fault %+v", diff, r.Fault)
			}
			if fell := p.Vitals()[0].Fell; fell != c.fell {
				t.Errorf("%d counters fell, want %d", fell, c.fell)
			}
		})
	}
}

// Of a real replica the requests of the window are told, and the watches that are open.
func TestAnswersOfARealReplica(t *testing.T) {
	s := real(t)
	for _, o := range objects() {
		if err := s.admin.Create(t.Context(), o); client.IgnoreAlreadyExists(err) != nil {
			t.Fatal(err)
		}
	}
	p := s.plane(t, s.access)
	r := eventually(t, p, false, func(r plane.Replica) bool { return r.Fault == nil && r.Window > 0 && r.Answers.Watches > 0 })
	watcher, err := client.NewWithWatch(s.env.Config, client.Options{Scheme: clientgoscheme.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	w, err := watcher.Watch(t.Context(), &corev1.ConfigMapList{}, client.InNamespace("default"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	// The server's own watches come and go beside this one.
	eventually(t, p, false, func(now plane.Replica) bool { return now.Answers.Watches > r.Answers.Watches })

	m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "watched", Namespace: "default"}, Data: map[string]string{"large": strings.Repeat("x", 5000)}}
	if err := s.admin.Create(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.admin.Delete(t.Context(), m) })
	for e := range w.ResultChan() {
		if e.Object.(*corev1.ConfigMap).Name == "watched" { //nolint:forcetypeassert // or the test fails
			break
		}
	}
	var all plane.Answers
	eventually(t, p, false, func(r plane.Replica) bool {
		all.Requests += r.Answers.Requests
		all.WatchBytes += r.Answers.WatchBytes
		return all.Requests >= 1 && all.WatchBytes >= 5000
	})
}

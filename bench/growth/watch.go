// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/stage"
)

// lookEvery is how often the pods are looked at.
const lookEvery = time.Second

// watcher sees from outside what happens to the tenant's pods and to etcd's leader.
type watcher struct {
	stage   *stage.Stage
	host    kubernetes.Interface
	profile *stage.Profile
	// changes is what etcd had counted when the play began.
	changes float64

	mu sync.Mutex
	// requests are what each pod requests, and resizes how often that has changed.
	requests map[string]string
	resizes  int
	restarts int
	// moved are the times of the moves of the leader that a decision tells of.
	moved map[time.Time]bool
}

func watch(st *stage.Stage, p *stage.Profile) (*watcher, error) {
	host, err := kubernetes.NewForConfig(st.Host.AdminConfig)
	if err != nil {
		return nil, fmt.Errorf("watching the tenant's pods: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	w := &watcher{stage: st, host: host, profile: p, requests: map[string]string{}, moved: map[time.Time]bool{}}
	w.changes, err = w.leaderChanges(ctx)
	return w, err
}

func (w *watcher) run(ctx context.Context) {
	every := time.NewTicker(lookEvery)
	defer every.Stop()
	for {
		_ = w.look(ctx) // the next look sees what this one missed; sum fails if its own does
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

func (w *watcher) look(ctx context.Context) error {
	pods, err := w.host.CoreV1().Pods(stage.TenantNamespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("looking at the tenant's pods: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.restarts = 0
	for i := range pods.Items {
		w.take(&pods.Items[i])
	}
	if w.profile == nil {
		return nil
	}
	seen, _ := w.profile.Now()
	for _, d := range seen.Status.Decisions {
		if d.Step == "MoveLeader" && d.Applied {
			w.moved[d.Time.UTC()] = true
		}
	}
	return nil
}

func (w *watcher) take(pod *corev1.Pod) {
	for _, s := range pod.Status.ContainerStatuses {
		w.restarts += int(s.RestartCount)
	}
	c := pod.Spec.Containers[0]
	now := c.Resources.Requests.Cpu().String() + "/" + c.Resources.Requests.Memory().String()
	if was, known := w.requests[pod.Name]; known && was != now {
		w.resizes++
	}
	w.requests[pod.Name] = now
}

// words are the sizes now.
func (w *watcher) words() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("%v, %d resizes, %d restarts", w.sizes(), w.resizes, w.restarts)
}

// sizes are what the pods of each component request; where they differ, all of it.
func (w *watcher) sizes() map[string]string {
	sizes := map[string][]string{}
	for _, pod := range slices.Sorted(maps.Keys(w.requests)) {
		name := "etcd"
		if strings.HasPrefix(pod, "kube-apiserver") {
			name = "kube-apiserver"
		}
		if !slices.Contains(sizes[name], w.requests[pod]) {
			sizes[name] = append(sizes[name], w.requests[pod])
		}
	}
	out := map[string]string{}
	for name, all := range sizes {
		out[name] = strings.Join(all, " and ")
	}
	return out
}

// sum adds to the outcome what has been seen until now.
func (w *watcher) sum(ctx context.Context, out *Outcome) error {
	if err := w.look(ctx); err != nil {
		return err
	}
	changes, err := w.leaderChanges(ctx)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	out.Restarts, out.Resizes, out.Sizes = w.restarts, w.resizes, w.sizes()
	out.LeaderChanges, out.Ordered = int(changes-w.changes), len(w.moved)
	return nil
}

// leaderChanges is the most changes of leader that a member has seen.
func (w *watcher) leaderChanges(ctx context.Context) (most float64, err error) {
	members, err := w.stage.Tenant.Members(ctx)
	if err != nil {
		return 0, err
	}
	for _, m := range members {
		page, err := w.stage.Tenant.MemberPage(ctx, m)
		if err != nil {
			return 0, fmt.Errorf("reading the metrics of %s: %w", m.Name, err)
		}
		for line := range strings.Lines(string(page)) {
			var v float64
			if _, err := fmt.Sscanf(line, "etcd_server_leader_changes_seen_total %g", &v); err == nil {
				most = max(most, v)
			}
		}
	}
	return most, nil
}

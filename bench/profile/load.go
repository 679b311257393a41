// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/load/fill"
	"evenkeel.dev/evenkeel/bench/load/nodes"
	"evenkeel.dev/evenkeel/bench/load/swarm"
)

const (
	// readers is how many clients read; informers how many hold all pods, ConfigMaps
	// and Secrets, as a scheduler and controllers do.
	readers, informers = 12, 3
	// largeBytes is the size of a Secret, smallBytes that of a ConfigMap.
	largeBytes, smallBytes = 12 << 10, 1 << 10
	writersAtOnce          = 16
	namespace              = "profile"
)

// reading are gets of a ConfigMap, and of ten requests one list of ten of them.
type reading struct{ class *swarm.Class }

func newReading() *reading {
	return &reading{&swarm.Class{Name: "read", SLO: swarm.SLOObject, Work: 1, Recorder: load.NewRecorder()}}
}

// Classes hold every request.
func (r *reading) Classes() []*swarm.Class { return []*swarm.Class{r.class} }

// Next is the nth request of a user.
func (r *reading) Next(user, n int) swarm.Request {
	ns, _ := fill.PodName(user*7 + n)
	path := "/api/v1/namespaces/" + ns + "/configmaps/settings"
	if n%10 == 9 {
		path = "/api/v1/namespaces/" + ns + "/configmaps?limit=10"
	}
	return swarm.Request{Class: r.class, Method: http.MethodGet, Path: path}
}

// prepare starts the fleet without nodes, and the informers.
func (r *run) prepare(ctx context.Context) (err error) {
	r.fleet, err = nodes.Start(ctx, nodes.Options{
		Admin: r.stage.Tenant.AdminConfig, PodsPerNode: 1, Watching: 0.5, Rate: joining, Churn: 0, Logf: r.Logf,
		ConfigFor: func(node string) (*rest.Config, error) {
			return r.stage.Tenant.ConfigFor("system:node:"+node, []string{"system:nodes"})
		},
	})
	if err != nil {
		return err
	}
	r.reader, err = r.stage.ServiceAccount(ctx, namespace, "reader", []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods", "configmaps", "secrets"}, Verbs: []string{"get", "list", "watch"}},
	})
	if err != nil {
		return err
	}
	configs := make([]*rest.Config, informers)
	for i := range configs {
		configs[i] = r.reader
	}
	all, err := swarm.NewStampede(swarm.StampedeOptions{Configs: configs, Every: time.Hour, Timeout: time.Minute})
	if err != nil {
		return err
	}
	r.running.Go(func() { all.Run(ctx) })
	return nil
}

// reach brings the tenant to a stage's load. What it starts ends with stop.
func (r *run) reach(ctx context.Context, s step) (stop func(), err error) {
	if err := r.objects(ctx, s); err != nil {
		return nil, err
	}
	if err := r.fleet.Grow(ctx, s.Nodes); err != nil {
		return nil, err
	}
	if err := r.fleet.Pack(ctx, s.PodsPerNode, packing); err != nil {
		return nil, err
	}
	if s.Reads == 0 {
		return func() {}, nil
	}
	o := swarm.Options{Mix: newReading(), Pace: swarm.Steady(s.Reads), AtOnce: 4, Timeout: 10 * time.Second}
	for range readers {
		o.Configs = append(o.Configs, r.reader)
	}
	swarm, err := swarm.New(o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		swarm.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}, nil
}

// objects stores what is missing of the ConfigMaps and Secrets.
func (r *run) objects(ctx context.Context, s step) error {
	config := rest.CopyConfig(r.stage.Tenant.AdminConfig)
	config.ContentType = "application/vnd.kubernetes.protobuf"
	c, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("reaching the tenant to store objects: %w", err)
	}
	err = store(ctx, int(r.small.Load()), s.Small, func(ctx context.Context, i int) error {
		ns, _ := fill.PodName(i)
		o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "small-" + strconv.Itoa(i)}, Data: filler(smallBytes)}
		_, err := c.CoreV1().ConfigMaps(ns).Create(ctx, o, metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	r.small.Store(int64(s.Small))
	err = store(ctx, int(r.large.Load()), s.Large, func(ctx context.Context, i int) error {
		ns, _ := fill.PodName(i)
		o := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "large-" + strconv.Itoa(i)}, StringData: filler(largeBytes)}
		_, err := c.CoreV1().Secrets(ns).Create(ctx, o, metav1.CreateOptions{})
		return err
	})
	r.large.Store(int64(s.Large))
	return err
}

// store works for from..to-1 on a bounded number of workers.
func store(ctx context.Context, from, to int, create func(ctx context.Context, i int) error) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(writersAtOnce)
	var failed atomic.Int64
	for i := from; i < to; i++ {
		work.Go(func() error {
			for {
				err := create(ctx, i)
				switch {
				case err == nil || apierrors.IsAlreadyExists(err):
					return nil
				case failed.Add(1) > 100 || ctx.Err() != nil:
					return fmt.Errorf("storing object %d: %w", i, err)
				}
				if err := await.Pass(ctx, 200*time.Millisecond); err != nil {
					return err
				}
			}
		})
	}
	return work.Wait()
}

// filler is data of about so many bytes, in values of ordinary length.
func filler(bytes int) map[string]string {
	data := map[string]string{}
	for i := range bytes / 256 {
		data[fmt.Sprintf("setting-%02d", i)] = strings.Repeat("value of some length; ", 12)[:240]
	}
	return data
}

// quiet waits until the tenant's CPU has come to rest: two stretches of quietStretch one
// after another that differ by little, or until quietWithin has passed.
func (r *run) quiet(ctx context.Context) (float64, error) {
	began, last := time.Now(), math.NaN()
	for {
		from := time.Now()
		if err := await.Pass(ctx, quietStretch); err != nil {
			return 0, err
		}
		a, e1 := r.trace.use(r.trace.apiserver, from, time.Now())
		e, e2 := r.trace.use(r.trace.etcd, from, time.Now())
		if e1 != nil || e2 != nil {
			return 0, fmt.Errorf("waiting for the tenant to come to rest: %w", firstOf(e1, e2))
		}
		now := a.MeanCPU + e.MeanCPU
		if math.Abs(now-last) < 0.1*now+0.01 || time.Since(began) > quietWithin {
			return time.Since(began).Seconds(), nil
		}
		last = now
	}
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

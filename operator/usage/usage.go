// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package usage asks the host cluster what its pods use: the resource metrics API, which
// metrics-server serves. It is asked once for all pods, and each pod's last sample is
// kept; what was not told lately is not told on.
package usage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	path = "/apis/metrics.k8s.io/v1beta1/pods"
	// askEvery is how often is asked: metrics-server looks every 15 to 60 s itself.
	askEvery = 15 * time.Second
	// answerWithin and answerLargest bound an answer. A pod takes some 500 bytes.
	answerWithin  = 20 * time.Second
	answerLargest = 256 << 20
	// keepFor is how old a sample may be.
	keepFor = 5 * time.Minute
)

// Reader keeps what pods use.
type Reader struct {
	client rest.Interface
	now    func() time.Time
	// largest is how many bytes of an answer are read.
	largest int64

	mu    sync.RWMutex
	seen  map[key]sizing.Usage
	fault *plane.Fault
}

type key struct{ namespace, pod, container string }

// New reads through a client of the host cluster.
func New(client rest.Interface, now func() time.Time) *Reader {
	return &Reader{client: client, now: now, largest: answerLargest, fault: &plane.Fault{
		Reason: v1alpha1.ReasonUsageUnknown, Message: "the host cluster has not been asked yet what its pods use",
	}}
}

// Start asks until ctx ends. It is a Runnable of a manager.
func (r *Reader) Start(ctx context.Context) error {
	every := time.NewTicker(askEvery)
	defer every.Stop()
	for {
		r.Ask(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// Of is what a container used last; ok is false where that is not known.
func (r *Reader) Of(namespace, pod, container string) (u sizing.Usage, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	u, ok = r.seen[key{namespace, pod, container}]
	return u, ok && r.now().Sub(u.At) < keepFor
}

// Fault is why the last time of asking failed; nil when it did not.
func (r *Reader) Fault() *plane.Fault {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.fault
}

// Ask asks once. What was seen before is kept when the answer fails.
func (r *Reader) Ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	seen, err := r.read(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault = faultOf(err); err == nil {
		r.seen = seen
	}
}

func (r *Reader) read(ctx context.Context) (map[key]sizing.Usage, error) {
	body, err := r.client.Get().AbsPath(path).SetHeader("Accept", "application/json").Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	seen := map[key]sizing.Usage{}
	limited := &io.LimitedReader{R: body, N: r.largest}
	err = each(limited, func(m *metricsv1beta1.PodMetrics) {
		for _, c := range m.Containers {
			seen[key{m.Namespace, m.Name, c.Name}] = sizing.Usage{
				At:     m.Timestamp.Time,
				CPU:    c.Usage.Cpu().AsApproximateFloat64(),
				Memory: c.Usage.Memory().AsApproximateFloat64(),
			}
		}
	})
	if err != nil && limited.N <= 0 {
		err = fmt.Errorf("the answer is larger than %d bytes", r.largest)
	}
	return seen, err
}

// errForm is an answer that is no list of pods' metrics.
var errForm = errors.New("the answer is no list of PodMetrics")

// each reads a list item by item, so that a host cluster's whole list is never held.
func each(body io.Reader, take func(*metricsv1beta1.PodMetrics)) error {
	d := json.NewDecoder(body)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errForm, err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return errors.Join(errForm, err)
		}
		if name != "items" {
			var other json.RawMessage
			if err := d.Decode(&other); err != nil {
				return errors.Join(errForm, err)
			}
			continue
		}
		if t, err := d.Token(); err != nil || t != json.Delim('[') {
			return errors.Join(errForm, err)
		}
		for d.More() {
			var m metricsv1beta1.PodMetrics
			if err := d.Decode(&m); err != nil {
				return errors.Join(errForm, err)
			}
			take(&m)
		}
		if _, err := d.Token(); err != nil {
			return errors.Join(errForm, err)
		}
	}
	// What ends before its end is not whole.
	if t, err := d.Token(); err != nil || t != json.Delim('}') {
		return errors.Join(errForm, err)
	}
	return nil
}

// faultOf says what to do about an answer that failed; nil for none.
func faultOf(err error) *plane.Fault {
	if err == nil {
		return nil
	}
	f := &plane.Fault{Reason: v1alpha1.ReasonUsageUnknown}
	switch {
	case apierrors.IsNotFound(err):
		f.Message = "the host cluster has no metrics.k8s.io: install metrics-server, so that it is known what the containers use"
	case apierrors.IsForbidden(err):
		f.Message = "the operator may not list pods of metrics.k8s.io: grant it (manifests/rbac/operator.yaml)"
	case apierrors.IsServiceUnavailable(err):
		f.Message = "metrics.k8s.io does not answer: look at metrics-server and its APIService"
	default:
		f.Message = fmt.Sprintf("reading what pods use from metrics.k8s.io: %v", err)
	}
	return f
}

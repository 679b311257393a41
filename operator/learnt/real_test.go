// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package learnt_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/hosttest"
	"evenkeel.dev/evenkeel/operator/learnt"
)

// host is the server of the package's tests.
var host client.Client

func TestMain(m *testing.M) {
	hosttest.MainWith(m, &host, func() (hosttest.Kinds, error) {
		return hosttest.Kinds{
			Add:  []func(*runtime.Scheme) error{v1alpha1.AddToScheme},
			CRDs: []string{filepath.Join("..", "..", "manifests", "crd")},
		}, nil
	})
}

// history is what was learnt of a container, with a mark by which it is known again.
func history(name, mark string) *v1alpha1.UsageHistory {
	return &v1alpha1.UsageHistory{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, Labels: map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy}},
		Saved:      &metav1.Time{Time: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)},
		Containers: []v1alpha1.ContainerHistory{{Of: "web", Container: "app", CPU: mark, Memory: mark}},
		Memory:     mark,
	}
}

func kept(t *testing.T, name string) *v1alpha1.UsageHistory {
	t.Helper()
	h := &v1alpha1.UsageHistory{}
	if err := host.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: name}, h); err != nil {
		t.Fatal(err)
	}
	return h
}

// It is made, and then written over; what somebody else has added to it stays.
func TestPut(t *testing.T) {
	for _, mark := range []string{"first", "second"} {
		h := history("put", mark)
		if err := learnt.Put(t.Context(), host, host, h); err != nil {
			t.Fatal(err)
		}
		is := kept(t, "put")
		if is.Memory != mark || len(is.Containers) != 1 || is.Containers[0].CPU != mark || !is.Saved.Time.Equal(h.Saved.Time) || is.Labels[v1alpha1.ManagedByLabel] == "" {
			t.Errorf("%s: %+v", mark, is)
		}
		if mark == "second" {
			if is.Labels["somebody"] != "else" {
				t.Errorf("a label of somebody else is gone: %v", is.Labels)
			}
			continue
		}
		before := is.DeepCopy()
		is.Labels["somebody"] = "else"
		if err := host.Patch(t.Context(), is, client.MergeFrom(before)); err != nil {
			t.Fatal(err)
		}
	}
}

// meanwhile does something after each read.
type meanwhile struct {
	client.Reader
	do func()
}

func (m meanwhile) Get(ctx context.Context, key client.ObjectKey, o client.Object, how ...client.GetOption) error {
	err := m.Reader.Get(ctx, key, o, how...)
	m.do()
	return err
}

// What somebody deletes in between is made anew: it is the history of days.
func TestPutWhileSomebodyDeletes(t *testing.T) {
	if err := learnt.Put(t.Context(), host, host, history("deleted", "first")); err != nil {
		t.Fatal(err)
	}
	reader := meanwhile{host, func() {
		if err := host.Delete(t.Context(), history("deleted", "")); err != nil {
			t.Fatal(err)
		}
	}}
	if err := learnt.Put(t.Context(), host, reader, history("deleted", "second")); err != nil {
		t.Fatal(err)
	}
	if is := kept(t, "deleted"); is.Memory != "second" {
		t.Errorf("%+v", is)
	}
}

// Two that make it at once do not write over each other, and the second says so.
func TestPutWhileSomebodyCreates(t *testing.T) {
	reader := meanwhile{host, func() {
		if err := host.Create(t.Context(), history("created", "theirs")); err != nil {
			t.Fatal(err)
		}
	}}
	err := learnt.Put(t.Context(), host, reader, history("created", "mine"))
	if !apierrors.IsAlreadyExists(err) || !strings.Contains(err.Error(), "creating UsageHistory default/created") {
		t.Errorf("it says %v", err)
	}
	if is := kept(t, "created"); is.Memory != "theirs" {
		t.Errorf("%+v", is)
	}
}

// What is not taken says of which object.
func TestPutThatIsRefused(t *testing.T) {
	h := history("refused", "first")
	h.Namespace = "nowhere"
	if err := learnt.Put(t.Context(), host, host, h); err == nil || !strings.Contains(err.Error(), "UsageHistory nowhere/refused") {
		t.Errorf("it says %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := learnt.Put(ctx, host, host, h); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "reading UsageHistory nowhere/refused") {
		t.Errorf("it says %v", err)
	}
}

// The first writes of a fleet are spread over the hour, and each one's stays where it is.
func TestFirst(t *testing.T) {
	now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	const parts, all = 12, 1200
	var each [parts]int
	for i := range all {
		of := fmt.Sprintf("tenant-%d", i)
		ago := now.Sub(learnt.First(of, now))
		if ago < 0 || ago >= learnt.Every || ago != now.Sub(learnt.First(of, now)) {
			t.Fatalf("%s counts as written %s ago", of, ago)
		}
		each[ago*parts/learnt.Every]++
	}
	for part, n := range each {
		if n < all/parts/2 || n > 2*all/parts {
			t.Errorf("%d of %d are in five minutes, the %dth: %v", n, all, part, each)
		}
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// watchPods gives every pod bound to this node to a worker of its own. It returns
// when those that are there now are known.
func (a *Agent) watchPods(ctx, running context.Context) error {
	mine := fields.OneTermEqualSelector("spec.nodeName", a.o.Name).String()
	factory := informers.NewSharedInformerFactoryWithOptions(a.client, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.FieldSelector = mine
	}))
	informer := factory.Core().V1().Pods().Informer()
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { a.seen(running, object) },
		UpdateFunc: func(before, object any) {
			old, isPod := before.(*corev1.Pod)
			if now, ok := object.(*corev1.Pod); ok && isPod && now.UID != old.UID {
				a.vanished(old)
			}
			a.seen(running, object)
		},
		DeleteFunc: func(object any) {
			if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			if pod, ok := object.(*corev1.Pod); ok {
				a.vanished(pod)
			}
		},
	})
	if err != nil {
		return err
	}
	a.tasks.Go(func() { informer.RunWithContext(running) })
	if !cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		return errors.New("the pods of this node could not be listed in time")
	}
	a.forget(informer.GetStore().List())
	return nil
}

func (a *Agent) seen(running context.Context, object any) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return
	}
	if w := a.worker(running, pod); w != nil {
		w.update(pod)
	}
}

// vanished tells the worker that the object is gone. Until then a worker that is
// done stays known, so that a late update does not start the pod again.
func (a *Agent) vanished(pod *corev1.Pod) {
	a.mu.Lock()
	w, ok := a.workers[pod.UID]
	if ok && w.finished() {
		a.bury(w)
	}
	a.mu.Unlock()
	if ok {
		w.vanish()
	}
}

// settle removes a worker that is done from those that are known, when its
// object is gone.
func (a *Agent) settle(w *worker) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if gone, _ := w.fate(); gone {
		a.bury(w)
	}
}

func (a *Agent) bury(w *worker) {
	uid := w.current().UID
	if a.workers[uid] != w {
		return
	}
	delete(a.workers, uid)
	w.mu.Lock()
	a.spent += w.spent
	w.mu.Unlock()
}

// forget removes the folders of pods that are gone since an earlier life of the
// node.
func (a *Agent) forget(objects []any) {
	known := map[string]bool{}
	for _, object := range objects {
		if pod, ok := object.(*corev1.Pod); ok {
			known[string(pod.UID)] = true
		}
	}
	entries, err := os.ReadDir(a.mounter.Dir)
	if err != nil {
		a.o.Logf("node %s: looking for folders of earlier pods: %v", a.o.Name, err)
	}
	for _, e := range entries {
		// A folder that is new belongs to a pod that came meanwhile.
		if info, err := e.Info(); known[e.Name()] || err != nil || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		if err := a.mounter.TearDown(types.UID(e.Name())); err != nil {
			a.o.Logf("node %s: %v", a.o.Name, err)
		}
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/learnt"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

// recallSizes reads what an operator before this one had learnt, once. Until it is read
// nothing is learnt anew, or that would be written over it.
func (p *pass) recallSizes(ctx context.Context) {
	defer func() { p.snapshot.Sizes.Recalled = p.kept.sizesRecalled }()
	if p.kept.sizesRecalled {
		return
	}
	var h v1alpha1.UsageHistory
	err := p.r.Host.Get(ctx, client.ObjectKeyFromObject(p.cpp), &h)
	switch {
	case apierrors.IsNotFound(err):
		p.kept.sizesRecalled, p.kept.sizesSaved = true, learnt.First(string(p.cpp.UID), p.now)
		return
	case err != nil:
		log.FromContext(ctx).Error(err, "What was learnt of sizes cannot be read yet")
		return
	}
	p.kept.sizesRecalled, p.kept.sizesSaved = true, learnt.Last(&h, string(p.cpp.UID), p.now)
	p.snapshot.Sizes.Kept = map[sizing.Component]sizing.Container{}
	for _, c := range h.Containers {
		of := sizing.Component(c.Of)
		kept, err := sizing.LoadContainer(of, []byte(c.CPU), []byte(c.Memory))
		if err != nil {
			log.FromContext(ctx).Error(err, "What was learnt of a size is passed over, and learnt anew", "of", c.Of)
			continue
		}
		p.snapshot.Sizes.Kept[of] = kept
	}
	if h.Memory == "" {
		return
	}
	if p.snapshot.Sizes.KeptWeek, err = sizing.LoadWeek([]byte(h.Memory)); err != nil {
		log.FromContext(ctx).Error(err, "What was carried in the hours of a week is passed over, and learnt anew")
	}
}

// saveSizes writes down what was learnt of sizes, once an hour. It fails no pass.
func (p *pass) saveSizes(ctx context.Context) error {
	containers := p.kept.memory.Sizes.Containers
	if !p.kept.sizesRecalled || len(containers) == 0 || p.now.Sub(p.kept.sizesSaved) < learnt.Every {
		return nil
	}
	p.kept.sizesSaved = p.now
	if err := p.writeSizes(ctx, containers); err != nil {
		log.FromContext(ctx).Error(err, "What was learnt of sizes is not written; it is tried again in an hour")
	}
	return nil
}

func (p *pass) writeSizes(ctx context.Context, containers map[sizing.Component]sizing.Container) error {
	h := &v1alpha1.UsageHistory{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "UsageHistory"},
		ObjectMeta: metav1.ObjectMeta{Namespace: p.cpp.Namespace, Name: p.cpp.Name, Labels: map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy}},
		Saved:      &metav1.Time{Time: p.now.Truncate(time.Second)},
	}
	if err := controllerutil.SetControllerReference(p.cpp, h, p.r.Client.Scheme()); err != nil {
		return fmt.Errorf("making the UsageHistory %s/%s the profile's: %w", h.Namespace, h.Name, err)
	}
	for _, of := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
		c, known := containers[of]
		if !known {
			continue
		}
		cpu, memory, err := c.Save()
		if err != nil {
			return fmt.Errorf("writing down what %s of %s/%s has used: %w", of, h.Namespace, h.Name, err)
		}
		name := p.cpp.Spec.APIServer.Container
		if of == sizing.Etcd && p.cpp.Spec.Etcd != nil {
			name = p.cpp.Spec.Etcd.Container
		}
		h.Containers = append(h.Containers, v1alpha1.ContainerHistory{Of: string(of), Container: name, CPU: string(cpu), Memory: string(memory)})
	}
	week, err := p.kept.memory.Sizes.Week.Save()
	if err != nil {
		return fmt.Errorf("writing down what %s/%s has carried: %w", h.Namespace, h.Name, err)
	}
	h.Memory = string(week)
	return learnt.Put(ctx, p.r.Client, p.r.Host, h)
}

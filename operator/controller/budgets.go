// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/actuate/answer"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/sizing"
)

const (
	// budgetsWithin bounds the reading of disruption budgets. A cache that may not list
	// them never has them, and says nothing of why.
	budgetsWithin = 2 * time.Second
	// budgetsAgain is how long it is not tried again, by any control plane.
	budgetsAgain = time.Minute
	// mostBudgets bounds those that are told of one component.
	mostBudgets = 16
)

// budgetsFault is why disruption budgets could not be read, and when; all control planes
// share it.
type budgetsFault struct {
	mu    sync.Mutex
	at    time.Time
	fault *plane.Fault
}

// seeBudgets sees the disruption budgets over the pods, which are given by component.
func (p *pass) seeBudgets(ctx context.Context, pods map[sizing.Component][]corev1.Pod) {
	all, fault := p.readBudgets(ctx)
	host := &p.snapshot.Host
	host.BudgetsFault = fault
	for i := range all {
		for _, c := range []sizing.Component{sizing.APIServer, sizing.Etcd} {
			if b := budgetOver(&all[i], c, pods[c]); b.Covers > 0 && len(host.Budgets) < 2*mostBudgets {
				host.Budgets = append(host.Budgets, b)
			}
		}
	}
	slices.SortStableFunc(host.Budgets, func(a, b plane.DisruptionBudget) int { return strings.Compare(a.Name, b.Name) })
}

// readBudgets are those of the namespace.
func (p *pass) readBudgets(ctx context.Context) ([]policyv1.PodDisruptionBudget, *plane.Fault) {
	down := &p.r.fleet.budgets
	down.mu.Lock()
	fault, at := down.fault, down.at
	down.mu.Unlock()
	if fault != nil && p.now.Sub(at) < budgetsAgain {
		return nil, fault
	}
	ctx, cancel := context.WithTimeout(ctx, 2*budgetsWithin)
	defer cancel()
	var list policyv1.PodDisruptionBudgetList
	if fault != nil {
		fault = p.mayListBudgets(ctx) // before the cache is waited for again
	}
	if fault == nil {
		fault = p.listBudgets(ctx, &list)
	}
	down.mu.Lock()
	down.fault, down.at = fault, p.now
	down.mu.Unlock()
	return list.Items, fault
}

func (p *pass) listBudgets(ctx context.Context, list *policyv1.PodDisruptionBudgetList) *plane.Fault {
	soon, cancel := context.WithTimeout(ctx, budgetsWithin)
	defer cancel()
	err := p.r.Client.List(soon, list, client.InNamespace(p.cpp.Namespace))
	if err == nil {
		return nil
	}
	if fault := p.mayListBudgets(ctx); fault != nil {
		return fault
	}
	return budgetsUnread(err)
}

// mayListBudgets asks the API itself whether it has them and gives them; nil when it does.
func (p *pass) mayListBudgets(ctx context.Context) *plane.Fault {
	var one policyv1.PodDisruptionBudgetList
	switch err := p.r.Host.List(ctx, &one, client.InNamespace(p.cpp.Namespace), client.Limit(1)); {
	case err == nil:
		return nil
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
		return &plane.Fault{Reason: v1alpha1.ReasonPlacesUnknown, Message: "the host cluster has no PodDisruptionBudgets of policy/v1"}
	case apierrors.IsForbidden(err):
		return &plane.Fault{
			Reason:  v1alpha1.ReasonAccessDenied,
			Message: "the operator may not list PodDisruptionBudgets: grant it (manifests/rbac/operator.yaml)",
		}
	default:
		return budgetsUnread(err)
	}
}

// budgetsUnread names no namespace: the fault is all control planes', which are not to be
// told of each other.
func budgetsUnread(err error) *plane.Fault {
	if asked, ok := errors.AsType[*url.Error](err); ok { // which has the namespace in its path
		err = asked.Err
	}
	return &plane.Fault{Reason: v1alpha1.ReasonPlacesUnknown, Message: "PodDisruptionBudgets are not read yet: " + answer.Short(err)}
}

// budgetOver is a budget as far as it is over a component's pods, with its controller's
// counts. They are 0 while it has not counted what the budget asks for now.
func budgetOver(o *policyv1.PodDisruptionBudget, c sizing.Component, pods []corev1.Pod) plane.DisruptionBudget {
	b := plane.DisruptionBudget{Name: o.Name, Component: c, Rule: ruleOf(o)}
	selector, err := metav1.LabelSelectorAsSelector(o.Spec.Selector)
	if err != nil {
		return b
	}
	for i := range pods {
		if selector.Matches(k8slabels.Set(pods[i].Labels)) {
			b.Covers++
		}
	}
	if s := o.Status; s.ObservedGeneration == o.Generation {
		b.Allowed, b.Expected, b.Healthy, b.Desired = int(s.DisruptionsAllowed), int(s.ExpectedPods), int(s.CurrentHealthy), int(s.DesiredHealthy)
	}
	return b
}

func ruleOf(o *policyv1.PodDisruptionBudget) string {
	switch s := o.Spec; {
	case s.MaxUnavailable != nil:
		return "maxUnavailable: " + s.MaxUnavailable.String()
	case s.MinAvailable != nil:
		return "minAvailable: " + s.MinAvailable.String()
	default:
		return "neither maxUnavailable nor minAvailable"
	}
}

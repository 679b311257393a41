// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/evenkeel/bench/load/fill"
	"evenkeel.dev/evenkeel/bench/load/swarm"
	"evenkeel.dev/evenkeel/bench/scenario"
)

const (
	// group is that of all clients.
	group = "evenkeel-scale"
	// clients is how many there are, with a connection each, and atOnce how many requests
	// one of them has on their way at the most: so much of the load is open loop.
	clients, atOnce = 48, 10
	timeout         = 10 * time.Second
)

// critical are the loads by which the SLO is judged: nodes that renew their Leases and a
// controller that reads. They stay as they are in the step.
var critical = scenario.Victims{LeaseRenewals: 10, Gets: 5}

// rules are what the clients may do.
var rules = []rbacv1.PolicyRule{
	{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list"}},
	{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list", "patch"}},
}

// fill stores what the loads read, and grants the clients their rights.
func (r *run) fill(ctx context.Context) error {
	if err := fill.Run(ctx, fill.Options{Config: r.stage.Tenant.AdminConfig, Pods: small.Pods, PodBytes: small.PodBytes, Nodes: small.Leases}); err != nil {
		return err
	}
	c, err := kubernetes.NewForConfig(r.stage.Tenant.AdminConfig)
	if err != nil {
		return fmt.Errorf("preparing the clients: %w", err)
	}
	meta := metav1.ObjectMeta{Name: group}
	if _, err := c.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("granting the clients their rights: %w", err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: group},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: group}},
	}
	if _, err := c.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("granting the clients their rights: %w", err)
	}
	for i := range clients {
		namespace, name := swarm.CrowdObject(i)
		_, err := c.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating Namespace %s: %w", namespace, err)
		}
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"n": "0"}}
		if _, err := c.CoreV1().ConfigMaps(namespace).Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("creating ConfigMap %s/%s: %w", namespace, name, err)
		}
	}
	return nil
}

// crowd are the clients, of whom none is to blame: gets, lists of pages, and patches of an
// object of one's own. Their requests become four times as many after the warm-up.
func (r *run) crowd() (*swarm.Swarm, error) {
	o := swarm.Options{
		Mix: swarm.NewCrowd(small.Pods), AtOnce: atOnce, Timeout: timeout,
		Pace: swarm.Pace{Steps: []swarm.Step{{Rate: r.Rate, For: r.Warm}, {Rate: step * r.Rate, For: r.Hold}}},
	}
	for i := range clients {
		c, err := r.stage.Tenant.ConfigFor(fmt.Sprintf("client-%03d", i), []string{group})
		if err != nil {
			return nil, err
		}
		o.Configs = append(o.Configs, c)
	}
	return swarm.New(o)
}

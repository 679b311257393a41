// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"context"
	"fmt"
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BalancerService is the Service of type LoadBalancer whose address is the balancer's, as a
// cloud would have it.
const BalancerService = "kube-apiserver-public"

// BalancerPort is where the balancer listens.
func (t *Tenant) BalancerPort() (int32, error) {
	_, text, err := net.SplitHostPort(t.balancer.Address())
	if err != nil {
		return 0, fmt.Errorf("finding the balancer's port: %w", err)
	}
	port, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("finding the balancer's port: %w", err)
	}
	return int32(port), nil
}

// publish makes the Service of the balancer, and gives it the address that it has.
func (t *Tenant) publish(ctx context.Context) error {
	host, _, err := net.SplitHostPort(t.balancer.Address())
	if err != nil {
		return fmt.Errorf("publishing the balancer of %s: %w", t.options.Namespace, err)
	}
	port, err := t.BalancerPort()
	if err != nil {
		return err
	}
	services := t.host.CoreV1().Services(t.options.Namespace)
	s, err := services.Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: BalancerService},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeLoadBalancer, AllocateLoadBalancerNodePorts: new(bool),
			Ports: []corev1.ServicePort{{Name: "https", Port: port}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("publishing the balancer of %s: %w", t.options.Namespace, err)
	}
	s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: host}}
	if _, err := services.UpdateStatus(ctx, s, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("publishing the address of the balancer of %s: %w", t.options.Namespace, err)
	}
	return nil
}

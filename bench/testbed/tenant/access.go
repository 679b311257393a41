// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/testbed/pki"
)

// tokenLife is how long a service account's token is good for: longer than a run.
const tokenLife = 6 * time.Hour

// Replica is one apiserver or one etcd member.
type Replica struct {
	// Name is the pod's, Node and Zone where it runs.
	Name, UID, Node, Zone string
	// Address is its own, "127.81.0.3:6443".
	Address string
	// Restarts counts its containers'.
	Restarts int32
	Ready    bool
}

// Replicas are the apiservers, sorted by name.
func (t *Tenant) Replicas(ctx context.Context) ([]Replica, error) {
	return t.pods(ctx, "kube-apiserver", securePort)
}

// Members are the etcds, sorted by name.
func (t *Tenant) Members(ctx context.Context) ([]Replica, error) { return t.pods(ctx, "etcd", 2379) }

func (t *Tenant) pods(ctx context.Context, name string, port int) ([]Replica, error) {
	zones, err := t.zones(ctx)
	if err != nil {
		return nil, err
	}
	pods, err := t.host.CoreV1().Pods(t.options.Namespace).
		List(ctx, metav1.ListOptions{LabelSelector: selector(name, t.options.Name)})
	if err != nil {
		return nil, fmt.Errorf("listing the pods of %s/%s: %w", t.options.Namespace, name, err)
	}
	all := make([]Replica, 0, len(pods.Items))
	for i := range pods.Items { // listed in the order of their names
		p := &pods.Items[i]
		r := Replica{Name: p.Name, UID: string(p.UID), Node: p.Spec.NodeName, Zone: zones[p.Spec.NodeName]}
		if p.Status.PodIP != "" {
			r.Address = net.JoinHostPort(p.Status.PodIP, strconv.Itoa(port))
		}
		for _, s := range p.Status.ContainerStatuses {
			r.Restarts += s.RestartCount
		}
		r.Ready = trouble(p) == ""
		all = append(all, r)
	}
	return all, nil
}

func (t *Tenant) zones(ctx context.Context) (map[string]string, error) {
	nodes, err := t.host.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("listing the host's nodes: %w", err)
	}
	zones := map[string]string{}
	for _, n := range nodes.Items {
		zones[n.Name] = n.Labels[corev1.LabelTopologyZone]
	}
	return zones, nil
}

// ConfigFor is the way of a user of the tenant through the balancer, with a
// client certificate made for it.
func (t *Tenant) ConfigFor(user string, groups []string) (*rest.Config, error) {
	pair, err := t.CA.Issue(pki.Request{CommonName: user, Organizations: groups, Client: true})
	if err != nil {
		return nil, fmt.Errorf("issuing the certificate of user %s: %w", user, err)
	}
	c := t.through()
	c.CertData, c.KeyData = pair.CertPEM, pair.KeyPEM
	return c, nil
}

// through is an anonymous way through the balancer.
func (t *Tenant) through() *rest.Config {
	return &rest.Config{
		Host: t.BalancerURL,
		TLSClientConfig: rest.TLSClientConfig{
			CAData: t.CA.PEM(), ServerName: serverName(t.options.Namespace),
		},
		QPS: -1, // the server's own limits are what is measured
	}
}

// ReplicaConfig is the administrator's way to one replica at its own address,
// verified by the server's name.
func (t *Tenant) ReplicaConfig(r Replica) *rest.Config {
	c := rest.CopyConfig(t.AdminConfig)
	c.Host = "https://" + r.Address
	return c
}

// ServiceAccountConfig is the way of a service account of the tenant through the
// balancer, with a real token. Namespace and account are made where they do not
// exist; they have no rights but those that are given to them.
func (t *Tenant) ServiceAccountConfig(ctx context.Context, namespace, name string) (*rest.Config, error) {
	c, err := kubernetes.NewForConfig(t.AdminConfig)
	if err != nil {
		return nil, fmt.Errorf("reaching the tenant's API: %w", err)
	}
	if err := makeAccount(ctx, c, namespace, name); err != nil {
		return nil, err
	}
	seconds := int64(tokenLife.Seconds())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	token, err := c.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("requesting a token of ServiceAccount %s/%s: %w", namespace, name, err)
	}
	config := t.through()
	config.BearerToken = strings.TrimSpace(token.Status.Token)
	return config, nil
}

// makeAccount creates a ServiceAccount, and its namespace with the default one.
func makeAccount(ctx context.Context, c kubernetes.Interface, namespace, name string) error {
	_, err := c.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating Namespace %s of the tenant: %w", namespace, err)
	}
	for _, account := range []string{"default", name} {
		_, err := c.CoreV1().ServiceAccounts(namespace).Create(ctx,
			&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account}}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating ServiceAccount %s/%s of the tenant: %w", namespace, account, err)
		}
	}
	return nil
}

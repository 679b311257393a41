// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (b *bed) wantLogsAndUsage(ctx context.Context, t *testing.T, p *corev1.Pod) {
	t.Helper()
	log, err := b.client.CoreV1().Pods("default").GetLogs(p.Name, &corev1.PodLogOptions{TailLines: new(int64(1))}).DoRaw(ctx)
	if err != nil || !strings.HasPrefix(string(log), "serving at "+p.Status.PodIP) {
		t.Errorf("its log says %q, %v", log, err)
	}
	page := b.usagePage(ctx, t, p.Spec.NodeName)
	for _, metric := range []string{"container_memory_working_set_bytes", "container_cpu_usage_seconds_total", "container_start_time_seconds"} {
		if want := fmt.Sprintf(`%s{container="app",namespace="default",pod=%q} `, metric, p.Name); !strings.Contains(page, want) {
			t.Errorf("/metrics/resource has no %s:\n%s", want, page)
		}
	}
}

// usagePage reads a node's /metrics/resource as metrics-server does: by the token
// of a service account that may get nodes/metrics.
func (b *bed) usagePage(ctx context.Context, t *testing.T, name string) string {
	t.Helper()
	n, err := b.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := b.client.CoreV1().ServiceAccounts("default").CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(b.host.CA.PEM())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	get := func(bearer string) (int, string) {
		url := fmt.Sprintf("https://%s:%d/metrics/resource", n.Status.Addresses[0].Address, n.Status.DaemonEndpoints.KubeletEndpoint.Port)
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if bearer != "" {
			request.Header.Set("Authorization", "Bearer "+bearer)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	if code, body := get(""); code != http.StatusUnauthorized {
		t.Errorf("nobody gets %d: %s", code, body)
	}
	if code, body := get("not.a.token"); code != http.StatusUnauthorized {
		t.Errorf("a wrong token gets %d: %s", code, body)
	}
	role := metav1.ObjectMeta{Name: "usage"}
	_, err = b.client.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: role, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes/metrics"}, Verbs: []string{"get"}},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: role, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "default", Name: "default"}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	code, page := get(token.Status.Token)
	if code != http.StatusOK {
		t.Fatalf("who may get nodes/metrics gets %d: %s", code, page)
	}
	return page
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"os"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"
)

const self = "system:serviceaccount:evenkeel-system:evenkeel"

// newHost is a real kube-apiserver with the rights that are shipped for the operator.
func newHost(t *testing.T) (admin, operator *kubernetes.Clientset) {
	t.Helper()
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		t.Fatal("KUBEBUILDER_ASSETS is not set: run `make test`, which builds the upstream servers first")
	}
	env := &envtest.Environment{}
	config, err := env.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	set := func(c *rest.Config) *kubernetes.Clientset {
		s, err := kubernetes.NewForConfig(c)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	as := rest.CopyConfig(config)
	as.Impersonate.UserName = self
	admin, operator = set(config), set(as)
	shipped, err := os.ReadFile("../../manifests/rbac/operator.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(string(shipped), "\n---\n") {
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal([]byte(document), &role); err != nil || role.Kind != "ClusterRole" {
			continue
		}
		if _, err := admin.RbacV1().ClusterRoles().Create(t.Context(), &role, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	bind := rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "evenkeel"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "evenkeel"},
		Subjects: []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: self}},
	}
	if _, err := admin.RbacV1().ClusterRoleBindings().Create(t.Context(), &bind, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	return admin, operator
}

// account is a service account with a right, and its token. The right is of a namespace, or
// of all where that is empty; of one name, where names are given; and none without verbs.
func account(t *testing.T, admin *kubernetes.Clientset, name, namespace string, verbs []string, names ...string) string {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := admin.CoreV1().ServiceAccounts("default").Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	must(err)
	if len(verbs) > 0 {
		rules := []rbacv1.PolicyRule{{APIGroups: []string{"evenkeel.dev"}, Resources: []string{"controlplaneprofiles"}, Verbs: verbs, ResourceNames: names}}
		_, err = admin.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}, metav1.CreateOptions{})
		must(err)
		ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name}
		subjects := []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: "default", Name: name}}
		if namespace == "" {
			_, err = admin.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: ref, Subjects: subjects}, metav1.CreateOptions{})
		} else {
			_, err = admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
			if err == nil || strings.Contains(err.Error(), "already exists") {
				_, err = admin.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: ref, Subjects: subjects}, metav1.CreateOptions{})
			}
		}
		must(err)
	}
	token, err := admin.CoreV1().ServiceAccounts("default").CreateToken(ctx, name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	must(err)
	return token.Status.Token
}

// Who sees what is what the host cluster says, by real tokens and real rights; the operator
// asks with the rights that are shipped.
func TestWhoSeesWhat(t *testing.T) {
	admin, operator := newHost(t)
	c := config(&reader{profiles: fleet(3)}, nil)
	c.Tokens, c.Access = operator.AuthenticationV1().TokenReviews(), operator.AuthorizationV1().SubjectAccessReviews()
	server := serve(t, c)
	view := []string{"get", "list", "watch"}
	const acmePage, other = "/cp/tenant-acme/acme", "/cp/tenant-borealis/borealis"
	for name, one := range map[string]struct {
		token string
		// sees are the control planes of the fleet, statuses those of the pages of acme, of
		// borealis, and of one that is not there.
		sees     []string
		statuses [4]int
	}{
		"the platform's":  {account(t, admin, "platform", "", view), []string{"acme", "borealis", "contoso"}, [4]int{200, 200, 200, 404}},
		"a tenant's":      {account(t, admin, "tenant", "tenant-acme", view), []string{"acme"}, [4]int{200, 200, 403, 403}},
		"of one name":     {account(t, admin, "named", "tenant-acme", []string{"get"}, "acme"), nil, [4]int{200, 200, 403, 403}},
		"lists alone":     {account(t, admin, "lists", "tenant-acme", []string{"list"}), []string{"acme"}, [4]int{200, 403, 403, 403}},
		"nobody's":        {account(t, admin, "nobody", "", nil), nil, [4]int{200, 403, 403, 403}},
		"no token at all": {"", nil, [4]int{401, 401, 401, 401}},
		"made up":         {"eyJhbGciOiJub25lIn0.e30.", nil, [4]int{401, 401, 401, 401}},
	} {
		t.Run(name, func(t *testing.T) {
			headers := []string{"Authorization", "Bearer " + one.token}
			for i, path := range []string{"/", acmePage, other, "/cp/tenant-nobody/nothing"} {
				got := do(t, server, "GET", path, "", headers...)
				if got.status != one.statuses[i] {
					t.Errorf("%s answers with %d, want %d", path, got.status, one.statuses[i])
				}
				for _, p := range fleet(3) {
					want := false
					for _, s := range one.sees {
						want = want || s == p.Name
					}
					if there := strings.Contains(got.body, p.Name); i == 0 && there != want || got.status != 200 && there {
						t.Errorf("%s shows %s: %v", path, p.Name, there)
					}
				}
			}
			for _, path := range []string{"/live" + other, other + "/report", other + "/report.csv", other + "/report.json"} {
				if got := do(t, server, "GET", path, "", headers...); got.status != one.statuses[2] {
					t.Errorf("%s answers with %d, want %d", path, got.status, one.statuses[2])
				}
			}
		})
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"evenkeel.dev/evenkeel/operator/access"
)

// realServer is a kube-apiserver that the tests share. It is started by the first
// that asks for it.
type realServer struct {
	env     *envtest.Environment
	address string
	admin   client.Client
	agent   *rest.Config
	// access is of the user evenkeel, who may read what tenants are to grant;
	// stranger's may read nothing.
	access, stranger *access.Access
}

// shared holds the one server; TestMain stops it.
var shared struct {
	once   sync.Once
	server *realServer
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping kube-apiserver:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

func real(tb testing.TB) *realServer {
	tb.Helper()
	shared.once.Do(func() { shared.server, shared.err = startServer() })
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.server
}

func startServer() (*realServer, error) {
	if os.Getenv("KUBEBUILDER_ASSETS") == "" {
		return nil, errors.New("KUBEBUILDER_ASSETS is not set: run the tests with make test, which builds kube-apiserver and etcd")
	}
	s := &realServer{env: &envtest.Environment{}}
	config, err := s.env.Start()
	if err != nil {
		return nil, fmt.Errorf("starting kube-apiserver: %w", err)
	}
	s.address = strings.Trim(strings.TrimPrefix(config.Host, "https:"), "/")
	if err := s.prepare(config); err != nil {
		return nil, errors.Join(err, s.env.Stop())
	}
	return s, nil
}

func (s *realServer) prepare(config *rest.Config) error {
	var err error
	if s.admin, err = client.New(config, client.Options{Scheme: clientgoscheme.Scheme}); err != nil {
		return err
	}
	agent, err := s.env.AddUser(envtest.User{Name: "agent"}, nil)
	if err != nil {
		return err
	}
	s.agent = agent.Config()
	for name, to := range map[string]**access.Access{"evenkeel": &s.access, "stranger": &s.stranger} {
		user, err := s.env.AddUser(envtest.User{Name: name}, nil)
		if err != nil {
			return err
		}
		kubeconfig, err := user.KubeConfig()
		if err != nil {
			return err
		}
		a, fault := access.Parse(kubeconfig, time.Now())
		if fault != nil {
			return errors.New(fault.Message)
		}
		*to = a
	}
	return nil
}

// objects are what the tests need in the tenant: Evenkeel's permissions, and a
// level of few seats for all requests of the user agent.
func objects() []client.Object {
	none, shares := int32(0), int32(1)
	return []client.Object{
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "evenkeel"}, Rules: []rbacv1.PolicyRule{
			{NonResourceURLs: []string{pagePath, dumpRule, flagsPath, "/livez/*"}, Verbs: []string{"get"}},
		}},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "evenkeel"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "evenkeel"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "evenkeel"}},
		},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "agent"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "agent"}},
		},
		&flowcontrolv1.PriorityLevelConfiguration{
			ObjectMeta: metav1.ObjectMeta{Name: "few-seats"},
			Spec: flowcontrolv1.PriorityLevelConfigurationSpec{
				Type: flowcontrolv1.PriorityLevelEnablementLimited,
				Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{
					NominalConcurrencyShares: &shares, LendablePercent: &none, BorrowingLimitPercent: &none,
					LimitResponse: flowcontrolv1.LimitResponse{
						Type:    flowcontrolv1.LimitResponseTypeQueue,
						Queuing: &flowcontrolv1.QueuingConfiguration{Queues: 4, HandSize: 2, QueueLengthLimit: 50},
					},
				},
			},
		},
		&flowcontrolv1.FlowSchema{
			ObjectMeta: metav1.ObjectMeta{Name: "agent"},
			Spec: flowcontrolv1.FlowSchemaSpec{
				PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: "few-seats"},
				MatchingPrecedence:         20,
				DistinguisherMethod:        &flowcontrolv1.FlowDistinguisherMethod{Type: flowcontrolv1.FlowDistinguisherMethodByUserType},
				Rules: []flowcontrolv1.PolicyRulesWithSubjects{{
					Subjects:         []flowcontrolv1.Subject{{Kind: flowcontrolv1.SubjectKindUser, User: &flowcontrolv1.UserSubject{Name: "agent"}}},
					ResourceRules:    []flowcontrolv1.ResourcePolicyRule{{Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}, ClusterScope: true, Namespaces: []string{"*"}}},
					NonResourceRules: []flowcontrolv1.NonResourcePolicyRule{{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}}},
				}},
			},
		},
	}
}

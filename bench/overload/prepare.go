// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package overload

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/load/swarm"
	"evenkeel.dev/evenkeel/bench/scenario"
)

const (
	// group is that of all users; what they may do is bound to it.
	group = "evenkeel-bench"
	// stampedeNamespace holds the service accounts of informers.
	stampedeNamespace = "stampede"
	// servedWithin bounds the wait for a new kind to be served.
	servedWithin = 30 * time.Second
)

// rules are what the loads may do in the tenant.
var rules = []rbacv1.PolicyRule{
	{APIGroups: []string{""}, Resources: []string{"pods", "secrets"}, Verbs: []string{"get", "list", "watch"}},
	{APIGroups: []string{""}, Resources: []string{"configmaps", "events"}, Verbs: []string{"get", "list", "watch", "create", "patch", "delete"}},
	{APIGroups: []string{"bench.evenkeel.dev"}, Resources: []string{"giants"}, Verbs: []string{"list"}},
}

// grant lets the loads do what they do.
func (r *run) grant(ctx context.Context) error {
	c, err := kubernetes.NewForConfig(r.stage.Tenant.AdminConfig)
	if err != nil {
		return fmt.Errorf("granting the loads their rights: %w", err)
	}
	meta := metav1.ObjectMeta{Name: group}
	_, e1 := c.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
	subjects := []rbacv1.Subject{
		{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: group},
		{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "system:serviceaccounts:" + stampedeNamespace},
	}
	_, e2 := c.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: group},
	}, metav1.CreateOptions{})
	for _, err := range []error{e1, e2} {
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("granting the loads their rights: %w", err)
		}
	}
	return nil
}

// objects stores what a load reads and changes.
func (r *run) objects(ctx context.Context, l scenario.LoadSpec) error {
	c, err := kubernetes.NewForConfig(r.stage.Tenant.AdminConfig)
	if err != nil {
		return fmt.Errorf("storing what the load reads: %w", err)
	}
	switch {
	case l.Crowd != nil:
		for i := range l.Crowd.Users {
			namespace, name := swarm.CrowdObject(i)
			if err := makeNamespace(ctx, c, namespace); err != nil {
				return err
			}
			object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"n": "0"}}
			_, err := c.CoreV1().ConfigMaps(namespace).Create(ctx, object, metav1.CreateOptions{})
			if err != nil && !apierrors.IsAlreadyExists(err) {
				return fmt.Errorf("creating ConfigMap %s/%s: %w", namespace, name, err)
			}
		}
	case l.Churn != nil:
		return makeNamespace(ctx, c, swarm.ChurnNamespace)
	case l.Giants != nil:
		return r.giants(ctx, c, *l.Giants)
	}
	return nil
}

func makeNamespace(ctx context.Context, c kubernetes.Interface, name string) error {
	_, err := c.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating Namespace %s: %w", name, err)
	}
	return nil
}

// giants defines the large kind and stores its objects, where they are missing.
func (r *run) giants(ctx context.Context, c *kubernetes.Clientset, g scenario.Giants) error {
	if err := r.stage.Tenant.Apply(ctx, []byte(swarm.GiantsCRD)); err != nil {
		return err
	}
	for i := range g.Objects {
		name, object := swarm.Giant(i, g.Bytes)
		until := time.Now().Add(servedWithin)
		for {
			err := c.RESTClient().Post().AbsPath(swarm.GiantsPath).SetHeader("Content-Type", "application/json").
				Body([]byte(object)).Do(ctx).Error()
			if err == nil || apierrors.IsAlreadyExists(err) {
				break
			}
			// Each replica serves a new kind when it has heard of it.
			if !apierrors.IsNotFound(err) || time.Now().After(until) {
				return fmt.Errorf("creating Giant %s: %w", name, err)
			}
			if err := await.Pass(ctx, 200*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

// prepare makes a load ready to be let loose. A load runs once; the next needs another.
func (r *run) prepare(ctx context.Context, l scenario.LoadSpec) (swarm.Load, error) {
	switch {
	case l.Crowd != nil:
		return r.users("user", *l.Crowd, swarm.NewCrowd(r.Bed.Tenant.Pods))
	case l.Churn != nil:
		return r.users("churner", *l.Churn, swarm.NewChurn())
	case l.Giants != nil:
		return r.users("scanner", l.Giants.Users, swarm.NewLists(swarm.GiantsPath))
	case l.Lists != nil:
		return r.users("lister", l.Lists.Users, swarm.NewLists(l.Lists.Path))
	case l.Stampede != nil:
		return r.stampede(ctx, *l.Stampede)
	default:
		return nil, errors.New("preparing a load: it has no kind")
	}
}

func (r *run) users(role string, u scenario.Users, mix swarm.Mix) (swarm.Load, error) {
	o := swarm.Options{Mix: mix, AtOnce: u.AtOnce, Timeout: u.Timeout.Duration, Pace: swarm.Pace{Repeat: u.Repeat}}
	for _, p := range u.Pace {
		o.Pace.Steps = append(o.Pace.Steps, swarm.Step{Rate: p.Rate, For: p.For.Duration})
	}
	for i := range u.Users {
		c, err := r.identity(fmt.Sprintf("%s-%03d", role, i), func(name string) (*rest.Config, error) {
			return r.stage.Tenant.ConfigFor(name, []string{group})
		})
		if err != nil {
			return nil, err
		}
		o.Configs = append(o.Configs, c)
	}
	return swarm.New(o)
}

func (r *run) stampede(ctx context.Context, s scenario.Stampede) (swarm.Load, error) {
	o := swarm.StampedeOptions{Every: s.Every.Duration, Timeout: s.Timeout.Duration}
	for i := range s.Clients {
		c, err := r.identity(fmt.Sprintf("informer-%03d", i), func(name string) (*rest.Config, error) {
			return r.stage.Tenant.ServiceAccountConfig(ctx, stampedeNamespace, name)
		})
		if err != nil {
			return nil, err
		}
		o.Configs = append(o.Configs, c)
	}
	return swarm.NewStampede(o)
}

// identity is a client's way to the tenant, made once.
func (r *run) identity(name string, issue func(string) (*rest.Config, error)) (*rest.Config, error) {
	if c := r.identities[name]; c != nil {
		return c, nil
	}
	c, err := issue(name)
	if err == nil {
		r.identities[name] = c
	}
	return c, err
}

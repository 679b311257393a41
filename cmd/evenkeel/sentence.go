// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/controller"
)

// sentencing is a sentence as the command line gives it.
type sentencing struct {
	sentence       v1alpha1.ManualSentence
	serviceAccount string
	namespaced     bool
	seats          int32
	lasts          time.Duration
}

// newSentence writes a sentence into a profile.
func newSentence() *cobra.Command {
	var kubeconfig, namespace string
	var s sentencing
	c := &cobra.Command{
		Use:   "sentence NAME",
		Short: "Jail a client by hand: write a sentence into a profile",
		Example: `  kubectl evenkeel sentence acme --service-account ci/runner --verb list --resource pods --for 1h --reason "ticket 7"
  kubectl evenkeel sentence acme --service-account 'ci/*' --verb '*' --resource '*' --grade seats --seats 2 --reason "load test"`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			sentence, err := s.build(time.Now())
			if err != nil {
				return err
			}
			host, in, err := hostOf(kubeconfig, namespace)
			if err != nil {
				return err
			}
			return pass(c.Context(), c.OutOrStdout(), host, client.ObjectKey{Namespace: in, Name: args[0]}, sentence)
		},
	}
	hostFlags(c, &kubeconfig, &namespace)
	f := c.Flags()
	f.StringVar(&s.sentence.User, "user", "", "full user name, as the tenant's apiserver authenticates it")
	f.StringVar(&s.serviceAccount, "service-account", "", "NAMESPACE/NAME in the tenant; * as the name is all of the namespace")
	f.StringSliceVar(&s.sentence.Verbs, "verb", nil, "request verbs such as list,watch; * for all")
	f.StringVar(&s.sentence.Resource, "resource", "", "resource in the plural, as in pods or pods/status; * for all")
	f.StringVar(&s.sentence.APIGroup, "api-group", "", "API group of the resource (default: the core group)")
	f.BoolVar(&s.namespaced, "namespaced", false, "requests within one namespace, instead of those over the whole cluster")
	f.StringVar(&s.sentence.Grade, "grade", "one", "what is left to the client on each replica: seats, one (request at a time) or none")
	f.Int32Var(&s.seats, "seats", 0, "seats of grade seats")
	f.DurationVar(&s.lasts, "for", 0, "how long it lasts (default: until it is released)")
	f.StringVar(&s.sentence.Reason, "reason", "", "why, shown with the sentence wherever it is shown")
	for _, name := range []string{"verb", "resource", "reason"} {
		_ = c.MarkFlagRequired(name) // it fails for flags that do not exist only
	}
	return c
}

// build is the sentence that the flags ask for; what else is wrong with it the
// profile's own rules say.
func (s sentencing) build(now time.Time) (v1alpha1.ManualSentence, error) {
	out := s.sentence
	if (out.User == "") == (s.serviceAccount == "") {
		return out, errors.New("a sentence is on either a --user or a --service-account")
	}
	if s.serviceAccount != "" {
		namespace, name, ok := strings.Cut(s.serviceAccount, "/")
		if !ok {
			return out, fmt.Errorf("--service-account %q is not NAMESPACE/NAME", s.serviceAccount)
		}
		out.ServiceAccount = &v1alpha1.SentencedServiceAccount{Namespace: namespace, Name: name}
	}
	if out.Scope = v1alpha1.ScopeCluster; s.namespaced {
		out.Scope = v1alpha1.ScopeNamespaced
	}
	if s.seats != 0 {
		out.Seats = &s.seats
	}
	if s.lasts < 0 {
		return out, fmt.Errorf("--for %s lies in the past", s.lasts)
	}
	if s.lasts > 0 {
		out.Until = &metav1.Time{Time: now.Add(s.lasts).Truncate(time.Second)}
	}
	return out, nil
}

// pass writes a sentence into the profile, in the place of one on the same client.
func pass(ctx context.Context, w io.Writer, host client.Client, key client.ObjectKey, s v1alpha1.ManualSentence) error {
	whom := controller.ManualClient(s)
	mode, err := edit(ctx, host, key, func(all []v1alpha1.ManualSentence) ([]v1alpha1.ManualSentence, error) {
		return append(without(all, whom.SentenceName()), s), nil
	})
	if err != nil {
		return err
	}
	p := &printer{w: w}
	p.line("%s: sentenced %s", whom.SentenceName(), plain(whom.String()))
	if mode == v1alpha1.ModeRecommend {
		p.line("the profile's mode is Recommend: the sentence is shown and not carried out")
	}
	return p.err
}

// newRelease takes a sentence out of a profile.
func newRelease() *cobra.Command {
	var kubeconfig, namespace string
	c := &cobra.Command{
		Use:   "release NAME SENTENCE",
		Short: "Take a sentence that was passed by hand out of a profile",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			host, in, err := hostOf(kubeconfig, namespace)
			if err != nil {
				return err
			}
			return release(c.Context(), c.OutOrStdout(), host, client.ObjectKey{Namespace: in, Name: args[0]}, args[1])
		},
	}
	hostFlags(c, &kubeconfig, &namespace)
	return c
}

// release takes a sentence out of the profile.
func release(ctx context.Context, w io.Writer, host client.Client, key client.ObjectKey, name string) error {
	_, err := edit(ctx, host, key, func(all []v1alpha1.ManualSentence) ([]v1alpha1.ManualSentence, error) {
		left := without(all, name)
		if len(left) == len(all) {
			return nil, fmt.Errorf("no sentence %s stands in ControlPlaneProfile %s; to end an automatic one, delete the flow schema of that name in the tenant: its client is then left alone for as long as the term", name, key)
		}
		return left, nil
	})
	if err != nil {
		return err
	}
	p := &printer{w: w}
	p.line("%s: released", plain(name))
	return p.err
}

func without(all []v1alpha1.ManualSentence, name string) []v1alpha1.ManualSentence {
	return slices.DeleteFunc(slices.Clone(all), func(s v1alpha1.ManualSentence) bool {
		return controller.ManualClient(s).SentenceName() == name
	})
}

// edit changes the profile's sentences, and nothing if somebody else has changed the
// profile meanwhile.
func edit(ctx context.Context, host client.Client, key client.ObjectKey, change func([]v1alpha1.ManualSentence) ([]v1alpha1.ManualSentence, error)) (v1alpha1.Mode, error) {
	var cpp v1alpha1.ControlPlaneProfile
	if err := host.Get(ctx, key, &cpp); err != nil {
		return "", fmt.Errorf("reading ControlPlaneProfile %s: %w", key, err)
	}
	was := cpp.DeepCopy()
	sentences, err := change(cpp.Spec.Protection.Sentences)
	if err != nil {
		return "", err
	}
	cpp.Spec.Protection.Sentences = sentences
	if err := host.Patch(ctx, &cpp, client.MergeFromWithOptions(was, client.MergeFromWithOptimisticLock{})); err != nil {
		return "", fmt.Errorf("writing the sentences of ControlPlaneProfile %s: %w", key, err)
	}
	return cpp.Spec.Mode, nil
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// hostOf reaches the host cluster, and says in which namespace the profile is.
func hostOf(kubeconfig, namespace string) (client.Client, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	loaded := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil)
	config, err := loaded.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("finding the host cluster: %w", err)
	}
	if namespace == "" {
		if namespace, _, err = loaded.Namespace(); err != nil {
			return nil, "", fmt.Errorf("finding the namespace: %w", err)
		}
	}
	s, err := newScheme()
	if err != nil {
		return nil, "", err
	}
	host, err := client.New(config, client.Options{Scheme: s})
	if err != nil {
		return nil, "", fmt.Errorf("reaching the host cluster: %w", err)
	}
	return host, namespace, nil
}

// hostFlags are the flags that say where the profile is.
func hostFlags(c *cobra.Command, kubeconfig, namespace *string) {
	c.Flags().StringVarP(namespace, "namespace", "n", "", "namespace of the profile (default: the kubeconfig's)")
	c.Flags().StringVar(kubeconfig, "kubeconfig", "", "path of a kubeconfig (default: $KUBECONFIG, then ~/.kube/config)")
}

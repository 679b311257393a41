// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// The shipped Deployments must start these very commands.
func TestTheShippedArgumentsAreKnown(t *testing.T) {
	for word, command := range map[string]*cobra.Command{"operator": newOperator(), "prober": newProber(), "recommender": newRecommender()} {
		raw, err := os.ReadFile("../../manifests/" + word + "/deployment.yaml")
		if err != nil {
			t.Fatal(err)
		}
		var d appsv1.Deployment
		if err := yaml.UnmarshalStrict(raw, &d); err != nil {
			t.Fatal(err)
		}
		args := d.Spec.Template.Spec.Containers[0].Args
		if len(args) == 0 || args[0] != word {
			t.Fatalf("the arguments are %q, want those of %s", args, word)
		}
		if err := command.ParseFlags(args[1:]); err != nil {
			t.Errorf("the arguments %q: %v", args, err)
		}
	}
}

func TestVersion(t *testing.T) {
	var b strings.Builder
	c := newVersion()
	c.SetOut(&b)
	c.SetArgs([]string{})
	if err := c.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^evenkeel dev, go\d`).MatchString(b.String()) {
		t.Errorf("it says %q", b.String())
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilcache "k8s.io/apimachinery/pkg/util/cache"
)

type reviews struct{ err error }

func (r *reviews) Create(_ context.Context, review *authenticationv1.TokenReview, _ metav1.CreateOptions) (*authenticationv1.TokenReview, error) {
	review.Status.Authenticated, review.Status.User.Username = review.Spec.Token == "good", "robin"
	return review, r.err
}

// Who was known goes on while a renewal fails, and a token that the host has not known does
// not begin to.
func TestTheOldAnswerWhileTheHostIsSilent(t *testing.T) {
	host := &reviews{}
	g := newGate(host, &reviews{errors.New("flooded")}, nil)
	if _, err := g.who(t.Context(), "good", false); !errors.Is(err, errSilent) {
		t.Fatalf("a stranger is answered by %v", err)
	}
	if _, err := g.who(t.Context(), "good", true); err != nil {
		t.Fatal(err)
	}
	g.users = utilcache.NewLRUExpireCache(mostUsers) // a minute later
	host.err = errors.New("gone")
	if u, err := g.who(t.Context(), "good", false); err != nil || u.Username != "robin" {
		t.Errorf("while a renewal fails: %v", err)
	}
	if _, err := g.who(t.Context(), "other", true); !errors.Is(err, errSilent) {
		t.Errorf("of another token: %v", err)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilcache "k8s.io/apimachinery/pkg/util/cache"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
)

const (
	// asked bounds one question to the host cluster.
	asked = 5 * time.Second
	// A right that is taken away ends within this time; what was refused may be asked again
	// sooner, for a right that was just given.
	grantedFor, refusedFor = time.Minute, 5 * time.Second
	// silentFor is how long who was known goes on being while the host cluster is silent.
	silentFor = 2 * time.Minute
	mostUsers = 2000
	// mostRights is how many answers are remembered. One user adds to them as fast as he may
	// have the host asked: by names that he invents he pushes nothing out that is not long out
	// of date.
	mostRights = 20000
	// mostToken bounds a token, in bytes.
	mostToken = 16 << 10
)

var (
	errNobody = errors.New("the host cluster does not know this token")
	errSilent = errors.New("the host cluster does not say who may see what")
)

// user is who asks, and what rights are remembered by.
type user struct {
	authenticationv1.UserInfo
	key string
}

// gate asks the host cluster who somebody is and what he may see, and remembers the answers
// for a short while. Without an answer nothing is seen.
type gate struct {
	// tokens are asked about by those who are in, or were lately, and strangers about by all
	// others: who knocks with tokens that are none takes nothing from those who are in.
	tokens, strangers authenticationclient.TokenReviewInterface
	access            authorizationclient.SubjectAccessReviewInterface
	users             *utilcache.LRUExpireCache
	rights            *utilcache.LRUExpireCache
	scopes            *utilcache.LRUExpireCache
	// before are users as they were last known, to go on with while the host is silent.
	before *utilcache.LRUExpireCache
	limits *limits
	asking singleflight.Group
}

func newGate(tokens, strangers authenticationclient.TokenReviewInterface, access authorizationclient.SubjectAccessReviewInterface) *gate {
	if strangers == nil {
		strangers = tokens
	}
	return &gate{tokens: tokens, strangers: strangers, access: access, users: utilcache.NewLRUExpireCache(mostUsers), before: utilcache.NewLRUExpireCache(mostUsers), rights: utilcache.NewLRUExpireCache(mostRights), scopes: utilcache.NewLRUExpireCache(mostScopes), limits: newLimits()}
}

// who is the user of a token. It errs with errNobody where the host knows none. in is
// whether the token is that of a session, which the host has known.
func (g *gate) who(ctx context.Context, token string, in bool) (*user, error) {
	if token == "" || len(token) > mostToken {
		return nil, errNobody
	}
	key := sha256.Sum256([]byte(token)) // a token is not kept for the sake of its answer
	if known, is := g.users.Get(key); is {
		if u, is := known.(*user); is && u != nil {
			return u, nil
		}
		return nil, errNobody
	}
	known, _ := g.before.Get(key)
	before, _ := known.(*user)
	tokens := g.strangers
	if in || before != nil {
		tokens = g.tokens
	}
	u, err := review(ctx, tokens, token)
	switch {
	case err == nil:
		g.users.Add(key, u, grantedFor)
		g.before.Add(key, u, silentFor)
	case errors.Is(err, errNobody):
		g.users.Add(key, (*user)(nil), refusedFor)
		g.before.Remove(key)
	case before != nil:
		g.users.Add(key, before, refusedFor) // not every page waits for a host that is silent
		return before, nil
	}
	return u, err
}

// review asks the host cluster whose a token is.
func review(ctx context.Context, tokens authenticationclient.TokenReviewInterface, token string) (*user, error) {
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	review, err := tokens.Create(ctx, &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("%w: asking whose a token is: %w", errSilent, err)
	}
	if !review.Status.Authenticated || review.Status.User.Username == "" {
		return nil, errNobody
	}
	u := &user{UserInfo: review.Status.User}
	text, err := json.Marshal(u.UserInfo)
	if err != nil {
		return nil, fmt.Errorf("remembering a user: %w", err)
	}
	sum := sha256.Sum256(text)
	u.key = string(sum[:])
	return u, nil
}

// may tells whether a user may get or list profiles of a namespace; of all of them where
// namespace is empty, and of one name where name is not. It errs with errSilent or with
// errTooMuch.
func (g *gate) may(ctx context.Context, u *user, verb, namespace, name string) (bool, error) {
	key := strings.Join([]string{u.key, verb, namespace, name}, "/")
	if known, is := g.rights.Get(key); is {
		allowed, _ := known.(bool)
		return allowed, nil
	}
	allowed, err := g.limited(ctx, u, verb, namespace, name)
	if err != nil {
		return false, err
	}
	if allowed {
		g.rights.Add(key, true, grantedFor)
	} else {
		g.rights.Add(key, false, refusedFor)
	}
	return allowed, nil
}

// review asks the host cluster.
func (g *gate) review(ctx context.Context, u *user, verb, namespace, name string) (bool, error) {
	extra := map[string]authorizationv1.ExtraValue{}
	for k, v := range u.Extra {
		extra[k] = authorizationv1.ExtraValue(v)
	}
	ctx, cancel := context.WithTimeout(ctx, asked)
	defer cancel()
	review, err := g.access.Create(ctx, &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: u.Username, UID: u.UID, Groups: u.Groups, Extra: extra,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: "evenkeel.dev", Version: "v1alpha1", Resource: "controlplaneprofiles", Verb: verb, Namespace: namespace, Name: name,
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("%w: asking what %s may see: %w", errSilent, u.Username, err)
	}
	return review.Status.Allowed && !review.Status.Denied, nil
}

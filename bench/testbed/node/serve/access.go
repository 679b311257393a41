// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// rememberFor is how long an answer about a caller is good for.
	rememberFor = time.Minute
	// mostRemembered bounds how many are kept.
	mostRemembered = 1024
	askTimeout     = 10 * time.Second
)

// errUnknown: the caller has not said who it is, or it is not true.
var errUnknown = errors.New("Unauthorized")

// access decides who may ask what.
type access struct {
	client kubernetes.Interface
	node   string

	mu         sync.Mutex
	remembered map[string]verdict
}

type verdict struct {
	user    authenticationv1.UserInfo
	allowed bool
	until   time.Time
}

// guard lets callers through that may get one of the node's subresources.
func (a *access) guard(subresources []string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
		defer cancel()
		user, err := a.caller(ctx, r)
		if errors.Is(err, errUnknown) {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		allowed := false
		for _, subresource := range subresources {
			if err == nil && !allowed {
				allowed, err = a.may(ctx, user, subresource)
			}
		}
		switch {
		case err != nil:
			http.Error(w, err.Error(), http.StatusInternalServerError)
		case !allowed:
			http.Error(w, fmt.Sprintf("Forbidden (user=%s, verb=get, resource=nodes, subresource(s)=%v)", user.Username, subresources), http.StatusForbidden)
		default:
			next(w, r)
		}
	}
}

// caller is who the verified client certificate or the bearer token says.
func (a *access) caller(ctx context.Context, r *http.Request) (authenticationv1.UserInfo, error) {
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		subject := r.TLS.VerifiedChains[0][0].Subject
		return authenticationv1.UserInfo{Username: subject.CommonName, Groups: append(subject.Organization, "system:authenticated")}, nil
	}
	bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || bearer == "" {
		return authenticationv1.UserInfo{}, errUnknown
	}
	v, err := a.remember("token\x00"+bearer, func() (verdict, error) {
		review, err := a.client.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{
			Spec: authenticationv1.TokenReviewSpec{Token: bearer},
		}, metav1.CreateOptions{})
		if err != nil {
			return verdict{}, fmt.Errorf("asking whose token it is: %w", err)
		}
		return verdict{user: review.Status.User, allowed: review.Status.Authenticated}, nil
	})
	if err == nil && !v.allowed {
		err = errUnknown
	}
	return v.user, err
}

func (a *access) may(ctx context.Context, user authenticationv1.UserInfo, subresource string) (bool, error) {
	key := strings.Join(append([]string{"may", subresource, user.Username, user.UID}, user.Groups...), "\x00")
	v, err := a.remember(key, func() (verdict, error) {
		extra := map[string]authorizationv1.ExtraValue{}
		for name, values := range user.Extra {
			extra[name] = authorizationv1.ExtraValue(values)
		}
		review, err := a.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{
				User: user.Username, UID: user.UID, Groups: user.Groups, Extra: extra,
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Verb: "get", Version: "v1", Resource: "nodes", Subresource: subresource, Name: a.node,
				},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return verdict{}, fmt.Errorf("asking whether %s may: %w", user.Username, err)
		}
		return verdict{allowed: review.Status.Allowed}, nil
	})
	return v.allowed, err
}

// remember asks, or repeats an answer of the last minute. Failures are not kept.
func (a *access) remember(key string, ask func() (verdict, error)) (verdict, error) {
	now := time.Now()
	a.mu.Lock()
	v, ok := a.remembered[key]
	a.mu.Unlock()
	if ok && now.Before(v.until) {
		return v, nil
	}
	v, err := ask()
	if err != nil {
		return v, err
	}
	v.until = now.Add(rememberFor)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.remembered) >= mostRemembered {
		clear(a.remembered)
	}
	a.remembered[key] = v
	return v, nil
}

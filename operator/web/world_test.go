// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/evenkeel/operator/history"
	"evenkeel.dev/evenkeel/operator/web"
)

// tokens knows the token of one user, "letmein".
type tokens struct{ err error }

func (r tokens) Create(_ context.Context, review *authenticationv1.TokenReview, _ metav1.CreateOptions) (*authenticationv1.TokenReview, error) {
	review.Status.Authenticated, review.Status.User.Username = review.Spec.Token == "letmein", "robin"
	return review, r.err
}

// rights lets a user see namespaces.
type rights func(a *authorizationv1.ResourceAttributes) bool

func (r rights) Create(_ context.Context, review *authorizationv1.SubjectAccessReview, _ metav1.CreateOptions) (*authorizationv1.SubjectAccessReview, error) {
	if r == nil {
		return nil, errors.New("the host is gone")
	}
	review.Status.Allowed = r(review.Spec.ResourceAttributes)
	return review, nil
}

func everything(*authorizationv1.ResourceAttributes) bool { return true }

func config(r *reader, h *history.Store) web.Config {
	return web.Config{
		Address: "127.0.0.1:0", Profiles: r, Ledgers: r, History: h, Tokens: tokens{}, Access: rights(everything),
		Now: func() time.Time { return now }, Log: logr.Discard(),
	}
}

// serve serves a dashboard.
func serve(t *testing.T, c web.Config) *httptest.Server {
	t.Helper()
	s, err := web.New(c)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return server
}

// answer is what came of a request.
type answer struct {
	status int
	body   string
	header http.Header
}

func get(t *testing.T, server *httptest.Server, path string, headers ...string) answer {
	t.Helper()
	return do(t, server, http.MethodGet, path, "", append([]string{"Authorization", "Bearer letmein"}, headers...)...)
}

func do(t *testing.T, server *httptest.Server, method, path, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	var b strings.Builder
	if _, err := io.Copy(&b, response.Body); err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, b.String(), response.Header}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// judge answers reviews: the token "good" is of the user scraper, who may get
// nodes/metrics and nothing else.
func judge(asked *int, fail bool) *fake.Clientset {
	client := fake.NewClientset()
	client.PrependReactor("create", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		*asked++
		if fail {
			return true, nil, errors.New("the API is down")
		}
		switch o := action.(clienttesting.CreateAction).GetObject().(type) {
		case *authenticationv1.TokenReview:
			o.Status.Authenticated = o.Spec.Token == "good" || o.Spec.Token == "poor"
			o.Status.User.Username = map[string]string{"good": "scraper", "poor": "nobody"}[o.Spec.Token]
			return true, o, nil
		case *authorizationv1.SubjectAccessReview:
			a := o.Spec.ResourceAttributes
			o.Status.Allowed = o.Spec.User == "scraper" && a.Subresource == "metrics" && a.Name == "n" && a.Verb == "get"
			return true, o, nil
		}
		return false, nil, nil
	})
	return client
}

func answer(t *testing.T, a *access, subresources []string, set func(*http.Request)) (int, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	set(request)
	recorder := httptest.NewRecorder()
	a.guard(subresources, func(http.ResponseWriter, *http.Request) {})(recorder, request)
	return recorder.Code, strings.TrimSpace(recorder.Body.String())
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func TestGuard(t *testing.T) {
	certificate := func(r *http.Request) {
		r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{Subject: pkix.Name{CommonName: "scraper"}}}}}
	}
	for name, c := range map[string]struct {
		set          func(*http.Request)
		subresources []string
		code         int
		says         string
	}{
		"nobody":                  {func(*http.Request) {}, []string{"metrics"}, 401, "Unauthorized"},
		"a wrong token":           {bearer("bad"), []string{"metrics"}, 401, "Unauthorized"},
		"a token of one who may":  {bearer("good"), []string{"proxy", "metrics"}, 200, ""},
		"one who may not":         {bearer("poor"), []string{"metrics"}, 403, "Forbidden (user=nobody, verb=get, resource=nodes, subresource(s)=[metrics])"},
		"may something else only": {bearer("good"), []string{"proxy"}, 403, "Forbidden (user=scraper, verb=get, resource=nodes, subresource(s)=[proxy])"},
		"a verified certificate":  {certificate, []string{"metrics"}, 200, ""},
	} {
		a := &access{client: judge(new(int), false), node: "n", remembered: map[string]verdict{}}
		if code, says := answer(t, a, c.subresources, c.set); code != c.code || says != c.says {
			t.Errorf("%s: %d %q, want %d %q", name, code, says, c.code, c.says)
		}
	}
}

func TestAnswersAreRememberedFailuresAreNot(t *testing.T) {
	var asked int
	a := &access{client: judge(&asked, false), node: "n", remembered: map[string]verdict{}}
	for range 3 {
		if code, _ := answer(t, a, []string{"metrics"}, bearer("good")); code != http.StatusOK {
			t.Fatalf("status %d", code)
		}
	}
	if asked != 2 {
		t.Errorf("the API server was asked %d times, want once for the token and once for the right", asked)
	}
	asked = 0
	a = &access{client: judge(&asked, true), node: "n", remembered: map[string]verdict{}}
	for range 2 {
		if code, says := answer(t, a, []string{"metrics"}, bearer("good")); code != http.StatusInternalServerError || says != "asking whose token it is: the API is down" {
			t.Errorf("%d %q", code, says)
		}
	}
	if asked != 2 {
		t.Errorf("a failure was remembered: asked %d times in 2", asked)
	}
}

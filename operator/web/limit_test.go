// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/evenkeel/operator/web"
)

// badges knows tokens as NAME/NUMBER, which tell whose they are and, as those of service
// accounts do, which of his.
type badges struct{}

func (badges) Create(_ context.Context, review *authenticationv1.TokenReview, _ metav1.CreateOptions) (*authenticationv1.TokenReview, error) {
	review.Status.Authenticated = true
	review.Status.User.Username, _, _ = strings.Cut(review.Spec.Token, "/")
	review.Status.User.Extra = map[string]authenticationv1.ExtraValue{"authentication.kubernetes.io/credential-id": {review.Spec.Token}}
	return review, nil
}

// crowd is a dashboard of a host that counts how often it is asked of whom.
func crowd(t *testing.T, planes int, may rights) (show func(token, path string) *httptest.ResponseRecorder, asked func(name string) int64) {
	t.Helper()
	c, counts := config(&reader{profiles: fleet(planes)}, nil), sync.Map{}
	asked = func(name string) int64 {
		n, _ := counts.LoadOrStore(name, &atomic.Int64{})
		return n.(*atomic.Int64).Load()
	}
	c.Tokens, c.Access = badges{}, accesses(func(s *authorizationv1.SubjectAccessReviewSpec) bool {
		n, _ := counts.LoadOrStore(s.User, &atomic.Int64{})
		n.(*atomic.Int64).Add(1)
		return may(s.ResourceAttributes)
	})
	s, err := web.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return func(token, path string) *httptest.ResponseRecorder {
		r, got := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, http.NoBody), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+token)
		s.Handler().ServeHTTP(got, r)
		return got
	}, asked
}

type accesses func(*authorizationv1.SubjectAccessReviewSpec) bool

func (a accesses) Create(_ context.Context, review *authorizationv1.SubjectAccessReview, _ metav1.CreateOptions) (*authorizationv1.SubjectAccessReview, error) {
	review.Status.Allowed = a(&review.Spec)
	return review, nil
}

// Whoever invents names has the host asked no more than one user may, by however many tokens;
// he is told to wait, and keeps what is known of him, and others have their own.
func TestNamesThatAreInvented(t *testing.T) {
	show, asked := crowd(t, 3, func(a *authorizationv1.ResourceAttributes) bool { return a.Namespace == "tenant-acme" })
	const mine = "/cp/tenant-acme/acme"
	if got := show("mallory/0", mine); got.Code != http.StatusOK {
		t.Fatalf("a page is answered by %d", got.Code)
	}
	var all sync.WaitGroup
	var waits atomic.Int64
	begun := time.Now()
	for i := range 400 {
		all.Go(func() {
			switch got := show(fmt.Sprintf("mallory/%d", i%4), fmt.Sprintf("/cp/a%d/x", i)); got.Code {
			case http.StatusForbidden:
			case http.StatusTooManyRequests:
				if waits.Add(1); got.Header().Get("Retry-After") != "2" || !strings.Contains(got.Body.String(), "Too much at once") {
					t.Errorf("it is not said how long to wait: %v %s", got.Header(), got.Body)
				}
			default:
				t.Errorf("a name that is invented is answered by %d: %s", got.Code, got.Body)
			}
		})
	}
	all.Wait()
	most := int64(102 + 20*time.Since(begun).Seconds())
	if n := asked("mallory"); n > most || waits.Load() == 0 {
		t.Errorf("the host is asked %d times for one user, %d at the most; %d are told to wait", n, most, waits.Load())
	}
	for token, path := range map[string]string{"mallory/0": mine, "robin/0": mine, "robin/1": mine} {
		if got := show(token, path); got.Code != http.StatusOK {
			t.Errorf("%s is answered by %d: %s", token, got.Code, got.Body)
		}
	}
}

// Who waits for a large fleet can look at a control plane meanwhile.
func TestAPageBesideALargeFleet(t *testing.T) {
	show, asked := crowd(t, 1000, func(a *authorizationv1.ResourceAttributes) bool { return a.Namespace != "" })
	fleet := make(chan int)
	go func() { fleet <- show("robin/0", "/").Code }()
	for asked("robin") < 100 {
		time.Sleep(time.Millisecond)
	}
	if got := show("robin/0", "/cp/tenant-acme/acme"); got.Code != http.StatusOK {
		t.Errorf("a page is answered by %d: %s", got.Code, got.Body)
	}
	if status := <-fleet; status != http.StatusOK {
		t.Errorf("the fleet is answered by %d", status)
	}
}

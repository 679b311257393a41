// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
	utilcache "k8s.io/apimachinery/pkg/util/cache"
)

const (
	// eachUser is how much one user may have the host asked a second, and atOnceUser at once:
	// what is common to all (cmd/evenkeel/dashboard.go) is not one's to empty, and neither is
	// what is remembered (mostRights).
	eachUser, atOnceUser = 20, 100
	// askedAll is how long a page waits for that. A fleet shows what is known then.
	askedAll = 2 * time.Second
	// limitFor is how long it is remembered how much a user has asked for: he may ask for as
	// much as ever long before that.
	limitFor = time.Minute
)

var errTooMuch = errors.New("the host cluster is asked for more than one user may")

// limits are how much each user may still have the host asked.
type limits struct {
	mu    sync.Mutex
	users *utilcache.LRUExpireCache
}

func newLimits() *limits { return &limits{users: utilcache.NewLRUExpireCache(mostUsers)} }

// of is a user's, by his name: what else is said of him differs from token to token, and of
// these he may have many.
func (l *limits) of(u *user) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, _ := l.users.Get(u.Username)
	limit, is := known.(*rate.Limiter)
	if !is {
		limit = rate.NewLimiter(eachUser, atOnceUser)
	}
	l.users.Add(u.Username, limit, limitFor)
	return limit
}

// limited asks the host cluster within what one user may have it asked. It errs with
// errTooMuch where that is used up for longer than a page waits.
func (g *gate) limited(ctx context.Context, u *user, verb, namespace, name string) (bool, error) {
	waits, cancel := context.WithTimeout(ctx, askedAll)
	defer cancel()
	if g.limits.of(u).Wait(waits) != nil {
		return false, errTooMuch
	}
	return g.review(ctx, u, verb, namespace, name)
}

// tooMuch answers whoever has used up what one user may have the host asked.
func (s *Server) tooMuch(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", strconv.Itoa(int(askedAll.Seconds())))
	s.fail(w, r, http.StatusTooManyRequests, "Too much at once", "For each page the host cluster is asked whether you may see it, and for one user it is asked so often and no more. Try again in a moment.")
}

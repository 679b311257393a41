// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

const (
	// scopeFor is how long it is remembered which namespaces a user may list. He who may
	// list few of a thousand costs the host a thousand questions each time.
	scopeFor   = 2 * time.Minute
	mostScopes = 200
	// sideBySide is how many questions are asked at once for one page.
	sideBySide = 16
)

// scope is which of some namespaces a user may list the profiles of: the whole cluster is
// asked for first, which is one question for whoever runs the platform.
// whole is false where some of them have not been answered yet: these are not seen, and asked
// for the next time.
func (g *gate) scope(ctx context.Context, u *user, namespaces []string) (may func(namespace string) bool, whole bool, err error) {
	everywhere, err := g.may(ctx, u, "list", "", "")
	if err != nil {
		return nil, false, err
	}
	if everywhere {
		return func(string) bool { return true }, true, nil
	}
	// However many pages of one user ask, the host is asked once. The question is nobody's
	// page's: one that is closed does not end it for the others.
	told, err, _ := g.asking.Do(u.key, func() (any, error) { return g.scopeOf(context.WithoutCancel(ctx), u, namespaces) })
	s, _ := told.(*scoped)
	if s == nil {
		return nil, false, err
	}
	return func(namespace string) bool { return s.answers[namespace].allowed }, err == nil, nil
}

// scopeOf is what is known of the namespaces once those that are not have been asked for. It
// errs where some could not be; what others were answered is kept.
func (g *gate) scopeOf(ctx context.Context, u *user, namespaces []string) (*scoped, error) {
	now, s := time.Now(), &scoped{answers: map[string]answered{}}
	if known, is := g.scopes.Get(u.key); is {
		if before, is := known.(*scoped); is {
			s = &scoped{answers: maps.Clone(before.answers)}
		}
	}
	var unknown []string
	for _, namespace := range namespaces {
		if a, is := s.answers[namespace]; !is || now.After(a.until) {
			delete(s.answers, namespace)
			unknown = append(unknown, namespace)
		}
	}
	if len(unknown) == 0 {
		return s, nil
	}
	asked, err := g.ask(ctx, u, unknown)
	for namespace, allowed := range asked {
		s.answers[namespace] = answered{allowed, now.Add(scopeFor)}
	}
	g.scopes.Add(u.key, s, scopeFor)
	if len(s.answers) == 0 {
		return nil, err
	}
	return s, err
}

// scoped is what a user may list. It is not changed once it is made.
type scoped struct {
	answers map[string]answered
}

type answered struct {
	allowed bool
	until   time.Time
}

// ask asks of each namespace whether a user may list the profiles in it, as many as may be
// asked in a moment. It errs where one was not answered, and gives the others.
func (g *gate) ask(ctx context.Context, u *user, namespaces []string) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askedAll)
	defer cancel()
	var (
		mu      sync.Mutex
		all     sync.WaitGroup
		failed  error
		allowed = make(map[string]bool, len(namespaces))
		next    = make(chan string)
	)
	for range sideBySide {
		all.Go(func() {
			for namespace := range next {
				ok, err := g.limited(ctx, u, "list", namespace, "")
				mu.Lock()
				switch {
				case err == nil:
					allowed[namespace] = ok
				case failed == nil || errors.Is(err, errSilent):
					failed = err
				}
				mu.Unlock()
			}
		})
	}
	for _, namespace := range namespaces {
		next <- namespace
	}
	close(next)
	all.Wait()
	return allowed, failed
}

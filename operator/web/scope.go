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
func (g *gate) scope(ctx context.Context, u *user, namespaces []string) (func(namespace string) bool, error) {
	everywhere, err := g.may(ctx, u, "list", "", "")
	if err != nil {
		return nil, err
	}
	if everywhere {
		return func(string) bool { return true }, nil
	}
	allowed, until := map[string]bool{}, time.Now().Add(scopeFor)
	if known, is := g.scopes.Get(u.key); is {
		if before, is := known.(scoped); is {
			allowed, until = before.allowed, before.until
		}
	}
	var unknown []string
	for _, namespace := range namespaces {
		if _, is := allowed[namespace]; !is {
			unknown = append(unknown, namespace)
		}
	}
	if len(unknown) > 0 {
		asked, err := g.ask(ctx, u, unknown)
		if err != nil {
			return nil, err
		}
		maps.Copy(asked, allowed)
		allowed = asked
		g.scopes.Add(u.key, scoped{allowed, until}, time.Until(until))
	}
	return func(namespace string) bool { return allowed[namespace] }, nil
}

// scoped is what a user may list. It is not changed once it is made.
type scoped struct {
	allowed map[string]bool
	until   time.Time
}

// ask asks of each namespace whether a user may list the profiles in it.
func (g *gate) ask(ctx context.Context, u *user, namespaces []string) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, asked)
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
				ok, err := g.review(ctx, u, "list", namespace, "")
				mu.Lock()
				allowed[namespace] = ok
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	for _, namespace := range namespaces {
		next <- namespace
	}
	close(next)
	all.Wait()
	if failed != nil {
		return nil, errSilent
	}
	return allowed, nil
}

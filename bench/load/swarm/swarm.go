// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load"
)

// Load is what can be let loose on a control plane.
type Load interface {
	// Run loads until ctx ends, and returns once every client has stopped.
	Run(ctx context.Context)
	// Classes hold every request that was sent.
	Classes() []*Class
}

// Mix says what users ask for.
type Mix interface {
	Classes() []*Class
	// Next is the nth request of a user, both from 0.
	Next(user, n int) Request
}

// Options describe a swarm.
type Options struct {
	// Configs are the users' ways to the apiserver, one each.
	Configs []*rest.Config
	Mix     Mix
	// Pace is that of all users together; they take turns.
	Pace Pace
	// AtOnce is how many requests one user has on their way at the most.
	AtOnce int
	// Timeout bounds one request.
	Timeout time.Duration
}

// Swarm is many users on one timetable.
type Swarm struct {
	options Options
	users   []*user
}

// user is one of them.
type user struct {
	conn *load.Conn

	mu sync.Mutex
	// sent counts the requests so far, open those that are on their way.
	sent, open int
	// away is until when the server has asked to be left alone.
	away time.Time
}

// New prepares the users; nothing is sent before Run.
func New(o Options) (*Swarm, error) {
	if len(o.Configs) == 0 || o.Mix == nil || o.AtOnce <= 0 || o.Timeout <= 0 {
		return nil, errors.New("preparing a swarm: no users, no mix or no bound")
	}
	s := &Swarm{options: o}
	for i, c := range o.Configs {
		conn, err := load.NewConn(c)
		if err != nil {
			return nil, fmt.Errorf("preparing user %d of a swarm: %w", i, err)
		}
		s.users = append(s.users, &user{conn: conn})
	}
	return s, nil
}

// Classes hold every request.
func (s *Swarm) Classes() []*Class { return s.options.Mix.Classes() }

// Run sends until ctx ends.
func (s *Swarm) Run(ctx context.Context) {
	var calls sync.WaitGroup
	defer func() {
		calls.Wait()
		for _, u := range s.users {
			u.conn.Close()
		}
	}()
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for n := 0; ; n++ {
		after, ok := s.options.Pace.Due(n)
		if !ok {
			<-ctx.Done()
			return
		}
		due := start.Add(after)
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
		}
		if ctx.Err() != nil {
			return
		}
		who := n % len(s.users)
		u := s.users[who]
		if nth, may := u.begin(due, s.options.AtOnce); may {
			calls.Go(func() {
				got := ask(ctx, u.conn, s.options.Mix.Next(who, nth), due, s.options.Timeout)
				u.end(got.retryAfter)
			})
		}
	}
}

// begin counts a request in, unless the user has as many on their way as it may, or is
// to stay away.
func (u *user) begin(due time.Time, most int) (nth int, may bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.open >= most || due.Before(u.away) {
		return 0, false
	}
	u.open++
	u.sent++
	return u.sent - 1, true
}

func (u *user) end(away time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.open--
	if away > 0 {
		u.away = time.Now().Add(away)
	}
}

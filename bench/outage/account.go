// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/await"
)

const (
	// askEvery is how often the client asks, and servedWithin how long it waits: what takes
	// longer is not served.
	askEvery, servedWithin = 250 * time.Millisecond, 4 * time.Second
	// inMinute is half a minute: of how much of it a minute must be down to be bad.
	inMinute = 30 * time.Second
)

// account is that of a client of the tenant's balancer, which dials anew for every request
// and reads one small object from etcd. It is the truth that the ledger is held against.
type account struct {
	client *http.Client
	url    string

	mu sync.Mutex
	// asked are the requests by when they began, and whether they were served.
	asked []asked
}

type asked struct {
	at     time.Time
	served bool
	why    string
}

// newAccount makes the client.
func newAccount(config *rest.Config) (*account, error) {
	config = rest.CopyConfig(config)
	config.Timeout = servedWithin
	config.QPS = -1
	t, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, fmt.Errorf("making the tenant's client: %w", err)
	}
	return &account{
		client: &http.Client{Timeout: servedWithin, Transport: &http.Transport{TLSClientConfig: t, DisableKeepAlives: true}},
		url:    config.Host + "/api/v1/namespaces/kube-system",
	}, nil
}

// run asks until ctx ends; requests do not wait for each other.
func (a *account) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for await.Pass(ctx, askEvery) == nil {
		a.mu.Lock()
		i := len(a.asked)
		a.asked = append(a.asked, asked{at: time.Now(), why: "not answered yet"})
		a.mu.Unlock()
		all.Go(func() {
			err := a.ask(ctx)
			a.mu.Lock()
			defer a.mu.Unlock()
			a.asked[i].served, a.asked[i].why = err == nil, ""
			if err != nil {
				a.asked[i].why = err.Error()
			}
		})
	}
}

func (a *account) ask(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url, nil)
	if err != nil {
		return err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it is answered %d", response.StatusCode)
	}
	return nil
}

// down says why the tenant does not serve by the last requests that are over; empty where it
// does.
func (a *account) down() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	const in = 8 // two seconds
	n := 0
	for i := len(a.asked) - 1; i >= 0 && n < in; i-- {
		if !a.asked[i].served {
			if a.asked[i].why == "not answered yet" {
				continue
			}
			return a.asked[i].why
		}
		n++
	}
	if n < in {
		return "hardly anything was asked"
	}
	return ""
}

// bad are the bad minutes of a time: those of which requests that began in half a minute or
// more were not served.
func (a *account) bad(from, to time.Time) (minutes []time.Time) {
	lost := a.lost(from, to)
	for m := from.UTC().Truncate(time.Minute); m.Before(to); m = m.Add(time.Minute) {
		if lost[m] >= inMinute {
			minutes = append(minutes, m)
		}
	}
	return minutes
}

// lost is how much of each minute of a time requests began in that were not served.
func (a *account) lost(from, to time.Time) map[time.Time]time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	lost := map[time.Time]time.Duration{}
	for i, one := range a.asked {
		if one.served || one.at.Before(from) || !one.at.Before(to) || i+1 == len(a.asked) {
			continue
		}
		lost[one.at.UTC().Truncate(time.Minute)] += a.asked[i+1].at.Sub(one.at)
	}
	return lost
}

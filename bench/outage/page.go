// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package outage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/stage"
)

const (
	// pageEvery is how often the dashboard's page is asked for, as a browser does that shows
	// it, and mostPage how much of it is read.
	pageEvery, mostPage = 5 * time.Second, 4 << 20
)

// page asks an operator replica for the tenant's page, as somebody who may see it.
type page struct {
	url, token string

	mu   sync.Mutex
	seen []time.Time
	last error
}

// newPage is the page of the operator replica that leads.
func (r *run) newPage(ctx context.Context) (*page, error) {
	seconds := int64((r.Dead + time.Hour).Seconds())
	token, err := r.host.CoreV1().ServiceAccounts(stage.SystemNamespace).CreateToken(ctx, "evenkeel",
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("asking for a token for the dashboard: %w", err)
	}
	leader, err := r.leader(ctx)
	if err != nil {
		return nil, err
	}
	pods, err := r.operators(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range pods {
		if leads(leader, p.Name) {
			return &page{url: "http://" + net.JoinHostPort(p.Status.PodIP, stage.DashboardPort) + "/cp/" + stage.TenantNamespace + "/" + stage.TenantName, token: token.Status.Token}, nil
		}
	}
	return nil, fmt.Errorf("no pod of Evenkeel is %s, which leads", leader)
}

// run asks until ctx ends.
func (p *page) run(ctx context.Context) {
	for {
		err := p.ask(ctx)
		p.mu.Lock()
		if p.last = err; err == nil {
			p.seen = append(p.seen, time.Now())
		}
		p.mu.Unlock()
		if await.Pass(ctx, pageEvery) != nil {
			return
		}
	}
}

func (p *page) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pageEvery)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostPage))
	switch {
	case err != nil:
		return err
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("it is answered %d", response.StatusCode)
	case !strings.Contains(string(body), stage.TenantName):
		return errors.New("it does not name the tenant")
	default:
		return nil
	}
}

// gap is the longest time without the page, and what was last in the way.
func (p *page) gap(from, to time.Time) (time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return longestGap(p.seen, from, to), p.last
}

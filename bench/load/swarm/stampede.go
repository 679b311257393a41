// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/load"
)

const (
	// pageSize and firstBackoff are client-go's own (tools/pager, tools/cache), and so
	// is doubling the wait up to mostBackoff.
	pageSize     = 500
	firstBackoff = 800 * time.Millisecond
	mostBackoff  = 30 * time.Second
	// pageWork is what a page counts for: flow control has a list of 500 objects take
	// as many seats.
	pageWork = 5
)

// informed are what each informer client lists and watches.
var informed = []string{"/api/v1/pods", "/api/v1/configmaps", "/api/v1/secrets"}

// StampedeOptions describe informers that start cold together.
type StampedeOptions struct {
	// Configs are the clients' ways to the apiserver, one each.
	Configs []*rest.Config
	// Every is the time from one cold start to the next.
	Every time.Duration
	// Timeout bounds one page.
	Timeout time.Duration
}

// Stampede is informers that all list at once, page by page, then watch, and are
// killed and started again together.
type Stampede struct {
	options StampedeOptions
	conns   []*load.Conn
	page    *Class
	// Syncs holds every cold start of a client: from its start until it has listed all.
	Syncs *load.Recorder
}

// NewStampede prepares the clients; nothing is sent before Run.
func NewStampede(o StampedeOptions) (*Stampede, error) {
	if len(o.Configs) == 0 || o.Every <= 0 || o.Timeout <= 0 {
		return nil, errors.New("preparing a stampede: no clients or no bound")
	}
	s := &Stampede{options: o, page: newClass("page", SLOCluster, pageWork), Syncs: load.NewRecorder()}
	for i, c := range o.Configs {
		conn, err := load.NewConn(c)
		if err != nil {
			return nil, fmt.Errorf("preparing client %d of a stampede: %w", i, err)
		}
		s.conns = append(s.conns, conn)
	}
	return s, nil
}

// Classes hold every page.
func (s *Stampede) Classes() []*Class { return []*Class{s.page} }

// Run starts the clients again and again until ctx ends.
func (s *Stampede) Run(ctx context.Context) {
	for ctx.Err() == nil {
		life, cancel := context.WithTimeout(ctx, s.options.Every)
		var clients sync.WaitGroup
		for _, conn := range s.conns {
			clients.Go(func() {
				s.start(life, conn)
				// A process that starts has no connection yet.
				conn.Close()
			})
		}
		<-life.Done()
		clients.Wait()
		cancel()
	}
}

// start is one life of a client: an informer for each resource, side by side.
func (s *Stampede) start(life context.Context, conn *load.Conn) {
	sync1 := s.Syncs.Begin(time.Now())
	var informers, lists sync.WaitGroup
	for _, path := range informed {
		lists.Add(1)
		informers.Go(func() {
			version := s.list(life, conn, path)
			lists.Done()
			watch(life, conn, path, version)
		})
	}
	lists.Wait()
	if life.Err() != nil {
		sync1.End(time.Now(), load.TimedOut, 0) // killed before it had all
	} else {
		sync1.End(time.Now(), load.OK, http.StatusOK)
	}
	informers.Wait()
}

// list lists page by page until it has all, as a reflector does, and returns the
// version to watch from.
func (s *Stampede) list(life context.Context, conn *load.Conn, path string) (version string) {
	next, wait := "", firstBackoff
	for life.Err() == nil {
		r := Request{Class: s.page, Method: http.MethodGet, Path: fmt.Sprintf("%s?limit=%d&continue=%s", path, pageSize, url.QueryEscape(next))}
		got := ask(life, conn, r, time.Now(), s.options.Timeout)
		meta, err := listMeta(got.head)
		switch {
		case got.status == http.StatusOK && err == nil && meta.Continue == "":
			return meta.ResourceVersion
		case got.status == http.StatusOK && err == nil:
			next, wait = meta.Continue, firstBackoff
			continue
		case got.status == http.StatusGone:
			next = "" // the list is too old to go on with
		}
		pause(life, max(wait, got.retryAfter))
		wait = min(2*wait, mostBackoff)
	}
	return ""
}

// watch holds a watch open until the client's life ends.
func watch(life context.Context, conn *load.Conn, path, version string) {
	for life.Err() == nil {
		response, err := send(life, conn, Request{Method: http.MethodGet, Path: path + "?watch=1&allowWatchBookmarks=true&resourceVersion=" + version})
		if err == nil {
			_, _ = io.Copy(io.Discard, response.Body) // it ends with the client's life, or is opened again
			_ = response.Body.Close()
		}
		pause(life, firstBackoff)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

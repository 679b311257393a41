// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package web is the dashboard: what Evenkeel sees of every control plane and does about it,
// as pages that need no other system.
//
// Who somebody is and what he may see is the host cluster's to say (gate.go). Pages are made
// here, charts among them, and are whole without scripts; a small script fetches what has
// changed. It asks every five seconds instead of keeping a stream open: a question that is
// answered with 304 costs less than a connection for each reader, goes through every proxy
// and port-forward, and a missed answer mends itself.
//
// Nothing is loaded from elsewhere, and the pages forbid it.
package web

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	authenticationclient "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorizationclient "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"evenkeel.dev/evenkeel/operator/history"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// Past tells of times that the operator does not remember.
type Past interface {
	// Series are the points of a control plane in a span of time.
	Series(ctx context.Context, key types.NamespacedName, since, until time.Time, step time.Duration) ([]history.Point, error)
}

// Config is what a dashboard needs.
type Config struct {
	// Address to serve at, as host:port. CertDir is the folder of tls.crt and tls.key;
	// without one the address must be of loopback.
	Address, CertDir string
	// Profiles reads ControlPlaneProfiles, from a cache: they are listed once a second while
	// somebody looks. Ledgers reads AvailabilityLedgers one by one.
	Profiles, Ledgers client.Reader
	// Tokens and Access are the host cluster's, to ask who somebody is and may see. Strangers
	// is for tokens that were not known before; nil is the same as Tokens.
	Tokens, Strangers authenticationclient.TokenReviewInterface
	Access            authorizationclient.SubjectAccessReviewInterface
	// History is the operator's own memory; nil remembers nothing.
	History *history.Store
	// Probes are those of the last round of a control plane that this process has asked; nil
	// knows of none.
	Probes func(key types.NamespacedName) []sla.Probe
	// Past is a store of longer memory; nil is none.
	Past Past
	// Now is the clock.
	Now func() time.Time
	Log logr.Logger
}

// Server is the dashboard.
type Server struct {
	config   Config
	secure   bool
	gate     *gate
	sessions *sessions
	once     *once
	log      logr.Logger
	handler  http.Handler

	mu   sync.Mutex
	last *view
	// toldSilent is when it was last told that the host is silent.
	toldSilent atomic.Int64

	// process tells this process from others, and from the one before it.
	process string
}

//go:embed static
var static embed.FS

// New is a dashboard. It errs where what it would show could be read on the way.
func New(c Config) (*Server, error) {
	s := &Server{config: c, secure: c.CertDir != "", log: c.Log.WithName("web"), gate: newGate(c.Tokens, c.Strangers, c.Access), sessions: newSessions(c.Now), once: newOnce(), process: rand.Text()[:8]}
	if err := check(c.Address, s.secure); err != nil {
		return nil, err
	}
	if c.Profiles == nil || c.Ledgers == nil || c.Tokens == nil || c.Access == nil || c.Now == nil {
		return nil, errors.New("setting up the dashboard: it needs profiles, ledgers, a clock, and a host cluster to ask who may see what")
	}
	files, err := assets()
	if err != nil {
		return nil, fmt.Errorf("setting up the dashboard: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /static/", files)
	mux.HandleFunc("GET /login", s.showLogin)
	mux.HandleFunc("POST /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	mux.HandleFunc("GET /{$}", s.seen(s.showFleet))
	mux.HandleFunc("GET /live/fleet", s.seen(s.liveFleet))
	mux.HandleFunc("GET /cp/{namespace}/{name}", s.seen(s.ofPlane(s.showPlane)))
	mux.HandleFunc("GET /live/cp/{namespace}/{name}", s.seen(s.ofPlane(s.livePlane)))
	mux.HandleFunc("GET /cp/{namespace}/{name}/probes.json", s.seen(s.ofPlane(s.probesJSON)))
	mux.HandleFunc("GET /cp/{namespace}/{name}/report", s.seen(s.ofPlane(s.showReport)))
	mux.HandleFunc("GET /cp/{namespace}/{name}/report.csv", s.seen(s.ofPlane(s.reportCSV)))
	mux.HandleFunc("GET /cp/{namespace}/{name}/report.json", s.seen(s.ofPlane(s.reportJSON)))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusNotFound, "No such page", "There is no page at this address.")
	})
	s.handler = guarded(http.NewCrossOriginProtection().Handler(mux), s.secure)
	return s, nil
}

// Handler serves the pages.
func (s *Server) Handler() http.Handler { return s.handler }

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"time"

	"golang.org/x/net/netutil"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// check is that an address may be served at: what carries tokens goes without TLS over
// loopback alone, as behind kubectl port-forward.
func check(address string, secure bool) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("the dashboard's address %q: %w", address, err)
	}
	ip, err := netip.ParseAddr(host)
	if secure || host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("the dashboard's address %q: tokens would go over the network in the clear; name a folder with tls.crt and tls.key, or an address of loopback", address)
}

// NeedLeaderElection tells the manager that every operator replica serves the dashboard:
// whoever asks need not know which one leads.
func (*Server) NeedLeaderElection() bool { return false }

// listenAgain is how long after a failure it is tried again to serve.
const listenAgain = 5 * time.Second

// Start serves until the context ends. What goes wrong is tried again: an address that is
// taken, or a certificate that cannot be read, is no reason to leave control planes alone.
func (s *Server) Start(ctx context.Context) error {
	for {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.config.Address)
		if err == nil {
			err = s.Serve(ctx, l)
		}
		if ctx.Err() != nil {
			return err
		}
		s.log.Error(err, "The dashboard is not served; it is tried again", "address", s.config.Address)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(listenAgain):
		}
	}
}

// mostConnections is how many connections are served at once. Each costs some tens of KiB
// before anybody has said who he is, of a process that looks after control planes.
const mostConnections = 512

// Serve serves on a listener until the context ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	l = netutil.LimitListener(l, mostConnections)
	if s.secure {
		w, err := certwatcher.New(filepath.Join(s.config.CertDir, "tls.crt"), filepath.Join(s.config.CertDir, "tls.key"))
		if err != nil {
			return errors.Join(fmt.Errorf("reading the dashboard's certificate: %w", err), l.Close())
		}
		go func() {
			if err := w.Start(ctx); err != nil {
				s.log.Error(err, "The dashboard's certificate is not read anew")
			}
		}()
		l = tls.NewListener(l, &tls.Config{GetCertificate: w.GetCertificate, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	server := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 90 * time.Second, MaxHeaderBytes: 64 << 10,
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	s.log.Info("The dashboard is served", "address", l.Addr().String(), "tls", s.secure)
	select {
	case err := <-done:
		return fmt.Errorf("serving the dashboard: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("ending the dashboard: %w", err)
	}
	return nil
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
)

// usualPort is a kubelet's.
const usualPort = 10250

// Options are what a server shows, and to whom.
type Options struct {
	Node    string
	Address net.IP
	// Cert and Key are the serving pair, ClientCA the authority of client
	// certificates, all PEM.
	Cert, Key, ClientCA []byte
	Client              kubernetes.Interface
	Usage               func() Usage
	Log                 func(namespace, pod, container string, previous bool) (Log, error)
}

// Server is a running server.
type Server struct {
	o    Options
	http *http.Server
	port int
	done sync.WaitGroup
}

// Start listens at the usual port of the address, or at a free one where that is
// taken.
func Start(ctx context.Context, o Options) (*Server, error) {
	pair, err := tls.X509KeyPair(o.Cert, o.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the node's serving certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(o.ClientCA) // none: certificates say nothing
	listener, err := listen(ctx, o.Address)
	if err != nil {
		return nil, err
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.Join(fmt.Errorf("listening at %s: no TCP address", listener.Addr()), listener.Close())
	}
	s := &Server{o: o, port: address.Port}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	secure := tls.NewListener(listener, &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair},
		ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: roots, NextProtos: []string{"http/1.1"},
	})
	s.done.Go(func() { _ = s.http.Serve(secure) }) // ends with Close
	return s, nil
}

func listen(ctx context.Context, ip net.IP) (net.Listener, error) {
	var failed error
	for _, port := range []int{usualPort, 0} {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(ip.String(), strconv.Itoa(port)))
		if err == nil {
			return listener, nil
		}
		failed = err
	}
	return nil, fmt.Errorf("listening at the node's address: %w", failed)
}

// Port is where the server listens.
func (s *Server) Port() int { return s.port }

// Close ends the server and all of its connections at once.
func (s *Server) Close() error {
	err := s.http.Close()
	s.done.Wait()
	return err
}

func (s *Server) routes() http.Handler {
	a := &access{client: s.o.Client, node: s.o.Node, remembered: map[string]verdict{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics/resource", a.guard([]string{"metrics", "proxy"}, s.serveUsage))
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", a.guard([]string{"proxy"}, s.serveLog))
	mux.HandleFunc("GET /healthz", a.guard([]string{"healthz", "proxy"}, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok")) // a caller that has gone
	}))
	return mux
}

func (s *Server) serveUsage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_ = s.o.Usage().Write(w, time.Now()) // a caller that has gone
}

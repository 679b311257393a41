// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package prometheus runs a real Prometheus server on loopback and asks it, as the rules
// and dashboards that Evenkeel ships are used: what it scrapes, which alerts it has
// pending and firing and since when, and what an expression gives.
package prometheus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/bench/await"
	"evenkeel.dev/evenkeel/bench/testbed/cgroup"
	"evenkeel.dev/evenkeel/bench/testbed/process"
)

const (
	// startWithin bounds the start; replaying the log of a data folder is counted in.
	startWithin = 90 * time.Second
	// stopGrace is what it gets to write its data before it is killed.
	stopGrace = 8 * time.Second
	// portTries is how often it may find its port taken.
	portTries = 4
	// logTail is how much of its log an error shows, in bytes.
	logTail = 3000
)

// Options say what to run.
type Options struct {
	// Binary is the server's path, Dir the folder for its configuration, its log and its
	// data. A server that is started on the folder of one before has its data.
	Binary, Dir string
	// Runner starts it, in Group where that is not nil.
	Runner *process.Runner
	Group  *cgroup.Group
	// Targets are scraped every Scrape, rules evaluated every Evaluate; zero is a second.
	Targets          []Target
	Scrape, Evaluate time.Duration
	// Rules are paths of rule files.
	Rules []string
	// ReceiveWrites has it take what others write to it (remote write), WriteTo has it
	// write what it scrapes to another's WriteURL.
	ReceiveWrites bool
	WriteTo       string
	// OutOfOrder is how far behind the newest a sample may be that is written to it.
	OutOfOrder time.Duration
	// Logf is told what happens; nil tells nobody.
	Logf func(format string, args ...any)
}

// Target is what is scraped.
type Target struct {
	// Job and Address become the labels job and instance; the address is host and port.
	Job, Address string
	// Scheme is http where it is empty, and Path /metrics.
	Scheme, Path string
	// Labels are put on all of its series.
	Labels map[string]string
}

// Server is a server that runs.
type Server struct {
	Client
	process *process.Process
	log     string
}

// Start starts a server and waits until it is ready to answer. Stop ends it; it dies with
// the process that has started it.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	began := time.Now()
	for try := 1; ; try++ {
		s, err := startOnce(ctx, o)
		if err == nil {
			o.Logf("Prometheus is ready at %s after %.1f s", s.URL, time.Since(began).Seconds())
			return s, nil
		}
		if try == portTries || !strings.Contains(err.Error(), "address already in use") {
			return nil, fmt.Errorf("starting Prometheus: %w", err)
		}
	}
}

func startOnce(ctx context.Context, o Options) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	s := &Server{Client: Client{URL: "http://" + address}, log: filepath.Join(o.Dir, "prometheus.log")}
	path, err := o.write()
	if err != nil {
		return nil, err
	}
	_ = os.Remove(s.log) // of a try, or a server, before this one
	s.process, err = o.Runner.Start(process.Spec{
		Name: "prometheus", Argv: append([]string{o.Binary}, o.arguments(path, address)...),
		Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + o.Dir}, Dir: o.Dir, LogPath: s.log, Group: o.Group,
	})
	if err != nil {
		return nil, err
	}
	err = await.Until(ctx, startWithin, 50*time.Millisecond, "it to be ready", func(ctx context.Context) error {
		select {
		case <-s.process.Done():
			return nil // there is nothing to wait for
		default:
		}
		_, err := s.get(ctx, "/-/ready", nil)
		return err
	})
	if err = errors.Join(err, s.Alive()); err != nil {
		return nil, errors.Join(err, s.Stop(ctx))
	}
	return s, nil
}

func (o Options) arguments(configuration, address string) []string {
	all := []string{
		"--config.file=" + configuration, "--web.listen-address=" + address,
		"--storage.tsdb.path=" + filepath.Join(o.Dir, "data"),
		// A test must not wait for its targets to be taken notice of.
		"--scrape.discovery-reload-interval=500ms",
	}
	if o.ReceiveWrites {
		all = append(all, "--web.enable-remote-write-receiver")
	}
	return all
}

// PID is the process's id.
func (s *Server) PID() int { return s.process.PID() }

// WriteURL is where others write to, where it was started to take that.
func (s *Server) WriteURL() string { return s.URL + "/api/v1/write" }

// Alive is an error with the end of the log when the process has ended.
func (s *Server) Alive() error {
	select {
	case <-s.process.Done():
		code, signal, _ := s.process.Exit()
		return fmt.Errorf("prometheus has ended (status %d %s); the end of its log:\n%s", code, signal, process.Tail(s.log, logTail))
	default:
		return nil
	}
}

// Stop ends the server: it is asked to, and killed when it has not within some seconds.
func (s *Server) Stop(ctx context.Context) error {
	if err := s.process.Stop(ctx, stopGrace); err != nil {
		return fmt.Errorf("stopping Prometheus: %w", err)
	}
	return nil
}

// freePort finds a port of 127.0.0.1 that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a local listener that is closed at once
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	address, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("finding a free port: got the address %s", l.Addr())
	}
	return address.Port, nil
}

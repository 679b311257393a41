// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/bench/testbed/process"
)

const (
	// startWithin bounds the start of one component; a cold page cache and a busy
	// machine are counted in.
	startWithin = 90 * time.Second
	// stopGrace is what a component gets before it is killed.
	stopGrace = 8 * time.Second
	// portTries is how often a component may find its port taken.
	portTries = 4
	// logTail is how much of a log an error shows, in bytes.
	logTail = 3000
)

// component is one process of the cluster.
type component struct {
	name, log string
	process   *process.Process
	// stopping closes when the component's end is asked for.
	stopping chan struct{}
}

// run starts a component on free ports and waits until its health URL answers.
// args is told the ports.
func (c *Cluster) run(ctx context.Context, name, binary string, ports int, args func(ports []int) (arguments []string, health string)) error {
	began := time.Now()
	for try := 1; ; try++ {
		free, err := freePorts(ports)
		if err != nil {
			return fmt.Errorf("starting the host cluster's %s: %w", name, err)
		}
		arguments, health := args(free)
		err = c.runOnce(ctx, name, binary, arguments, health)
		if err == nil {
			c.options.Logf("the host cluster's %s is ready after %.1f s", name, time.Since(began).Seconds())
			return nil
		}
		if try == portTries || !strings.Contains(err.Error(), "address already in use") {
			return fmt.Errorf("starting the host cluster's %s: %w", name, err)
		}
	}
}

func (c *Cluster) runOnce(ctx context.Context, name, binary string, arguments []string, health string) error {
	group, err := c.options.Cgroups.Group("host/" + name)
	if err != nil {
		return err
	}
	client, err := c.healthClient()
	if err != nil {
		return err
	}
	started := &component{name: name, log: filepath.Join(c.options.Dir, name+".log"), stopping: make(chan struct{})}
	_ = os.Remove(started.log) // of a try before this one
	started.process, err = c.options.Runner.Start(process.Spec{
		Name: name, Argv: append([]string{binary}, arguments...), Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.options.Dir},
		Dir: c.options.Dir, LogPath: started.log, Group: group,
	})
	if err != nil {
		return err
	}
	err = poll(ctx, startWithin, "its health at "+health, func(ctx context.Context) error {
		if err := started.alive(); err != nil {
			return &fatalError{err}
		}
		return healthy(ctx, client, health)
	})
	if err != nil {
		return errors.Join(err, started.stop(ctx))
	}
	c.components = append(c.components, started)
	go started.watch(c.options.Logf)
	return nil
}

// watch tells of a component that ends without having been asked to.
func (p *component) watch(logf func(string, ...any)) {
	<-p.process.Done()
	select {
	case <-p.stopping:
	default:
		logf("the host cluster is broken: %v", p.alive())
	}
}

func (p *component) alive() error {
	select {
	case <-p.process.Done():
		code, signal, _ := p.process.Exit()
		return fmt.Errorf("%s has ended (status %d %s); the end of its log:\n%s", p.name, code, signal, process.Tail(p.log, logTail))
	default:
		return nil
	}
}

// stop ends the component; once.
func (p *component) stop(ctx context.Context) error {
	close(p.stopping)
	return p.process.Stop(ctx, stopGrace)
}

// healthClient trusts the cluster's CA, which signs for every component.
func (c *Cluster) healthClient() (*http.Client, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(c.CA.PEM())
	pair, err := tls.LoadX509KeyPair(c.pki("admin.crt"), c.pki("admin.key"))
	if err != nil {
		return nil, fmt.Errorf("loading the administrator's certificate: %w", err)
	}
	return &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		DisableKeepAlives: true,
	}}, nil
}

func healthy(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s: %s", answer.Status, body)
	}
	return nil
}

// freePorts finds ports of 127.0.0.1 that nobody listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a local listener that is closed at once
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer func() { _ = l.Close() }()
		address, ok := l.Addr().(*net.TCPAddr)
		if !ok {
			return nil, fmt.Errorf("finding a free port: got the address %s", l.Addr())
		}
		ports = append(ports, address.Port)
	}
	return ports, nil
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pages takes the metrics page of a real kube-apiserver, in the forms in
// which it can be had, for decoders to be compared on.
package pages

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/evenkeel/bench/testbed/ground"
	"evenkeel.dev/evenkeel/bench/testbed/host"
	"evenkeel.dev/evenkeel/bench/testbed/servers"
)

// The names of the files that Take writes: the page as text (version 0.0.4), and as
// delimited io.prometheus.client.MetricFamily messages.
const (
	TextFile  = "page.txt"
	ProtoFile = "page.pb"
)

// The forms in which a page is asked for.
const (
	TextForm  = "text/plain; version=0.0.4"
	ProtoForm = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
)

const (
	// stopWithin bounds the end of the servers.
	stopWithin = 20 * time.Second
	// mostBytes bounds a page: a hundred times a fresh one.
	mostBytes = 150 << 20
)

// Take starts a control plane of real servers in dir, which it clears before and
// after, and writes its kube-apiserver's page to the folder out, in both forms, taken
// one after the other when its controllers have done their first work.
func Take(ctx context.Context, dir, out string, b servers.Binaries, logf func(string, ...any)) (err error) {
	cleared, err := ground.Clear(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ground.Clean(dir)) }()
	cluster, err := host.Start(ctx, host.Options{
		Dir: filepath.Join(dir, "host"), Binaries: b, Runner: cleared.Runner, Cgroups: cleared.Cgroups, Logf: logf,
	})
	if err != nil {
		return fmt.Errorf("starting a control plane: %w", err)
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
		defer cancel()
		err = errors.Join(err, cluster.Stop(stop))
	}()
	client, err := rest.HTTPClientFor(cluster.AdminConfig)
	if err != nil {
		return fmt.Errorf("reaching the control plane: %w", err)
	}
	if err := os.MkdirAll(out, 0o750); err != nil {
		return fmt.Errorf("making the folder for pages: %w", err)
	}
	for name, form := range map[string]string{TextFile: TextForm, ProtoFile: ProtoForm} {
		if err := write(ctx, client, cluster.URL+"/metrics", form, filepath.Join(out, name)); err != nil {
			return fmt.Errorf("taking the page as %s: %w", form, err)
		}
	}
	return nil
}

// write writes what a URL answers in a form to a file.
func write(ctx context.Context, client *http.Client, url, form, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", form)
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, mostBytes))
	if e := answer.Body.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	wanted, _, _ := mime.ParseMediaType(form)
	if got, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); answer.StatusCode != http.StatusOK || got != wanted {
		return fmt.Errorf("it answered %s with %q", answer.Status, answer.Header.Get("Content-Type"))
	}
	return os.WriteFile(path, body, 0o600)
}

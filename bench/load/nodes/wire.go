// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"

	"evenkeel.dev/evenkeel/bench/load"
)

const (
	protobufBody   = runtime.ContentTypeProtobuf
	strategicMerge = "application/strategic-merge-patch+json"
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
	// patience bounds one request that is not a renewal; it is tried again for as long
	// as insistFor, and first after firstPause.
	patience   = 20 * time.Second
	insistFor  = time.Minute
	firstPause = 200 * time.Millisecond
	mostPause  = 5 * time.Second
)

// codec reads and writes protobuf as a kubelet does.
var codec = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)

// message is an object that the codec knows.
type message = runtime.Object

func encode(object message) ([]byte, error) {
	var b bytes.Buffer
	if err := codec.Encode(object, &b); err != nil {
		return nil, fmt.Errorf("writing a %T: %w", object, err)
	}
	return b.Bytes(), nil
}

func decode(raw []byte, into message) error {
	if _, _, err := codec.Decode(raw, nil, into); err != nil {
		return fmt.Errorf("reading a %T: %w", into, err)
	}
	return nil
}

// request is one to be sent; kind is its body's type, protobuf where it is empty.
type request struct {
	method, path, kind string
	body               []byte
}

func send(ctx context.Context, conn *load.Conn, r request) (*http.Response, error) {
	var body io.Reader = http.NoBody
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, conn.Base+r.path, body)
	if err != nil {
		return nil, err
	}
	if r.kind == "" {
		r.kind = protobufBody
	}
	if r.body != nil {
		sent.Header.Set("Content-Type", r.kind)
	}
	sent.Header.Set("Accept", protobufBody)
	sent.Header.Set("User-Agent", "kubelet")
	return conn.Do(sent)
}

// ask sends a request and reads its answer to the end, up to a bound.
func ask(ctx context.Context, conn *load.Conn, r request) (status int, answer []byte, err error) {
	got, err := send(ctx, conn, r)
	if err != nil {
		return 0, nil, err
	}
	answer, err = io.ReadAll(io.LimitReader(got.Body, maxAnswer))
	if e := got.Body.Close(); err == nil {
		err = e
	}
	return got.StatusCode, answer, err
}

// insist tries again while the server is too busy or not reachable.
func insist(ctx context.Context, try func(ctx context.Context) (int, error)) error {
	until, pause := time.Now().Add(insistFor), firstPause
	for {
		one, cancel := context.WithTimeout(ctx, patience)
		status, err := try(one)
		cancel()
		switch {
		case err == nil && good(status):
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil && !passing(status), time.Now().After(until):
			return fmt.Errorf("%s", outcome(status, err))
		}
		if !sleep(ctx, pause) {
			return context.Cause(ctx)
		}
		pause = min(2*pause, mostPause)
	}
}

func good(status int) bool { return status >= 200 && status < 300 }

// passing is true for answers that a busy server gives.
func passing(status int) bool {
	return status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}

// outcome says what came of a request.
func outcome(status int, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("answered %d %s", status, http.StatusText(status))
}

// sleep lets time go by; it is false when ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if ctx.Err() != nil {
		return false
	}
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

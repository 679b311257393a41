// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package checker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/evenkeel/bench/load"
)

const (
	// numberKey holds a write's number.
	numberKey = "n"
	// maxObject bounds what is read of an object, in bytes.
	maxObject = 64 << 10
)

// outcome is what is known of a write.
type outcome int

const (
	unknown outcome = iota
	acknowledged
	refused
)

// answer is what came of a write; version is the object's when it was acknowledged.
type answer struct {
	outcome outcome
	version string
}

// send creates the object, where its version is empty, or updates it from that version.
func (w *writer) send(ctx context.Context, object, version string, n int) answer {
	method, path := http.MethodPost, w.path("")
	if version != "" {
		method, path = http.MethodPut, w.path(object)
	}
	body, err := json.Marshal(corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Namespace: w.options.Namespace, Name: object, ResourceVersion: version},
		Data:       map[string]string{numberKey: strconv.Itoa(n)},
	})
	if err != nil {
		return answer{outcome: refused}
	}
	status, raw, err := ask(ctx, w.write, method, path, body)
	if err != nil {
		return answer{}
	}
	return classify(status, raw)
}

// classify tells from its answer what became of a write. A conflict says that the object
// is not as the writer thought, and a 404 that it is gone: this write was not carried out.
func classify(status int, raw []byte) answer {
	switch status {
	case http.StatusOK, http.StatusCreated:
		var written corev1.ConfigMap
		if err := json.Unmarshal(raw, &written); err != nil || written.ResourceVersion == "" {
			return answer{}
		}
		return answer{outcome: acknowledged, version: written.ResourceVersion}
	case http.StatusConflict, http.StatusNotFound, http.StatusTooManyRequests, http.StatusForbidden, http.StatusUnauthorized:
		return answer{outcome: refused}
	default:
		return answer{}
	}
}

// get reads an object as etcd's quorum has it: no resource version is asked for.
func (w *writer) get(ctx context.Context, object string) (value int, version string, found bool, err error) {
	status, raw, err := ask(ctx, w.read, http.MethodGet, w.path(object), nil)
	switch {
	case err != nil:
		return 0, "", false, err
	case status == http.StatusNotFound:
		return 0, "", false, nil
	case status != http.StatusOK:
		return 0, "", false, fmt.Errorf("answered %d %s", status, http.StatusText(status))
	}
	var there corev1.ConfigMap
	if err := json.Unmarshal(raw, &there); err != nil {
		return 0, "", false, fmt.Errorf("reading the answer: %w", err)
	}
	if value, err = strconv.Atoi(there.Data[numberKey]); err != nil {
		value = -1 // nobody wrote that
	}
	return value, there.ResourceVersion, true, nil
}

func (w *writer) path(object string) string {
	path := "/api/v1/namespaces/" + w.options.Namespace + "/configmaps"
	if object != "" {
		path += "/" + object
	}
	return path
}

// ask sends one request, once, and reads its answer. ctx ends it, and so does Deadline.
func ask(ctx context.Context, conn *load.Conn, method, path string, body []byte) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, Deadline)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, conn.Base+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	reply, err := conn.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = reply.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(reply.Body, maxObject))
	return reply.StatusCode, raw, err
}

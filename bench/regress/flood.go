// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package regress

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/bench/load"
	"evenkeel.dev/evenkeel/bench/testbed/tenant"
)

// every does something again and again until ctx ends.
func every(ctx context.Context, d time.Duration, do func(n int)) {
	tick := time.NewTicker(d)
	defer tick.Stop()
	for n := 0; ; n++ {
		do(n)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// replica is the apiserver that was touched, for a client of its own address.
func (r *run) replica(touched touchedPod) tenant.Replica {
	return tenant.Replica{Name: touched.name, Node: touched.node, Zone: touched.zone, Address: touched.address + ":6443"}
}

const (
	// body is what one upload holds, and uploads how many begin a second: the server reads
	// each into its memory, waits for the end, and gives up after a minute.
	body    = 2900 << 10
	uploads = 12
	// mostUploads bounds them.
	mostUploads = 600
)

// leak has one apiserver take more and more memory: bodies of requests that never end.
func leak(ctx context.Context, r *run, touched touchedPod) error {
	config := r.stage.Tenant.ReplicaConfig(r.replica(touched))
	conn, err := load.NewConn(config)
	if err != nil {
		return err
	}
	piece := bytes.Repeat([]byte("x"), body)
	go every(ctx, time.Second/uploads, func(n int) {
		if n >= mostUploads {
			return
		}
		go func() {
			reader, writer := io.Pipe()
			defer func() { _ = reader.Close() }()
			go func() {
				_, _ = writer.Write(append([]byte(`{"kind":"ConfigMap","data":{"x":"`), piece...))
				<-ctx.Done()
				_ = writer.Close()
			}()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, conn.Base+"/api/v1/namespaces/default/configmaps", reader)
			if err != nil {
				return
			}
			request.Header.Set("Content-Type", "application/json")
			_, _ = conn.Exchange(request)
		}()
	})
	return nil
}

// failing is a webhook that nobody answers, and that must.
const failing = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: nobody-there}
webhooks:
- name: nobody.there.example
  clientConfig: {url: "https://127.0.0.1:1/"}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [configmaps]}]
  failurePolicy: Fail
  sideEffects: None
  admissionReviewVersions: [v1]
  timeoutSeconds: 1
`

func failWrites(ctx context.Context, r *run, _ touchedPod) error {
	return r.stage.Tenant.Apply(ctx, []byte(failing))
}

func mendWrites(ctx context.Context, r *run) error {
	return r.remove(ctx, "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/nobody-there")
}

// refused is a user whose level has no seats at all: one request waits its turn in vain, and
// all others are refused.
const refused = `apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: no-seats}
spec:
  type: Limited
  limited: {nominalConcurrencyShares: 0, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: {type: Queue, queuing: {queues: 1, handSize: 1, queueLengthLimit: 1}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: no-seats}
spec:
  priorityLevelConfiguration: {name: no-seats}
  matchingPrecedence: 10
  distinguisherMethod: {type: ByUser}
  rules:
  - subjects: [{kind: User, user: {name: wave}}]
    resourceRules: [{apiGroups: ["*"], verbs: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true}]
`

// refuse has all that one user asks refused, thirty times a second.
func refuse(ctx context.Context, r *run, _ touchedPod) error {
	if err := r.stage.Tenant.Apply(ctx, []byte(refused)); err != nil {
		return err
	}
	config, err := r.stage.Tenant.ConfigFor("wave", nil)
	if err != nil {
		return err
	}
	conn, err := load.NewConn(config)
	if err != nil {
		return err
	}
	go every(ctx, time.Second/30, func(int) {
		go func() {
			ctx, enough := context.WithTimeout(ctx, time.Second)
			defer enough()
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, conn.Base+"/api/v1/namespaces/default/configmaps/x", nil)
			if err == nil {
				_, _ = conn.Exchange(request)
			}
		}()
	})
	return nil
}

func mendRefusal(ctx context.Context, r *run) error {
	if err := r.remove(ctx, "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/no-seats"); err != nil {
		return err
	}
	return r.remove(ctx, "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/no-seats")
}

// remove deletes one object of the tenant's.
func (r *run) remove(ctx context.Context, path string) error {
	conn, err := load.NewConn(r.stage.Tenant.AdminConfig)
	if err != nil {
		return err
	}
	defer conn.Close()
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, conn.Base+path, nil)
	if err != nil {
		return fmt.Errorf("removing %s: %w", path, err)
	}
	status, err := conn.Exchange(request)
	if err != nil || status >= 300 && status != http.StatusNotFound {
		return fmt.Errorf("removing %s: status %d, %w", path, status, err)
	}
	return nil
}

const (
	// watchers do not read, and written is what is written a second for them to read:
	// changes of so many bytes.
	watchers, changes, change = 12, 15, 200 << 10
)

// dropWatches has the apiserver that was touched end watches: their clients do not read.
func dropWatches(ctx context.Context, r *run, touched touchedPod) error {
	writer, err := load.NewConn(r.stage.Tenant.AdminConfig)
	if err != nil {
		return err
	}
	payload := strings.Repeat("y", change)
	go every(ctx, time.Second/changes, func(n int) {
		object := fmt.Sprintf(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"loud"},"data":{"n":"%d","x":"%s"}}`, n, payload)
		url := writer.Base + "/api/v1/namespaces/default/configmaps/loud?fieldManager=loud&force=true"
		request, err := http.NewRequestWithContext(ctx, http.MethodPatch, url, strings.NewReader(object))
		if err == nil {
			request.Header.Set("Content-Type", "application/apply-patch+yaml")
			_, _ = writer.Exchange(request)
		}
	})
	config := r.stage.Tenant.ReplicaConfig(r.replica(touched))
	for range watchers {
		go every(ctx, 4*time.Second, func(int) {
			conn, err := load.NewConn(config)
			if err != nil {
				return
			}
			deaf, enough := context.WithTimeout(ctx, 4*time.Second)
			defer enough()
			request, err := http.NewRequestWithContext(deaf, http.MethodGet, conn.Base+"/api/v1/namespaces/default/configmaps?watch=true", nil)
			if err != nil {
				return
			}
			if answer, err := conn.Do(request); err == nil {
				<-deaf.Done() // nothing is read
				_ = answer.Body.Close()
			}
			conn.Close()
		})
	}
	return nil
}

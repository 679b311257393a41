// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Answer is what a check has found out.
type Answer struct {
	Healthy bool
	// Message says what was wrong; it is for people.
	Message string
}

// Check asks once. The context carries the probe's timeout.
type Check func(ctx context.Context) Answer

// Exec runs a command as the container would; exit 0 is healthy. The output is
// bounded by whoever implements it.
type Exec func(ctx context.Context, argv []string) (code int, output string, err error)

// Target is the container that is asked.
type Target struct {
	// Address is the pod's; a handler may name another.
	Address string
	// Ports resolve port names.
	Ports []corev1.ContainerPort
	Exec  Exec
}

// New makes the check of a handler. It refuses gRPC, which the testbed does not
// know, and ports without a number.
func New(h corev1.ProbeHandler, t Target) (Check, error) {
	switch {
	case h.HTTPGet != nil:
		return newHTTP(h.HTTPGet, t)
	case h.TCPSocket != nil:
		return newTCP(h.TCPSocket, t)
	case h.Exec != nil:
		return newExec(h.Exec, t), nil
	case h.GRPC != nil:
		return nil, errors.New("probing by gRPC is not supported on a node of the testbed")
	}
	return nil, errors.New("the probe has no handler")
}

func newTCP(a *corev1.TCPSocketAction, t Target) (Check, error) {
	port, err := t.port(a.Port)
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(t.host(a.Host), strconv.Itoa(port))
	return func(ctx context.Context) Answer {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return Answer{Message: err.Error()}
		}
		_ = connection.Close() // that it opened is all that was asked
		return Answer{Healthy: true}
	}, nil
}

func newExec(a *corev1.ExecAction, t Target) Check {
	return func(ctx context.Context) Answer {
		code, output, err := t.Exec(ctx, a.Command)
		switch {
		case err != nil:
			return Answer{Message: err.Error()}
		case ctx.Err() != nil:
			return Answer{Message: "command timed out: " + output}
		case code != 0:
			return Answer{Message: fmt.Sprintf("command ended with status %d: %s", code, output)}
		}
		return Answer{Healthy: true}
	}
}

func (t Target) host(named string) string {
	if named != "" {
		return named
	}
	return t.Address
}

func (t Target) port(p intstr.IntOrString) (int, error) {
	number := p.IntValue()
	if p.Type == intstr.String {
		for _, declared := range t.Ports {
			if declared.Name == p.StrVal {
				number = int(declared.ContainerPort)
			}
		}
	}
	if number < 1 || number > 65535 {
		return 0, fmt.Errorf("the container has no port %q", p.String())
	}
	return number, nil
}

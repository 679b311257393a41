// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package etcdapi calls the maintenance API of one etcd member, at the member's own
// address and no other, within bounds of size and time.
package etcdapi

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
	"k8s.io/client-go/rest"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// maxAnswer bounds an answer, in bytes; a status has some hundred.
	maxAnswer = 256 << 10
	// dialWithin bounds the making of a connection.
	dialWithin = 2 * time.Second
)

// Client calls one member, on a connection of its own. It dials when it is first used.
type Client struct {
	// Address is the member's.
	Address string
	clientv3.Maintenance
	// Etcd is the client beneath.
	Etcd *clientv3.Client
}

// New makes the client of the member at an address, a host with a port. The one address
// is all that it has: etcd's balancer has no other to turn to.
func New(a *access.Access, address string) (*Client, error) {
	config, err := rest.TLSConfigFor(a.RESTConfig(address))
	if err != nil {
		return nil, fmt.Errorf("preparing TLS for %s: %w", address, err)
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("reading the address %s: %w", address, err)
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.ServerName = cmp.Or(config.ServerName, host)
	dialer := &net.Dialer{Timeout: dialWithin}
	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{"https://" + address}, TLS: config,
		MaxUnaryRetries: 1, MaxCallRecvMsgSize: maxAnswer, Logger: zap.NewNop(),
		DialOptions: []grpc.DialOption{
			// A dialer of our own: no proxy, and never another address.
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", address) }),
			grpc.WithMaxHeaderListSize(64 << 10),
			grpc.WithUserAgent("evenkeel"),
			// A status is small and a fleet large: 64 KiB less for each member.
			grpc.WithReadBufferSize(4 << 10), grpc.WithWriteBufferSize(4 << 10),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("preparing to call etcd at %s: %w", address, err)
	}
	// clientv3's own Status dials anew for every call.
	remote := clientv3.RetryMaintenanceClient(client, client.ActiveConnection())
	return &Client{Address: address, Maintenance: clientv3.NewMaintenanceFromMaintenanceClient(remote, client), Etcd: client}, nil
}

// Close ends the connection.
func (c *Client) Close() { _ = c.Etcd.Close() }

// FaultOf says in words why etcd's API did not answer to what was attempted. timeout is
// what the call had.
func FaultOf(attempted string, err error, timeout time.Duration) *plane.Fault {
	fault := func(reason, format string, args ...any) *plane.Fault {
		return &plane.Fault{Reason: reason, Message: attempted + ": " + fmt.Sprintf(format, args...)}
	}
	code := grpcstatus.Code(err)
	if own, ok := errors.AsType[rpctypes.EtcdError](err); ok {
		code = own.Code()
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded) || code == codes.DeadlineExceeded || code == codes.Canceled:
		return fault(v1alpha1.ReasonReplicaTimeout, "no whole answer within %s: the member is overloaded, stuck or cut off", timeout)
	case code == codes.PermissionDenied || code == codes.Unauthenticated || code == codes.InvalidArgument:
		return fault(v1alpha1.ReasonAccessDenied, "%.300v: etcd's own authentication is on: add the certificate's common name as a user", err)
	case code == codes.ResourceExhausted:
		return fault(v1alpha1.ReasonOversize, "%.300v: the answer is over the bound of %d bytes, or the member is overloaded", err, maxAnswer)
	default:
		return fault(v1alpha1.ReasonReplicaUnreachable, "%.300v: check that the member runs and serves gRPC at this port", err)
	}
}

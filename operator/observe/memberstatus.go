// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
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
	// maxStatus bounds an answer of etcd's API, in bytes; a status has some hundred.
	maxStatus = 256 << 10
	// alarmsEvery is how often the alarms are listed while there are any. The list
	// goes through raft (server/v3 etcdserver/v3_server.go, Alarm): each costs every
	// member a write. That there are any, the status tells for nothing.
	alarmsEvery = 30 * time.Second
	// maxVersion bounds the version that is shown.
	maxVersion = 32
)

// alarmWords are the alarms that etcd knows.
var alarmWords = []string{"CORRUPT", "NOSPACE"}

// maintenance is one member's maintenance API, on a connection of its own.
type maintenance struct {
	address string
	client  *clientv3.Client
	calls   clientv3.Maintenance
}

// newMaintenance makes the client of one member. It dials when it is first used, and
// the one address alone: etcd's balancer has no other to turn to.
func newMaintenance(a *access.Access, address string) (*maintenance, error) {
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
	dialer := &net.Dialer{Timeout: dialTimeout}
	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{"https://" + address}, TLS: config,
		MaxUnaryRetries: 1, MaxCallRecvMsgSize: maxStatus, Logger: zap.NewNop(),
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
	return &maintenance{address: address, client: client, calls: clientv3.NewMaintenanceFromMaintenanceClient(remote, client)}, nil
}

func (m *maintenance) close() { _ = m.client.Close() }

// alarmed are the alarms as last listed, and when.
type alarmed struct {
	words []string
	at    time.Time
}

// read adds to the member what its status and its alarms say.
func (m *maintenance) read(ctx context.Context, now time.Time, last *alarmed, into *plane.Member) error {
	s, err := m.calls.Status(ctx, m.address)
	if err != nil {
		return err
	}
	into.Version, into.Learner = s.Version[:min(maxVersion, len(s.Version))], s.IsLearner
	into.Leader, into.Term, into.HasLeader = s.Leader, s.RaftTerm, s.Leader != 0
	into.ApplyBacklog = count(float64(s.RaftIndex) - float64(s.RaftAppliedIndex))
	told := strings.Join(s.Errors, "\n")
	if told = strings.ReplaceAll(told, rpctypes.ErrNoLeader.Error(), ""); strings.TrimSpace(told) == "" {
		*last = alarmed{}
		return nil
	}
	if last.at.IsZero() || now.Sub(last.at) >= alarmsEvery {
		*last = alarmed{words: m.alarms(ctx, told), at: now}
	}
	into.Alarms = slices.Clone(last.words)
	return nil
}

// alarms lists the alarms, or finds them in what the status told: a cluster without
// a leader lists none.
func (m *maintenance) alarms(ctx context.Context, told string) (words []string) {
	list, err := m.calls.AlarmList(ctx)
	for _, word := range alarmWords {
		is := func(a *etcdserverpb.AlarmMember) bool { return a.GetAlarm().String() == word }
		if err == nil && slices.ContainsFunc(list.Alarms, is) || err != nil && strings.Contains(told, word) {
			words = append(words, word)
		}
	}
	return words
}

// faultOf says in words why etcd's API did not answer.
func (m *maintenance) faultOf(err error, timeout time.Duration) *plane.Fault {
	fault := func(reason, format string, args ...any) *plane.Fault {
		return &plane.Fault{Reason: reason, Message: fmt.Sprintf("asking %s for its status: ", m.address) + fmt.Sprintf(format, args...)}
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
		return fault(v1alpha1.ReasonOversize, "%.300v: the answer is over the bound of %d bytes, or the member is overloaded", err, maxStatus)
	default:
		return fault(v1alpha1.ReasonReplicaUnreachable, "%.300v: check that the member runs and serves gRPC at this port", err)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/etcdapi"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// alarmsEvery is how often the alarms are listed while there are any. The list
	// goes through raft (server/v3 etcdserver/v3_server.go, Alarm): each costs every
	// member a write. That there are any, the status tells for nothing.
	alarmsEvery = 30 * time.Second
	// maxVersion bounds the version that is shown.
	maxVersion = 32
)

// alarmWords are the alarms that etcd knows.
var alarmWords = []string{"CORRUPT", "NOSPACE"}

// maintenance is one member's maintenance API.
type maintenance struct{ *etcdapi.Client }

func newMaintenance(a *access.Access, address string) (*maintenance, error) {
	c, err := etcdapi.New(a, address)
	if err != nil {
		return nil, err
	}
	return &maintenance{c}, nil
}

// alarmed are the alarms as last listed, and when.
type alarmed struct {
	words []string
	at    time.Time
}

// read adds to the member what its status and its alarms say.
func (m *maintenance) read(ctx context.Context, now time.Time, last *alarmed, into *plane.Member) error {
	s, err := m.Status(ctx, m.Address)
	if err != nil {
		return err
	}
	into.Version, into.Learner = s.Version[:min(maxVersion, len(s.Version))], s.IsLearner
	into.Leader, into.Term, into.HasLeader = s.Leader, s.RaftTerm, s.Leader != 0
	into.ApplyBacklog = count(float64(s.RaftIndex) - float64(s.RaftAppliedIndex))
	into.Index, into.Applied, into.Revision = standing(s.RaftIndex, s.RaftAppliedIndex, s.Header.GetRevision())
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

// standing is how far a member has come, as far as that can be true: no entry is applied
// that the log has not, and no revision is below zero. What is nonsense is not known.
func standing(index, applied uint64, revision int64) (uint64, uint64, int64) {
	return index, min(applied, index), max(0, revision)
}

// alarms lists the alarms, or finds them in what the status told: a cluster without
// a leader lists none.
func (m *maintenance) alarms(ctx context.Context, told string) (words []string) {
	list, err := m.AlarmList(ctx)
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
	return etcdapi.FaultOf(fmt.Sprintf("asking %s for its status", m.Address), err, timeout)
}

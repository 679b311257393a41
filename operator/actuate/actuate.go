// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Package actuate turns the steps of a plan into writes to a tenant's flow
// control, and reads back on every replica that they took effect.
//
// Everything is written by server-side apply under a field manager of its own and
// without force: a field that somebody else has taken is a conflict to be told,
// not a fight to be won. An object that does not carry this profile's owner
// annotation is never touched, whatever its name.
package actuate

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

const (
	// BallastName is the ballast's priority level.
	BallastName = seats.BallastName
	// SelfName is the schema and the level of Evenkeel's own requests.
	SelfName = seats.SelfName

	// callWithin bounds one call to the tenant's API.
	callWithin = 5 * time.Second
)

// Limits reads the limits that a replica works with.
type Limits interface {
	// NominalLimits are the nominal seats by priority level on one replica.
	NominalLimits(ctx context.Context, replica string) (map[string]int, error)
	// LiveLevels are the priority levels that one replica knows now; it costs the
	// replica a small part of what NominalLimits does.
	LiveLevels(ctx context.Context, replica string) (map[string]bool, error)
	// Queues are how many queues the levels that have any have on one replica; as
	// cheap as LiveLevels.
	Queues(ctx context.Context, replica string) (map[string]int, error)
}

// Owner is the profile that writes.
type Owner struct {
	Namespace, Name, UID string
	// Self is Evenkeel's user name in the tenant.
	Self string
}

// String is the value of the owner annotation.
func (o Owner) String() string { return o.Namespace + "/" + o.Name + "/" + o.UID }

// Actuator writes to one tenant.
type Actuator struct {
	client client.Client
	limits Limits
	owner  Owner

	mu sync.Mutex
	// taken are the objects that were somebody else's when the flow control was
	// last read, at listed.
	taken  map[string]bool
	listed time.Time
}

// New returns an Actuator. The client is the tenant's and must not be cached.
func New(c client.Client, l Limits, owner Owner) *Actuator {
	return &Actuator{client: c, limits: l, owner: owner}
}

// Apply carries one step out and says what became of it. The outcome of a step that
// is only shown is zero, and nothing is written.
//
// Written stays zero when any of a step's writes failed: a sentence of which only
// the level was written is not one. A step that deletes is in force as soon as the
// API no longer has its objects, but for RemoveBallast, which gives seats back to
// all others and is read back by that. ProtectSelf is not read back: nothing is
// limited by it, and what follows it in a plan is urgent.
func (a *Actuator) Apply(ctx context.Context, step plane.Step, replicas []plane.Replica, now func() time.Time) plane.Outcome {
	if !step.Apply {
		return plane.Outcome{}
	}
	out := plane.Outcome{Kind: step.Kind, Name: step.About()}
	if out.Fault = a.write(ctx, step); out.Fault != nil {
		return out
	}
	out.Written = now()
	switch l := step.Level; {
	case step.Kind == plane.PassSentence:
		// A replica that knows a new level has given it the seats of its shares in
		// the same moment: there is no need of a page, and every moment counts.
		out.InForce, out.Fault = a.readBack(ctx, l.Name+" was written", replicas, a.knows(l.Name), now)
	case step.Kind == plane.ChangeGrade && step.Had.Kind == plane.GradeOne && step.Sentence.Grade.Kind == plane.GradeNone:
		// From one at a time to none there are no seats to compare, but a queue
		// that was not there.
		out.InForce, out.Fault = a.readBack(ctx, l.Name+" was written", replicas, a.queues(l.Name, l.Queues), now)
	case step.Kind == plane.SetBallast, step.Kind == plane.ChangeGrade:
		out.InForce, out.Fault = a.readBackLimit(ctx, l.Name+" was written", l.Name, replicas, now)
	case step.Kind == plane.SetShares:
		out.InForce, out.Fault = a.readBackShares(ctx, step.Shares, replicas, now)
	case step.Kind == plane.ReturnShares:
		out.InForce, out.Fault = a.readBackLimit(ctx, "what the levels had was given back", "", replicas, now)
	case step.Kind == plane.RemoveBallast:
		out.InForce, out.Fault = a.readBackLimit(ctx, BallastName+" was deleted", "", replicas, now)
	default:
		out.InForce = out.Written
	}
	return out
}

// incomplete says what a step lacks to be carried out, or has that must not be
// written; empty when nothing.
func incomplete(step plane.Step) string {
	name := BallastName
	switch step.Kind {
	case plane.PassSentence, plane.ChangeGrade, plane.EndSentence:
		if step.Sentence == nil {
			return "it has no sentence"
		}
		if name = step.Sentence.Name; !strings.HasPrefix(name, plane.JailPrefix) {
			return fmt.Sprintf("%q is not the name of a sentence", name)
		}
	default:
	}
	switch l := step.Level; step.Kind {
	case plane.SetShares:
		return unfit(step.Shares)
	case plane.SetBallast, plane.PassSentence, plane.ChangeGrade:
		switch {
		case l == nil:
			return "it has no level"
		case l.Name != name:
			return fmt.Sprintf("its level is %q, not %q", l.Name, name)
		}
		for _, n := range []int{l.Shares, l.Queues, l.HandSize, l.QueueLength} {
			if n < 0 || n > math.MaxInt32 {
				return fmt.Sprintf("a level cannot have the number %d", n)
			}
		}
	default:
	}
	return ""
}

func (a *Actuator) write(ctx context.Context, step plane.Step) *plane.Fault {
	if why := incomplete(step); why != "" {
		return &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: fmt.Sprintf("the step %s cannot be carried out: %s", step.Kind, why)}
	}
	switch step.Kind {
	case plane.ProtectSelf:
		return a.apply(ctx, a.selfLevel(), a.selfSchema())
	case plane.SetBallast:
		return a.apply(ctx, a.level(*step.Level))
	case plane.RemoveBallast:
		return a.remove(ctx, newLevel(BallastName))
	case plane.PassSentence, plane.ChangeGrade:
		schema, err := a.schema(*step.Sentence)
		if err != nil {
			return &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: err.Error()}
		}
		return a.apply(ctx, a.level(*step.Level), schema)
	case plane.EndSentence:
		return a.remove(ctx, newSchema(step.Sentence.Name), newLevel(step.Sentence.Name))
	case plane.SetShares:
		return a.divide(ctx, step.Shares)
	case plane.ReturnShares:
		return a.returnShares(ctx)
	case plane.Withdraw:
		if err := a.LeaveAsFound(ctx); err != nil {
			return writeFault("leaving the tenant as found", err)
		}
		return nil
	case plane.NameOffender:
		return nil
	default:
		return &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: fmt.Sprintf("no way is known to carry out %q", step.Kind)}
	}
}

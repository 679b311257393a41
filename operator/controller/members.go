// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/operator/access"
	"evenkeel.dev/evenkeel/operator/observe"
	"evenkeel.dev/evenkeel/recommender/plane"
)

const (
	// membersGrace is how much longer than the replicas the members are waited for,
	// and not at all while looks follow each other closely: a slow etcd must not slow
	// the pass. What comes later is seen by the next.
	membersGrace = 100 * time.Millisecond
	// defaultEtcdPort is the CRD's, for profiles that were stored before.
	defaultEtcdPort = 2379
	// mostMembers bounds those that are missed by name.
	mostMembers = 64
)

// etcdWay is the way to a control plane's etcd members.
type etcdWay struct {
	members *observe.Members
	access  *access.Access
	// read is when the Secret was read, for that generation of the profile, and
	// turnedDown is true when a member has refused it since.
	read       time.Time
	generation int64
	turnedDown bool
}

func (w *etcdWay) close() {
	if w.members != nil {
		w.members.Close()
	}
	*w = etcdWay{}
}

// membersBeside starts to look at the members and returns what waits for them, which
// is called when all else has been seen.
func (p *pass) membersBeside(ctx context.Context, closer bool) (wait func()) {
	ctx, enough := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.snapshot.Members, p.snapshot.MembersFault = p.lookAtMembers(ctx)
	}()
	return func() {
		defer enough()
		if closer {
			enough()
		}
		late := time.AfterFunc(membersGrace, enough)
		defer late.Stop()
		<-done
	}
}

// lookAtMembers looks at every member. What goes wrong never ends the pass: it is a
// fault that the recommender tells of.
func (p *pass) lookAtMembers(ctx context.Context) ([]plane.Member, *plane.Fault) {
	etcd := p.cpp.Spec.Etcd
	if etcd == nil || etcd.ClientTLS == nil {
		p.kept.etcd.close()
		if etcd == nil {
			return nil, nil
		}
		return nil, &plane.Fault{
			Reason:  v1alpha1.ReasonMembersUnseen,
			Message: "etcd's members are not looked at: name a Secret with a client certificate in etcd.clientTLS",
		}
	}
	targets, missing, err := p.memberTargets(ctx)
	for _, t := range targets {
		if t.Ready {
			p.readyMembers++
		}
	}
	if err == nil {
		err = p.reachMembers(ctx)
	}
	if err != nil {
		f, told := asFault(err)
		if !told {
			f = plane.Fault{Reason: v1alpha1.ReasonMembersUnseen, Message: fmt.Sprintf("etcd's members cannot be looked at: %v", err)}
		}
		return nil, &f
	}
	way := &p.kept.etcd
	way.members.Retarget(targets)
	members := append(way.members.Look(ctx, p.now), missing...)
	slices.SortFunc(members, func(a, b plane.Member) int { return strings.Compare(a.Name, b.Name) })
	way.turnedDown = slices.ContainsFunc(members, func(m plane.Member) bool { return m.Fault != nil && turnsDown(m.Fault.Reason) })
	return members, nil
}

// turnsDown tells whether credentials that meet with this are to be read anew.
func turnsDown(reason string) bool {
	return reason == v1alpha1.ReasonAccessDenied || reason == v1alpha1.ReasonReplicaUntrusted
}

// memberTargets are the pods of etcd that run, and the members whose pods do not.
func (p *pass) memberTargets(ctx context.Context) (targets []observe.Target, missing []plane.Member, err error) {
	etcd := p.cpp.Spec.Etcd
	pods, w, err := p.pods(ctx, "etcd.targetRef", etcd.TargetRef)
	if err != nil {
		return nil, nil, err
	}
	running := map[string]bool{}
	for i := range pods {
		pod := &pods[i]
		if !runs(pod) {
			continue
		}
		zone, err := p.zone(ctx, pod.Spec.NodeName)
		if err != nil {
			return nil, nil, err
		}
		running[pod.Name] = true
		targets = append(targets, observe.Target{
			Name: pod.Name, UID: string(pod.UID), Zone: zone, Node: pod.Spec.NodeName, Ready: ready(pod) && pod.DeletionTimestamp.IsZero(), Ending: !pod.DeletionTimestamp.IsZero(),
			Address: net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(int(orDefault(etcd.Port, defaultEtcdPort)))),
		})
	}
	for n := range min(w.replicas, mostMembers) {
		name := fmt.Sprintf("%s-%d", etcd.TargetRef.Name, int64(w.first)+int64(n))
		if !running[name] {
			missing = append(missing, plane.Member{Name: name, Fault: notRunning(name, pods)})
		}
	}
	return targets, missing, nil
}

func notRunning(name string, pods []corev1.Pod) *plane.Fault {
	state := "does not exist"
	if i := slices.IndexFunc(pods, func(pod corev1.Pod) bool { return pod.Name == name }); i >= 0 {
		state = fmt.Sprintf("is %s and has no address or does not run", pods[i].Status.Phase)
	}
	return &plane.Fault{Reason: v1alpha1.ReasonReplicaUnreachable, Message: fmt.Sprintf("pod %s %s: look at its events", name, state)}
}

// reachMembers makes sure of a way to the members with the credentials that the
// profile's Secret holds, on the rhythm of the access Secret. Should the host's API
// fail, those that were read last are as good as they were.
func (p *pass) reachMembers(ctx context.Context) error {
	way := &p.kept.etcd
	if way.members != nil && !way.turnedDown && way.generation == p.cpp.Generation && p.now.Sub(way.read) < secretEvery {
		return nil
	}
	a, err := p.memberCredentials(ctx)
	if err != nil {
		if _, told := asFault(err); told || way.members == nil {
			way.close()
			return err
		}
		log.FromContext(ctx).Error(err, "The Secret with etcd's client certificate cannot be read; going on with what it held before")
		return nil
	}
	if way.members == nil || way.access.Fingerprint() != a.Fingerprint() {
		way.close()
		way.members = observe.NewMembers(a, observe.Options{})
	}
	way.access, way.read, way.generation = a, p.now, p.cpp.Generation
	return nil
}

func (p *pass) memberCredentials(ctx context.Context) (*access.Access, error) {
	tls := p.cpp.Spec.Etcd.ClientTLS
	secret, err := p.secret(ctx, tls.SecretRef.Name, "ca.crt, tls.crt and tls.key of a client of etcd")
	if err != nil {
		return nil, err
	}
	a, refused := access.ParseTLS(secret.Data, tls.ServerName, p.now)
	if refused != nil {
		p.ended("etcd-client", *refused, access.EndTLS(secret.Data))
		return nil, &faultError{plane.Fault{Reason: refused.Reason, Message: fmt.Sprintf("Secret %s: %s", secret.Name, refused.Message)}}
	}
	return a, nil
}

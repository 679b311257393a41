// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"encoding/json"
	"fmt"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	"evenkeel.dev/evenkeel/recommender/seats"
)

const (
	// selfPrecedence and jailPrecedence put Evenkeel's schemas before all of
	// Kubernetes' own but exempt (1) and probes (2), and its own requests before
	// every jail.
	selfPrecedence = 10
	jailPrecedence = 50
	// manualPrecedence puts a person's sentence before an automatic one that matches
	// the same requests.
	manualPrecedence = 40
	// everyonePrecedence puts what holds everybody's lists of a kind behind all schemas
	// for the control plane itself and those of administrators, and before the ones for
	// whoever is left (service-accounts 9000, global-default 9900).
	everyonePrecedence = 8000
)

func newLevel(name string) *flowcontrolv1.PriorityLevelConfiguration {
	return &flowcontrolv1.PriorityLevelConfiguration{
		TypeMeta:   metav1.TypeMeta{APIVersion: flowcontrolv1.SchemeGroupVersion.String(), Kind: "PriorityLevelConfiguration"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
	}
}

func newSchema(name string) *flowcontrolv1.FlowSchema {
	return &flowcontrolv1.FlowSchema{
		TypeMeta:   metav1.TypeMeta{APIVersion: flowcontrolv1.SchemeGroupVersion.String(), Kind: "FlowSchema"},
		ObjectMeta: metav1.ObjectMeta{Name: name},
	}
}

// mark makes an object recognizable as this profile's.
func (a *Actuator) mark(o client.Object) {
	o.SetLabels(map[string]string{v1alpha1.ManagedByLabel: v1alpha1.ManagedBy})
	o.SetAnnotations(map[string]string{v1alpha1.OwnerAnnotation: a.owner.String()})
}

// level is a limited level that lends nothing and borrows nothing: idle seats of
// others must not flow into it, nor its own to others.
func (a *Actuator) level(spec plane.LevelSpec) *flowcontrolv1.PriorityLevelConfiguration {
	l := newLevel(spec.Name)
	a.mark(l)
	l.Spec = flowcontrolv1.PriorityLevelConfigurationSpec{
		Type: flowcontrolv1.PriorityLevelEnablementLimited,
		Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{
			NominalConcurrencyShares: new(int32(spec.Shares)), //nolint:gosec // incomplete has seen to it
			LendablePercent:          ptr.To[int32](0),
			BorrowingLimitPercent:    ptr.To[int32](0),
			LimitResponse:            flowcontrolv1.LimitResponse{Type: flowcontrolv1.LimitResponseTypeReject},
		},
	}
	if spec.Queues > 0 {
		l.Spec.Limited.LimitResponse = queue(spec.Queues, spec.HandSize, spec.QueueLength)
	}
	return l
}

func queue(queues, handSize, length int) flowcontrolv1.LimitResponse {
	return flowcontrolv1.LimitResponse{
		Type: flowcontrolv1.LimitResponseTypeQueue,
		Queuing: &flowcontrolv1.QueuingConfiguration{
			Queues: int32(queues), HandSize: int32(handSize), QueueLengthLimit: int32(length), //nolint:gosec // incomplete has seen to it
		},
	}
}

// selfLevel is where Evenkeel's own requests run: its seats are lent to nobody,
// and it may borrow what is idle.
func (a *Actuator) selfLevel() *flowcontrolv1.PriorityLevelConfiguration {
	l := a.level(plane.LevelSpec{Name: SelfName, Shares: seats.SelfShares, Queues: 16, HandSize: 4, QueueLength: 50})
	l.Spec.Limited.BorrowingLimitPercent = ptr.To[int32](100)
	return l
}

func (a *Actuator) selfSchema() *flowcontrolv1.FlowSchema {
	s := newSchema(SelfName)
	a.mark(s)
	s.Spec = flowcontrolv1.FlowSchemaSpec{
		PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: SelfName},
		MatchingPrecedence:         selfPrecedence,
		Rules: []flowcontrolv1.PolicyRulesWithSubjects{{
			Subjects: []flowcontrolv1.Subject{{Kind: flowcontrolv1.SubjectKindUser, User: &flowcontrolv1.UserSubject{Name: a.owner.Self}}},
			ResourceRules: []flowcontrolv1.ResourcePolicyRule{{
				Verbs: []string{"*"}, APIGroups: []string{"*"}, Resources: []string{"*"}, ClusterScope: true, Namespaces: []string{"*"},
			}},
			NonResourceRules: []flowcontrolv1.NonResourcePolicyRule{{Verbs: []string{"*"}, NonResourceURLs: []string{"*"}}},
		}},
	}
	return s
}

// schema sends exactly the sentenced requests to the sentence's level, and
// carries the sentence.
func (a *Actuator) schema(sentence plane.Sentence) (*flowcontrolv1.FlowSchema, error) {
	raw, err := json.Marshal(sentence)
	if err != nil {
		return nil, fmt.Errorf("writing the sentence %s down: %w", sentence.Name, err)
	}
	s := newSchema(sentence.Name)
	a.mark(s)
	s.Annotations[v1alpha1.SentenceAnnotation] = string(raw)
	s.Spec = jailSpec(sentence)
	return s, nil
}

func jailSpec(sentence plane.Sentence) flowcontrolv1.FlowSchemaSpec {
	precedence := int32(jailPrecedence)
	switch {
	case sentence.Client.User == plane.Everyone:
		precedence = everyonePrecedence
	case sentence.Manual:
		precedence = manualPrecedence
	}
	spec := flowcontrolv1.FlowSchemaSpec{
		PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: sentence.Name},
		MatchingPrecedence:         precedence,
		Rules:                      []flowcontrolv1.PolicyRulesWithSubjects{rules(sentence.Client)},
	}
	if sentence.Client.Many() { // each of them has its turn
		spec.DistinguisherMethod = &flowcontrolv1.FlowDistinguisherMethod{Type: flowcontrolv1.FlowDistinguisherMethodByUserType}
	}
	return spec
}

func rules(c plane.Client) flowcontrolv1.PolicyRulesWithSubjects {
	r := flowcontrolv1.PolicyRulesWithSubjects{Subjects: []flowcontrolv1.Subject{subject(c)}}
	if c.Resource == "" {
		r.NonResourceRules = []flowcontrolv1.NonResourcePolicyRule{{Verbs: []string{c.Verb}, NonResourceURLs: []string{c.Path}}}
		return r
	}
	rule := flowcontrolv1.ResourcePolicyRule{
		Verbs: c.Verbs(), APIGroups: []string{c.Group}, Resources: []string{c.Resource},
		ClusterScope: !c.Namespaced || c.Resource == plane.All, Namespaces: []string{},
	}
	if c.Namespaced || c.Resource == plane.All {
		rule.Namespaces = []string{"*"}
	}
	r.ResourceRules = []flowcontrolv1.ResourcePolicyRule{rule}
	return r
}

func subject(c plane.Client) flowcontrolv1.Subject {
	if namespace, name, ok := c.ServiceAccount(); ok {
		return flowcontrolv1.Subject{
			Kind:           flowcontrolv1.SubjectKindServiceAccount,
			ServiceAccount: &flowcontrolv1.ServiceAccountSubject{Namespace: namespace, Name: name},
		}
	}
	if c.User == plane.Everyone {
		return flowcontrolv1.Subject{Kind: flowcontrolv1.SubjectKindGroup, Group: &flowcontrolv1.GroupSubject{Name: c.User}}
	}
	return flowcontrolv1.Subject{Kind: flowcontrolv1.SubjectKindUser, User: &flowcontrolv1.UserSubject{Name: c.User}}
}

// asApplied is an object as server-side apply wants it: only what is meant, and
// no status.
func asApplied(o client.Object) (runtime.ApplyConfiguration, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, fmt.Errorf("converting %s: %w", nameOf(o), err)
	}
	delete(content, "status")
	if metadata, ok := content["metadata"].(map[string]any); ok {
		delete(metadata, "creationTimestamp")
	}
	return client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: content}), nil
}

// nameOf is an object's kind and name, for messages.
func nameOf(o client.Object) string {
	kind := "PriorityLevelConfiguration"
	if _, ok := o.(*flowcontrolv1.FlowSchema); ok {
		kind = "FlowSchema"
	}
	return kind + " " + o.GetName()
}

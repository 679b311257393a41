// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"encoding/json"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// sentenceOf reads the sentence that an own schema carries, whose level is nil when
// it is not there.
//
// The tenant's administrators can write what they like, so a sentence is believed
// only as far as its name fits its client, and only while the schema and the level
// still carry it out. One that cannot be read, or is not carried out, has the phase
// Released whatever the annotation says: where it is still wanted it is written
// again, and where it is not, its objects are deleted.
func sentenceOf(s *flowcontrolv1.FlowSchema, level *flowcontrolv1.PriorityLevelConfiguration) plane.Sentence {
	var sentence plane.Sentence
	err := json.Unmarshal([]byte(s.Annotations[v1alpha1.SentenceAnnotation]), &sentence)
	if err != nil || sentence.Name != s.Name || sentence.Client.SentenceName() != s.Name {
		// The name is all that is left to call the client by.
		return plane.Sentence{Name: s.Name, Client: plane.Client{User: s.Name}, Phase: plane.PhaseReleased}
	}
	if !sentence.Active() || !carriesOut(level, sentence.Grade) || !equality.Semantic.DeepEqual(s.Spec, jailSpec(sentence)) {
		sentence.Phase = plane.PhaseReleased
	}
	return sentence
}

// carriesOut tells whether a level limits as a grade asks. The number of seats is
// not compared: it depends on the other levels of the time it was written.
func carriesOut(l *flowcontrolv1.PriorityLevelConfiguration, g plane.Grade) bool {
	if l == nil || !keepsItsSeats(l) {
		return false
	}
	response := flowcontrolv1.LimitResponseTypeQueue
	if g.Kind == plane.GradeOne {
		response = flowcontrolv1.LimitResponseTypeReject
	}
	return l.Spec.Limited.LimitResponse.Type == response &&
		(shares(l) > 0) == (g.Kind == plane.GradeSeats)
}

// protects tells whether the own schema is for the user that Evenkeel is now:
// credentials may be renewed with another name.
func (a *Actuator) protects(s *flowcontrolv1.FlowSchema) bool {
	return equality.Semantic.DeepEqual(s.Spec, a.selfSchema().Spec)
}

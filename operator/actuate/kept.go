// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"encoding/json"
	"fmt"
	"slices"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/ptr"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
	division "evenkeel.dev/evenkeel/recommender/shares"
)

// autoupdateFalse is the value of the API's own annotation that keeps the apiserver
// from writing its numbers back within a minute.
const autoupdateFalse = "false"

// numbers are what a division writes of a level, nil where the level has none.
type numbers struct {
	Shares    *int32 `json:"nominalConcurrencyShares,omitempty"`
	Lendable  *int32 `json:"lendablePercent,omitempty"`
	Borrowing *int32 `json:"borrowingLimitPercent,omitempty"`
}

// original is the value of OriginalAnnotation: what the level had, and what was last
// written over it.
type original struct {
	numbers
	// Autoupdate is the annotation autoupdate-spec; nil when there was none.
	Autoupdate *string `json:"autoupdate,omitempty"`
	Written    numbers `json:"written"`
}

func suggested(name string) bool { return slices.Contains(division.Suggested(), name) }

func numbersOf(l *flowcontrolv1.PriorityLevelConfiguration) numbers {
	if l.Spec.Limited == nil {
		return numbers{}
	}
	return numbers{
		Shares: l.Spec.Limited.NominalConcurrencyShares, Lendable: l.Spec.Limited.LendablePercent, Borrowing: l.Spec.Limited.BorrowingLimitPercent,
	}
}

// put writes the numbers into a level.
func (n numbers) put(l *flowcontrolv1.PriorityLevelConfiguration) {
	l.Spec.Limited.NominalConcurrencyShares, l.Spec.Limited.LendablePercent, l.Spec.Limited.BorrowingLimitPercent = n.Shares, n.Lendable, n.Borrowing
}

// limits are those of lending and borrowing, in percent; the defaults are the API's.
func (n numbers) limits() (lendable, borrowing int) {
	return int(ptr.Deref(n.Lendable, 0)), int(ptr.Deref(n.Borrowing, plane.NoLimit))
}

// numbersFor are a portion as the API has it.
func numbersFor(p plane.Portion) numbers {
	n := numbers{Shares: new(int32(p.Shares)), Lendable: new(int32(p.LendablePercent))} //nolint:gosec // unfit has seen to it
	if p.BorrowingPercent != plane.NoLimit {
		n.Borrowing = new(int32(p.BorrowingPercent)) //nolint:gosec // unfit has seen to it
	}
	return n
}

// originalOf reads what a level had; nil when it carries no such annotation.
func originalOf(l *flowcontrolv1.PriorityLevelConfiguration) (*original, error) {
	text, there := l.Annotations[v1alpha1.OriginalAnnotation]
	if !there {
		return nil, nil //nolint:nilnil // none is an answer
	}
	var o original
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", v1alpha1.OriginalAnnotation, nameOf(l), err)
	}
	return &o, nil
}

// standing tells whose a suggested level's numbers are: what the tenant had when this
// profile has changed them, and why they are not this profile's to change.
func (a *Actuator) standing(l *flowcontrolv1.PriorityLevelConfiguration) (*plane.Portion, *plane.Fault) {
	had, err := originalOf(l)
	owner := l.Annotations[v1alpha1.OwnerAnnotation]
	auto := l.Annotations[flowcontrolv1.AutoUpdateAnnotationKey]
	hands := func(reason, text string, args ...any) *plane.Fault {
		return &plane.Fault{Reason: reason, Message: nameOf(l) + " " + fmt.Sprintf(text, args...)}
	}
	if owner != "" && !a.owns(l) {
		return nil, hands(v1alpha1.ReasonNameTaken, "is divided by another profile (its %s is %q): one of the two must leave it alone", v1alpha1.OwnerAnnotation, shortened(owner))
	}
	if err == nil && had == nil {
		switch {
		case a.owns(l):
			return nil, hands(v1alpha1.ReasonFieldContested, "has lost its annotation %s: somebody else has changed it, and its numbers stay as they are", v1alpha1.OriginalAnnotation)
		case auto == autoupdateFalse:
			return nil, hands(v1alpha1.ReasonHeldByPerson, "is held by a person (its %s is %q): to have it divided, set that to \"true\"", flowcontrolv1.AutoUpdateAnnotationKey, auto)
		}
		return nil, nil
	}
	if err != nil || !a.owns(l) {
		return nil, hands(v1alpha1.ReasonFieldContested, "has an annotation %s that this profile did not write: remove it to have the level divided", v1alpha1.OriginalAnnotation)
	}
	found := portionOf(had.numbers)
	if !equality.Semantic.DeepEqual(numbersOf(l), had.Written) || auto != autoupdateFalse {
		return &found, hands(v1alpha1.ReasonFieldContested, "was changed by somebody else after Evenkeel wrote it, and is left alone: to have it divided again, remove its annotations %s and %s, and set %s to \"true\"",
			v1alpha1.OriginalAnnotation, v1alpha1.OwnerAnnotation, flowcontrolv1.AutoUpdateAnnotationKey)
	}
	return &found, nil
}

func portionOf(n numbers) plane.Portion {
	const defaultShares = 30 // the API's
	p := plane.Portion{Shares: int(ptr.Deref(n.Shares, defaultShares))}
	p.LendablePercent, p.BorrowingPercent = n.limits()
	return p
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package actuate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// mostObjects bounds how many levels or schemas a tenant may have before nothing
// is decided about them: Kubernetes has about ten of each.
const mostObjects = 500

// ReadConfig reads the tenant's flow control. A sentence's schema whose
// annotation cannot be read any more is left out of the sentences: its level then
// counts as one that no sentence uses, and both are removed.
func (a *Actuator) ReadConfig(ctx context.Context) (*plane.FlowConfig, *plane.Fault) {
	schemas, levels, err := a.list(ctx)
	if err != nil {
		return nil, faultOf("reading the tenant's flow control", err)
	}
	a.remember(objectsOf(schemas, levels), time.Now())
	c := &plane.FlowConfig{}
	own := map[string]bool{}
	for i := range levels.Items {
		l := &levels.Items[i]
		if ours := a.owns(l); ours {
			own[l.Name] = true
		} else if reserved(l.Name) {
			c.Taken = append(c.Taken, l.Name)
		}
		c.Levels = append(c.Levels, plane.Level{
			Name: l.Name, Exempt: l.Spec.Type == flowcontrolv1.PriorityLevelEnablementExempt, Shares: shares(l), Own: own[l.Name],
		})
	}
	for i := range schemas.Items {
		s := &schemas.Items[i]
		switch ours := a.owns(s); {
		case !ours && reserved(s.Name):
			c.Taken = append(c.Taken, s.Name)
		case ours && s.Name == SelfName:
			c.SelfProtected = own[SelfName]
		case ours:
			if sentence, ok := sentenceOf(s); ok {
				c.Sentences = append(c.Sentences, sentence)
			}
		}
	}
	slices.Sort(c.Taken)
	c.Taken = slices.Compact(c.Taken)
	slices.SortFunc(c.Levels, func(x, y plane.Level) int { return cmp.Compare(x.Name, y.Name) })
	return c, nil
}

// objectsOf are the schemas, then the levels, as one list.
func objectsOf(schemas *flowcontrolv1.FlowSchemaList, levels *flowcontrolv1.PriorityLevelConfigurationList) []client.Object {
	var objects []client.Object
	for i := range schemas.Items {
		objects = append(objects, &schemas.Items[i])
	}
	for i := range levels.Items {
		objects = append(objects, &levels.Items[i])
	}
	return objects
}

// list reads both kinds.
func (a *Actuator) list(ctx context.Context) (*flowcontrolv1.FlowSchemaList, *flowcontrolv1.PriorityLevelConfigurationList, error) {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	var schemas flowcontrolv1.FlowSchemaList
	var levels flowcontrolv1.PriorityLevelConfigurationList
	var lists errgroup.Group // at once: a storm makes each of them slow
	lists.Go(func() error {
		if err := a.client.List(ctx, &schemas, client.Limit(mostObjects)); err != nil {
			return fmt.Errorf("listing flow schemas: %w", err)
		}
		return nil
	})
	lists.Go(func() error {
		if err := a.client.List(ctx, &levels, client.Limit(mostObjects)); err != nil {
			return fmt.Errorf("listing priority levels: %w", err)
		}
		return nil
	})
	if err := lists.Wait(); err != nil {
		return nil, nil, err
	}
	if schemas.Continue != "" || levels.Continue != "" {
		return nil, nil, fmt.Errorf("the tenant has more than %d flow schemas or priority levels", mostObjects)
	}
	return &schemas, &levels, nil
}

// reserved tells whether Evenkeel needs a name for itself.
func reserved(name string) bool {
	return name == BallastName || name == SelfName || strings.HasPrefix(name, plane.JailPrefix)
}

// shares are a level's nominal shares; the defaults are the API's.
func shares(l *flowcontrolv1.PriorityLevelConfiguration) int {
	const defaultShares = 30
	switch {
	case l.Spec.Limited != nil && l.Spec.Limited.NominalConcurrencyShares != nil:
		return int(*l.Spec.Limited.NominalConcurrencyShares)
	case l.Spec.Limited != nil:
		return defaultShares
	case l.Spec.Exempt != nil && l.Spec.Exempt.NominalConcurrencyShares != nil:
		return int(*l.Spec.Exempt.NominalConcurrencyShares)
	default:
		return 0
	}
}

// sentenceOf reads the sentence that a schema carries. It is believed only as far
// as its name fits: the tenant's administrators can write what they like.
func sentenceOf(s *flowcontrolv1.FlowSchema) (plane.Sentence, bool) {
	var sentence plane.Sentence
	err := json.Unmarshal([]byte(s.Annotations[v1alpha1.SentenceAnnotation]), &sentence)
	ok := err == nil && sentence.Name == s.Name && sentence.Client.SentenceName() == s.Name && sentence.Active()
	return sentence, ok
}

// faultOf names an error of the tenant's API and what to do about it.
func faultOf(attempted string, err error) *plane.Fault {
	f := &plane.Fault{Reason: v1alpha1.ReasonWriteFailed, Message: fmt.Sprintf("%s: %v", attempted, err)}
	status := apierrors.APIStatus(nil)
	switch {
	case apierrors.IsConflict(err):
		f.Reason = v1alpha1.ReasonFieldContested
		f.Message += "; somebody else manages that field: agree on one manager, or pause this profile"
	case apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err):
		f.Reason = v1alpha1.ReasonAccessDenied
		f.Message += "; apply manifests/tenant/rbac.yaml in the tenant"
	case !errors.As(err, &status):
		f.Reason = v1alpha1.ReasonTenantUnreachable
	}
	return f
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"evenkeel.dev/evenkeel/bench/await"
)

// askEvery is how often an alert that is waited for is asked for.
const askEvery = 100 * time.Millisecond

// The states of alerts that are told.
const (
	Pending = "pending"
	Firing  = "firing"
)

// Alert is an alert that is pending or fires.
type Alert struct {
	// Labels are its own and the rule's, alertname among them.
	Labels, Annotations map[string]string
	State               string
	// ActiveAt is the evaluation at which its expression first held. It fires once it has
	// held for as long as the rule says.
	ActiveAt time.Time
	Value    float64
}

// is tells whether it has all of these labels.
func (a Alert) is(labels map[string]string) bool {
	for name, value := range labels {
		if a.Labels[name] != value {
			return false
		}
	}
	return true
}

// Alerts are those that are pending or fire.
func (c Client) Alerts(ctx context.Context) ([]Alert, error) {
	var data struct {
		Alerts []struct {
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
			State       string            `json:"state"`
			ActiveAt    time.Time         `json:"activeAt"`
			Value       string            `json:"value"`
		} `json:"alerts"`
	}
	if err := c.api(ctx, "/api/v1/alerts", nil, &data); err != nil {
		return nil, fmt.Errorf("asking for alerts: %w", err)
	}
	all := make([]Alert, 0, len(data.Alerts))
	for _, a := range data.Alerts {
		value, err := strconv.ParseFloat(a.Value, 64)
		if err != nil {
			return nil, fmt.Errorf("reading the value of the alert %s: %w", a.Labels["alertname"], err)
		}
		all = append(all, Alert{Labels: a.Labels, Annotations: a.Annotations, State: a.State, ActiveAt: a.ActiveAt, Value: value})
	}
	return all, nil
}

// AwaitFiring waits until an alert with these labels fires and returns it.
func (c Client) AwaitFiring(ctx context.Context, limit time.Duration, labels map[string]string) (Alert, error) {
	var found Alert
	err := await.Until(ctx, limit, askEvery, fmt.Sprintf("an alert %v to fire", labels), func(ctx context.Context) error {
		all, err := c.Alerts(ctx)
		if err != nil {
			return err
		}
		state := "not there"
		for _, a := range all {
			if !a.is(labels) {
				continue
			}
			if found = a; a.State == Firing {
				return nil
			}
			state = a.State
		}
		return fmt.Errorf("it is %s, of %d alerts", state, len(all))
	})
	return found, err
}

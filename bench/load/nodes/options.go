// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package nodes

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"

	"k8s.io/client-go/rest"
)

// Options describe the nodes.
type Options struct {
	// Admin makes the pods and what they need, as controllers and a scheduler do.
	Admin *rest.Config
	// ConfigFor gives a node's own identity: user system:node:<name>, group
	// system:nodes.
	ConfigFor func(node string) (*rest.Config, error)
	// PodsPerNode is how many pods a node has when it has joined; PodBytes is about
	// how large each is as JSON in a LIST, 0 is 4,096.
	PodsPerNode, PodBytes int
	// Images is how many the status of a node names, 0 is 20: most of its size.
	Images int
	// Watching is the share of nodes that watch more than their pods, from 0 to 1.
	Watching float64
	// Rate is how many nodes join a second; 0 is 10.
	Rate float64
	// Renew and Report are how often a node renews its Lease and patches its status; 0
	// is a kubelet's 10 s and 5 min.
	Renew, Report time.Duration
	// Churn is how many pods a second are removed and made anew; 0 is none.
	Churn float64
	// Logf is told what goes wrong after a node has joined; it may be nil.
	Logf func(string, ...any)
}

func (o Options) withDefaults() (Options, error) {
	if o.Admin == nil || o.ConfigFor == nil {
		return o, errors.New("preparing nodes: no administrator or no identities")
	}
	for _, number := range []float64{float64(o.PodsPerNode), float64(o.Images), o.Rate, o.Churn} {
		if !(number >= 0) || math.IsInf(number, 0) {
			return o, errors.New("preparing nodes: a number is below 0 or without bound")
		}
	}
	if !(o.Watching >= 0 && o.Watching <= 1) {
		return o, fmt.Errorf("preparing nodes: a share from 0 to 1 of them can watch more, not %v", o.Watching)
	}
	o.PodBytes = cmp.Or(o.PodBytes, 4096)
	o.Images = cmp.Or(o.Images, 20)
	o.Rate = cmp.Or(o.Rate, 10)
	o.Renew = cmp.Or(max(o.Renew, 0), 10*time.Second)
	o.Report = cmp.Or(max(o.Report, 0), 5*time.Minute)
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	return o, nil
}

// watching is true for a share of the nodes, spread evenly.
func (o Options) watching(node int) bool {
	return math.Floor(float64(node+1)*o.Watching) > math.Floor(float64(node)*o.Watching)
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/sla"
)

// door is a way to a control plane, with what came of the last probes there.
type door struct {
	// Replica is whose it is; empty for the balancer's.
	Replica string
	At      time.Time
	Asked   []outcome
}

// outcome is what came of one question.
type outcome struct {
	Question, Result, Phase, Took, Why string
	// Class is how it looks.
	Class string

	took time.Duration
	code int
}

// doors are those of the last round of a control plane, the balancer's first.
func (s *Server) doors(key types.NamespacedName) (all []door) {
	if s.config.Probes == nil {
		return nil
	}
	for _, p := range s.config.Probes(key) {
		name := plain(p.Replica)
		i := slices.IndexFunc(all, func(d door) bool { return d.Replica == name })
		if i < 0 {
			i, all = len(all), append(all, door{Replica: name, At: p.At.UTC()})
		}
		all[i].Asked = append(all[i].Asked, cameOf(p))
	}
	return all
}

// cameOf is what came of a probe, in the words of the series.
func cameOf(p sla.Probe) outcome {
	word := func(text string) string { return plain(strings.ToLower(text)) }
	class := map[sla.Result]string{sla.Failed: "bad", sla.Served: "ok"}[p.Result]
	return outcome{
		Question: word(string(p.Question)), Result: word(string(p.Result)), Phase: word(string(p.Phase)), Took: seconds(p.Took.Seconds()),
		Why: plain(p.Why), Class: cmp.Or(class, "warn"), took: p.Took, code: p.Code,
	}
}

// Whys are why questions failed, each once: one that could not be dialed has failed all of them
// for the same reason. Whose door it is stands beside them.
func (d door) Whys() (all []string) {
	for _, a := range d.Asked {
		why := strings.TrimPrefix(a.Why, cmp.Or(d.Replica, "the balancer")+": ")
		if why != "" && !slices.Contains(all, why) {
			all = append(all, why)
		}
	}
	return all
}

// probed puts what came of probes beside the replicas of a page; what is asked and stands in no
// zone, as the balancer, stands by itself.
func (p *planePage) probed(doors []door) {
	for _, d := range doors {
		if r := p.replica(d.Replica); r != nil {
			r.Door = &d
		} else {
			p.Doors = append(p.Doors, d)
		}
	}
}

// replica is one of the page's; nil where it has none of that name.
func (p *planePage) replica(name string) *replica {
	for z := range p.Zones {
		for i := range p.Zones[z].Replicas {
			if r := &p.Zones[z].Replicas[i]; r.Name == name && name != "" {
				return r
			}
		}
	}
	return nil
}

// roundJSON is what came of the last probes, for machines. Its names are stable.
type roundJSON struct {
	Namespace string     `json:"namespace"`
	Name      string     `json:"name"`
	Doors     []doorJSON `json:"doors"`
}

type doorJSON struct {
	Door    string      `json:"door"`
	Replica string      `json:"replica,omitempty"`
	At      string      `json:"at"`
	Probes  []probeJSON `json:"probes"`
}

type probeJSON struct {
	Question string  `json:"question"`
	Result   string  `json:"result"`
	Phase    string  `json:"phase"`
	Seconds  float64 `json:"seconds"`
	Code     int     `json:"code,omitempty"`
	Why      string  `json:"why,omitempty"`
}

func (s *Server) probesJSON(w http.ResponseWriter, r *http.Request, _ *user, p *v1alpha1.ControlPlaneProfile) {
	out := roundJSON{Namespace: p.Namespace, Name: p.Name, Doors: []doorJSON{}}
	for _, d := range s.doors(types.NamespacedName{Namespace: p.Namespace, Name: p.Name}) {
		one := doorJSON{Door: "replica", Replica: d.Replica, At: iso(d.At)}
		if d.Replica == "" {
			one.Door = "balancer"
		}
		for _, a := range d.Asked {
			one.Probes = append(one.Probes, probeJSON{a.Question, a.Result, a.Phase, a.took.Seconds(), a.code, a.Why})
		}
		out.Doors = append(out.Doors, one)
	}
	s.writeJSON(w, r, out)
}

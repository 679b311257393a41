// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import (
	"fmt"
	"net/http"
)

// ChurnNamespace is where churn makes and removes its objects.
const ChurnNamespace = "churn"

// Churn is objects that come and go: a ConfigMap and an Event are made and removed, one
// pair after another.
type Churn struct{ class *Class }

// NewChurn is churn in the namespace for it.
func NewChurn() *Churn { return &Churn{class: newClass("change", SLOObject, 1)} }

// Classes hold every request.
func (c *Churn) Classes() []*Class { return []*Class{c.class} }

// Next is the nth request of a user.
func (c *Churn) Next(user, n int) Request {
	name := fmt.Sprintf("churn-%03d-%d", user, n/4)
	path, body := "/api/v1/namespaces/"+ChurnNamespace, ""
	if n%2 == 0 {
		path += "/configmaps"
		body = `{"metadata":{"name":"` + name + `"},"data":{"key":"value of some length, as there are many"}}`
	} else {
		path += "/events"
		body = `{"metadata":{"name":"` + name + `"},"reason":"Churned","type":"Normal","message":"made to be removed",` +
			`"involvedObject":{"kind":"ConfigMap","namespace":"` + ChurnNamespace + `","name":"` + name + `"}}`
	}
	if n%4 >= 2 {
		return Request{Class: c.class, Method: http.MethodDelete, Path: path + "/" + name}
	}
	return Request{Class: c.class, Method: http.MethodPost, Path: path, Body: body, ContentType: "application/json"}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package swarm

import (
	"fmt"
	"strings"
)

// GiantsPath is where the large objects are listed.
const GiantsPath = "/apis/bench.evenkeel.dev/v1/giants"

// GiantsCRD defines a kind whose objects may hold anything, as reports of scanners do.
const GiantsCRD = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: giants.bench.evenkeel.dev}
spec:
  group: bench.evenkeel.dev
  scope: Cluster
  names: {kind: Giant, listKind: GiantList, plural: giants, singular: giant}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

// Giant is the i-th large object as JSON, of about so many bytes: many small findings
// and no long string, which would be cheap to encode.
func Giant(i, bytes int) (name, object string) {
	const finding = `{"id":"CVE-2024-%05d","severity":"MEDIUM","package":"libexample","installed":"1.2.3","fixed":"1.2.4","score":5.3}`
	name = fmt.Sprintf("giant-%04d", i)
	var b strings.Builder
	b.WriteString(`{"apiVersion":"bench.evenkeel.dev/v1","kind":"Giant","metadata":{"name":"` + name + `"},"report":{"findings":[`)
	for n := 0; b.Len() < bytes; n++ {
		if n > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, finding, n)
	}
	b.WriteString(`]}}`)
	return name, b.String()
}

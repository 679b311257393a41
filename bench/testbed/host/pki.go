// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"net"
	"os"
	"path/filepath"

	"evenkeel.dev/evenkeel/bench/testbed/pki"
)

// pki is the path of a file of the cluster's certificates.
func (c *Cluster) pki(name string) string { return filepath.Join(c.options.Dir, "pki", name) }

// writePKI makes the cluster's CA and what the components need of it. One CA
// signs everything: this cluster is scaffolding, and its people are its tests.
func (c *Cluster) writePKI() error {
	ca, err := pki.NewCA("evenkeel-host")
	if err != nil {
		return err
	}
	c.CA = ca
	if err := os.MkdirAll(c.pki(""), 0o700); err != nil {
		return fmt.Errorf("making the folder for certificates: %w", err)
	}
	private, public, err := pki.ServiceAccountKey()
	if err != nil {
		return err
	}
	files := map[string][]byte{"ca.crt": ca.PEM(), "ca.key": ca.KeyPEM(), "sa.key": private, "sa.pub": public}
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	for name, request := range map[string]pki.Request{
		"admin":          {CommonName: "admin", Organizations: []string{"system:masters"}, Client: true},
		"etcd":           {CommonName: "etcd", IPs: loopback, Server: true, Client: true},
		"apiserver":      {CommonName: "kube-apiserver", IPs: loopback, DNSNames: []string{"localhost", "kubernetes", "kubernetes.default.svc"}, Server: true},
		"kubelet-client": {CommonName: "kube-apiserver-kubelet-client", Organizations: []string{"system:masters"}, Client: true},
		"front-proxy":    {CommonName: "front-proxy", Client: true},
	} {
		pair, err := ca.Issue(request)
		if err != nil {
			return err
		}
		files[name+".crt"], files[name+".key"] = pair.CertPEM, pair.KeyPEM
	}
	for name, data := range files {
		if err := os.WriteFile(c.pki(name), data, 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

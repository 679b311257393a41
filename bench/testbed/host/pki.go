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

// writePKI makes the cluster's CAs and what the components need of them.
//
// There are three CAs, as etcd takes every certificate of its CA for an
// administrator's, and the aggregated servers one of the front proxy's CA for the
// apiserver speaking for anybody: were there one CA, every client certificate of
// the cluster would be good for both.
func (c *Cluster) writePKI() error {
	if err := os.MkdirAll(c.pki(""), 0o700); err != nil {
		return fmt.Errorf("making the folder for certificates: %w", err)
	}
	private, public, err := pki.ServiceAccountKey()
	if err != nil {
		return err
	}
	files := map[string][]byte{"sa.key": private, "sa.pub": public}
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	if c.CA, err = issueAll("ca", files, map[string]pki.Request{
		"admin":          {CommonName: "admin", Organizations: []string{"system:masters"}, Client: true},
		"apiserver":      {CommonName: "kube-apiserver", IPs: loopback, DNSNames: []string{"localhost", "kubernetes", "kubernetes.default.svc"}, Server: true},
		"kubelet-client": {CommonName: "kube-apiserver-kubelet-client", Organizations: []string{"system:masters"}, Client: true},
	}); err != nil {
		return err
	}
	if _, err = issueAll("etcd-ca", files, map[string]pki.Request{
		"etcd":        {CommonName: "etcd", IPs: loopback, Server: true, Client: true},
		"etcd-client": {CommonName: "kube-apiserver-etcd-client", Client: true},
	}); err != nil {
		return err
	}
	if _, err = issueAll("front-proxy-ca", files, map[string]pki.Request{
		"front-proxy": {CommonName: "front-proxy", Client: true},
	}); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(c.pki(name), data, 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// issueAll makes a CA and what it signs, and adds all of it to files.
func issueAll(name string, files map[string][]byte, requests map[string]pki.Request) (*pki.CA, error) {
	ca, err := pki.NewCA("evenkeel-host-" + name)
	if err != nil {
		return nil, err
	}
	files[name+".crt"], files[name+".key"] = ca.PEM(), ca.KeyPEM()
	for name, request := range requests {
		pair, err := ca.Issue(request)
		if err != nil {
			return nil, err
		}
		files[name+".crt"], files[name+".key"] = pair.CertPEM, pair.KeyPEM
	}
	return ca, nil
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"fmt"
	"net"
	"net/netip"

	"evenkeel.dev/evenkeel/bench/testbed/pki"
)

// EvenkeelUser is the user of the tenant that Evenkeel acts as.
const EvenkeelUser = "evenkeel"

// secrets are the tenant's PKI.
type secrets struct {
	CA, EtcdCA                                  *pki.CA
	Serving, EtcdClient, EtcdMember             *pki.Pair
	EtcdObserver                                *pki.Pair
	ServiceAccountPrivate, ServiceAccountPublic []byte
	AdminKubeconfig, EvenkeelKubeconfig         []byte
}

// issue makes a PKI for a new tenant.
func issue(o Options) (*secrets, error) {
	s := &secrets{}
	var err error
	if s.CA, err = pki.NewCA(o.Name + "-ca"); err != nil {
		return nil, fmt.Errorf("making the tenant's authority: %w", err)
	}
	if s.EtcdCA, err = pki.NewCA(o.Name + "-etcd-ca"); err != nil {
		return nil, fmt.Errorf("making etcd's authority: %w", err)
	}
	if s.ServiceAccountPrivate, s.ServiceAccountPublic, err = pki.ServiceAccountKey(); err != nil {
		return nil, fmt.Errorf("making the service accounts' key: %w", err)
	}
	if s.Serving, err = s.CA.Issue(servingRequest(o.Namespace)); err != nil {
		return nil, fmt.Errorf("issuing the apiservers' serving certificate: %w", err)
	}
	if s.EtcdClient, err = s.EtcdCA.Issue(pki.Request{CommonName: "kube-apiserver", Client: true}); err != nil {
		return nil, fmt.Errorf("issuing the apiservers' certificate for etcd: %w", err)
	}
	if s.EtcdObserver, err = s.EtcdCA.Issue(pki.Request{CommonName: EvenkeelUser, Client: true}); err != nil {
		return nil, fmt.Errorf("issuing Evenkeel's certificate for etcd: %w", err)
	}
	if s.EtcdMember, err = s.EtcdCA.Issue(memberRequest(o)); err != nil {
		return nil, fmt.Errorf("issuing the members' certificate: %w", err)
	}
	if s.AdminKubeconfig, err = s.kubeconfig(o, "admin", "system:masters"); err != nil {
		return nil, err
	}
	s.EvenkeelKubeconfig, err = s.kubeconfig(o, EvenkeelUser)
	return s, err
}

// servingRequest names what the apiservers are called, but not the addresses of
// their pods: those come and go, and a certificate must not have to.
func servingRequest(namespace string) pki.Request {
	return pki.Request{
		CommonName: "kube-apiserver",
		Server:     true,
		DNSNames: []string{
			serverName(namespace), serverName(namespace) + ".cluster.local",
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
			"localhost",
		},
		// The tenant's kubernetes Service, and the balancer.
		IPs: []net.IP{net.IPv4(10, 96, 0, 1), net.IPv4(127, 0, 0, 1)},
	}
}

// memberRequest names all members, by their fixed addresses too. A member checks
// the certificate of a peer against the address that it is called from as well,
// and connections between the testbed's pods all come from 127.0.0.1: they share
// one network.
func memberRequest(o Options) pki.Request {
	r := pki.Request{
		CommonName: "etcd", Server: true, Client: true,
		DNSNames: []string{"etcd." + o.Namespace + ".svc"},
		IPs:      []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	for _, m := range members(o) {
		r.DNSNames = append(r.DNSNames, m.Name+".etcd."+o.Namespace+".svc")
		r.IPs = append(r.IPs, ip(m.Address))
	}
	return r
}

// kubeconfig is one that works at every replica's own address as well: the server
// is verified by name.
func (s *secrets) kubeconfig(o Options, user string, groups ...string) ([]byte, error) {
	pair, err := s.CA.Issue(pki.Request{CommonName: user, Organizations: groups, Client: true})
	if err != nil {
		return nil, fmt.Errorf("issuing the certificate of user %s: %w", user, err)
	}
	name := serverName(o.Namespace)
	raw, err := pki.Kubeconfig(fmt.Sprintf("https://%s:%d", name, securePort), name, s.CA.PEM(), pair)
	if err != nil {
		return nil, fmt.Errorf("writing the kubeconfig of user %s: %w", user, err)
	}
	return raw, nil
}

// member is one etcd with its fixed address.
type member struct {
	Name    string
	Address netip.Addr
}

func members(o Options) []member {
	pool := netip.MustParsePrefix(o.Pool) // checked by withDefaults
	all := make([]member, replicas)
	for n := range all {
		all[n] = member{Name: fmt.Sprintf("etcd-%d", n), Address: memberAddress(pool, n)}
	}
	return all
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"fmt"
	"net/url"
	"time"

	clientcmdapiv1 "k8s.io/client-go/tools/clientcmd/api/v1"
	"sigs.k8s.io/yaml"

	v1alpha1 "evenkeel.dev/evenkeel/apis/v1alpha1"
	"evenkeel.dev/evenkeel/recommender/plane"
)

// maxKubeconfig bounds a kubeconfig, in bytes. A Secret may hold 1 MiB; a
// kubeconfig with one user has about 6 KB.
const maxKubeconfig = 256 << 10

// Parse reads a kubeconfig at the time now, which its certificates are checked
// against. The fault's reason is AccessInvalid or AccessExpired, and its message
// says what is wrong and what to put there instead; it never repeats a secret.
func Parse(kubeconfig []byte, now time.Time) (*Access, *plane.Fault) {
	config, fault := decode(kubeconfig)
	if fault != nil {
		return nil, fault
	}
	cluster, user, fault := current(config)
	if fault != nil {
		return nil, fault
	}
	a := &Access{words: kubeconfigWords}
	if fault := a.takeCluster(cluster, now); fault != nil {
		return nil, fault
	}
	if fault := a.takeUser(user, now); fault != nil {
		return nil, fault
	}
	return a, nil
}

func invalid(format string, args ...any) *plane.Fault {
	return &plane.Fault{Reason: v1alpha1.ReasonAccessInvalid, Message: fmt.Sprintf(format, args...)}
}

func expired(format string, args ...any) *plane.Fault {
	return &plane.Fault{Reason: v1alpha1.ReasonAccessExpired, Message: fmt.Sprintf(format, args...)}
}

func decode(kubeconfig []byte) (*clientcmdapiv1.Config, *plane.Fault) {
	switch {
	case len(kubeconfig) == 0:
		return nil, invalid("the kubeconfig is empty: put one with an inline CA and client certificate there")
	case len(kubeconfig) > maxKubeconfig:
		return nil, invalid("the kubeconfig has %d bytes, at most %d are read: keep only Evenkeel's own context in it", len(kubeconfig), maxKubeconfig)
	}
	config := &clientcmdapiv1.Config{}
	// The decoder's own message may quote what it read, which holds a key.
	if err := yaml.UnmarshalStrict(kubeconfig, config); err != nil {
		return nil, invalid("the kubeconfig is not YAML or JSON of kind Config (apiVersion v1), or has a field that Config does not have, or has one twice: check it with kubectl --kubeconfig FILE config view")
	}
	if config.Kind != "" && config.Kind != "Config" || config.APIVersion != "" && config.APIVersion != "v1" {
		return nil, invalid("the kubeconfig is of kind %.40q, apiVersion %.40q: it must be Config, v1", config.Kind, config.APIVersion)
	}
	return config, nil
}

// current finds what the current context refers to.
func current(config *clientcmdapiv1.Config) (cluster clientcmdapiv1.Cluster, user clientcmdapiv1.AuthInfo, fault *plane.Fault) {
	if config.CurrentContext == "" {
		return cluster, user, invalid("the kubeconfig has no current-context: set it to Evenkeel's context")
	}
	named, n := clientcmdapiv1.NamedContext{}, 0
	for _, c := range config.Contexts {
		if c.Name == config.CurrentContext {
			named, n = c, n+1
		}
	}
	if n != 1 {
		return cluster, user, invalid("the kubeconfig has %d contexts named %.80q, which is its current-context: it must have one", n, config.CurrentContext)
	}
	n = 0
	for _, c := range config.Clusters {
		if c.Name == named.Context.Cluster {
			cluster, n = c.Cluster, n+1
		}
	}
	if n != 1 {
		return cluster, user, invalid("the kubeconfig has %d clusters named %.80q, which its current context refers to: it must have one", n, named.Context.Cluster)
	}
	n = 0
	for _, u := range config.AuthInfos {
		if u.Name == named.Context.AuthInfo {
			user, n = u.AuthInfo, n+1
		}
	}
	if n != 1 {
		return cluster, user, invalid("the kubeconfig has %d users named %.80q, which its current context refers to: it must have one", n, named.Context.AuthInfo)
	}
	return cluster, user, nil
}

// takeCluster reads how to verify the servers.
func (a *Access) takeCluster(c clientcmdapiv1.Cluster, now time.Time) *plane.Fault {
	switch {
	case c.InsecureSkipTLSVerify:
		return invalid("the kubeconfig sets insecure-skip-tls-verify: remove it and put the tenant's CA into certificate-authority-data")
	case c.CertificateAuthority != "":
		return invalid("the kubeconfig names a CA file (certificate-authority): the operator reads no files for a tenant, put it inline into certificate-authority-data")
	case c.ProxyURL != "":
		return invalid("the kubeconfig sets proxy-url: replicas are reached at their own addresses, remove it")
	case len(c.CertificateAuthorityData) == 0:
		return invalid("the kubeconfig has no certificate-authority-data: put the tenant's CA there, the servers cannot be verified without it")
	}
	server, err := url.Parse(c.Server)
	if err != nil || server.Scheme != "https" || server.Hostname() == "" || server.User != nil {
		return invalid("the kubeconfig's server must be a URL as in https://kube-apiserver.example.svc:6443")
	}
	if server.Path != "" && server.Path != "/" || server.RawQuery != "" || server.Fragment != "" {
		return invalid("the kubeconfig's server URL has a path or a query: replicas are reached at their own addresses, which have none; leave https, host and port")
	}
	a.serverName = c.TLSServerName
	if a.serverName == "" {
		a.serverName = server.Hostname()
	}
	a.ca = c.CertificateAuthorityData
	return a.checkCA(now)
}

// takeUser reads who Evenkeel is.
func (a *Access) takeUser(u clientcmdapiv1.AuthInfo, now time.Time) *plane.Fault {
	if fault := unwanted(u); fault != nil {
		return fault
	}
	certificate := len(u.ClientCertificateData) > 0 || len(u.ClientKeyData) > 0
	switch {
	case certificate && u.Token != "":
		return invalid("the kubeconfig's user has a client certificate and a token: leave one, so that it is clear who Evenkeel is")
	case u.Token != "":
		return a.takeToken(u.Token, now)
	case !certificate:
		return invalid("the kubeconfig's user has no credentials: put a client certificate (client-certificate-data, client-key-data) or a token there")
	default:
		return a.takeCertificate(u.ClientCertificateData, u.ClientKeyData, now)
	}
}

// unwanted is the fault of a user with anything beside a certificate or a token
// that is given inline.
func unwanted(u clientcmdapiv1.AuthInfo) *plane.Fault {
	switch {
	case u.Exec != nil:
		return invalid("the kubeconfig's user runs a command (exec): the operator runs none for a tenant, use a client certificate or a token")
	case u.AuthProvider != nil:
		return invalid("the kubeconfig's user has an auth-provider: use a client certificate or a token")
	case u.ClientCertificate != "" || u.ClientKey != "" || u.TokenFile != "":
		return invalid("the kubeconfig's user names files (client-certificate, client-key or tokenFile): the operator reads no files for a tenant, put them inline into client-certificate-data and client-key-data, or token")
	case u.Impersonate != "" || u.ImpersonateUID != "" || len(u.ImpersonateGroups) > 0 || len(u.ImpersonateUserExtra) > 0:
		return invalid("the kubeconfig's user impersonates another (as, as-uid, as-groups or as-user-extra): give Evenkeel credentials of its own")
	case u.Username != "" || u.Password != "":
		return invalid("the kubeconfig's user has a username and password, which apiservers no longer take: use a client certificate or a token")
	default:
		return nil
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package volume

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

const (
	// kubeconfigName is the file beside a token that stands for the in-cluster
	// configuration.
	kubeconfigName = "kubeconfig"
	// tokenLife is the API's default in seconds; renewAt is the part of a token's
	// life after which a kubelet asks for the next one, mostAge the age at which it
	// does whatever the life.
	tokenLife = 3600
	renewAt   = 0.8
	mostAge   = 24 * time.Hour
)

// tokens are the pods' current tokens.
type tokens struct {
	mu   sync.Mutex
	held map[string]token
}

type token struct {
	value string
	renew time.Time
}

func (p *payload) token(ctx context.Context, volume string, s *corev1.ServiceAccountTokenProjection) error {
	value, err := p.m.tokenFor(ctx, p.facts.Pod, volume, s)
	if err != nil {
		return err
	}
	p.files[s.Path] = File{Data: []byte(value), Mode: p.mode}
	if s.Audience != "" {
		return nil // a token for somebody else than the API server
	}
	config, err := kubeconfig(p.m.Config, filepath.Join(p.m.folder(p.facts.Pod.UID, volume), s.Path))
	if err != nil {
		return err
	}
	p.files[kubeconfigName] = File{Data: config, Mode: p.mode}
	return nil
}

// tokenFor asks for a token bound to the pod, or returns the one that is still
// young enough.
func (m *Mounter) tokenFor(ctx context.Context, pod *corev1.Pod, volume string, s *corev1.ServiceAccountTokenProjection) (string, error) {
	key := string(pod.UID) + "/" + volume + "/" + s.Path
	now := m.Clock.Now()
	m.tokens.mu.Lock()
	held, ok := m.tokens.held[key]
	m.tokens.mu.Unlock()
	if ok && now.Before(held.renew) {
		return held.value, nil
	}
	life := int64(tokenLife)
	if s.ExpirationSeconds != nil {
		life = *s.ExpirationSeconds
	}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: &life,
		BoundObjectRef: &authenticationv1.BoundObjectReference{
			APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID,
		},
	}}
	if s.Audience != "" {
		request.Spec.Audiences = []string{s.Audience}
	}
	account := pod.Spec.ServiceAccountName
	answer, err := m.Objects.Client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(ctx, account, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("fetching a token of ServiceAccount %s/%s: %w", pod.Namespace, account, err)
	}
	fresh := token{value: answer.Status.Token, renew: renewal(now, answer.Status.ExpirationTimestamp.Time)}
	m.tokens.mu.Lock()
	defer m.tokens.mu.Unlock()
	if m.tokens.held == nil {
		m.tokens.held = map[string]token{}
	}
	m.tokens.held[key] = fresh
	return fresh.value, nil
}

// renewal is when to ask for the next token.
func renewal(now, expires time.Time) time.Time {
	life := time.Duration(float64(expires.Sub(now)) * renewAt)
	return now.Add(min(life, mostAge))
}

// kubeconfig reaches the API server as the node does, with the token as identity.
func kubeconfig(c *rest.Config, tokenFile string) ([]byte, error) {
	own := rest.CopyConfig(c)
	if err := rest.LoadTLSFiles(own); err != nil {
		return nil, fmt.Errorf("reading the API server's authority: %w", err)
	}
	const name = "default"
	raw, err := clientcmd.Write(clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{name: {
			Server: own.Host, TLSServerName: own.ServerName, CertificateAuthorityData: own.CAData,
		}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: {TokenFile: tokenFile}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	})
	if err != nil {
		return nil, fmt.Errorf("writing the pod's kubeconfig: %w", err)
	}
	return raw, nil
}

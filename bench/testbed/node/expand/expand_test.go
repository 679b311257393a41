// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package expand_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"evenkeel.dev/evenkeel/bench/testbed/node/expand"
)

func TestVars(t *testing.T) {
	values := map[string]string{"A": "1", "B": "$(A)", "EMPTY": ""}
	lookup := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	for text, want := range map[string]string{
		"":                  "",
		"plain":             "plain",
		"$(A)":              "1",
		"x$(A)y$(A)z":       "x1y1z",
		"$(B)":              "$(A)", // once, not again
		"$(EMPTY)":          "",
		"$(NONE)":           "$(NONE)",
		"$$(A)":             "$(A)",
		"$$$(A)":            "$1",
		"$A ${A} $":         "$A ${A} $",
		"$(A":               "$(A",
		"--peers=$(A),$(A)": "--peers=1,1",
	} {
		if got := expand.Vars(text, lookup); got != want {
			t.Errorf("Vars(%q) = %q, want %q", text, got, want)
		}
	}
}

// Text without a dollar sign is never changed, and escaping it twice the dollars
// gives it back.
func TestVarsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-c$()]{0,20}`).Draw(t, "text")
		none := func(string) (string, bool) { return "", false }
		if got := expand.Vars(strings.ReplaceAll(text, "$", "$$"), none); got != text {
			t.Fatalf("escaped %q came back as %q", text, got)
		}
	})
}

func TestPaths(t *testing.T) {
	paths := expand.NewPaths([]expand.Mount{
		{Path: "/etc/pki", Real: "/run/x/pki"}, {Path: "/etc/pki/ca/", Real: "/run/x/ca"}, {Path: "/data", Real: "/srv/etc/pki"}, {Path: "/", Real: "/nowhere"},
	})
	for text, want := range map[string]string{
		"/etc/pki":                       "/run/x/pki",
		"/etc/pki/tls.crt":               "/run/x/pki/tls.crt",
		"/etc/pki/ca/ca.crt":             "/run/x/ca/ca.crt",
		"/etc/pki/ca.crt":                "/run/x/pki/ca.crt",
		"--file=/etc/pki/a,/etc/pki/b":   "--file=/run/x/pki/a,/run/x/pki/b",
		"unix:///etc/pki/socket":         "unix:///run/x/pki/socket",
		"/etc/pki2":                      "/etc/pki2",
		"/old/etc/pki":                   "/old/etc/pki",
		"https://host/data":              "https://host/data",
		"/data":                          "/srv/etc/pki", // once, not again
		`{"dir":"/data","other":"/dat"}`: `{"dir":"/srv/etc/pki","other":"/dat"}`,
		"":                               "",
	} {
		if got := paths.Rewrite(text); got != want {
			t.Errorf("Rewrite(%q) = %q, want %q", text, got, want)
		}
	}
}

func facts() expand.Facts {
	return expand.Facts{
		PodIP: "127.1.0.9", HostIP: "127.1.0.1",
		Allocatable: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
		Pod: &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns", UID: "u", Labels: map[string]string{"b": "2", "a": "1"}},
			Spec: corev1.PodSpec{
				NodeName: "n", ServiceAccountName: "sa",
				Containers: []corev1.Container{{Name: "c", Resources: corev1.ResourceRequirements{
					Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1500m")},
				}}},
			},
		},
	}
}

func TestFields(t *testing.T) {
	for path, want := range map[string]string{
		"metadata.name": "p", "metadata.namespace": "ns", "metadata.uid": "u", "metadata.labels['a']": "1", "metadata.labels['none']": "",
		"metadata.labels": "a=\"1\"\nb=\"2\"", "spec.nodeName": "n", "spec.serviceAccountName": "sa", "status.podIP": "127.1.0.9", "status.hostIP": "127.1.0.1",
	} {
		if got, err := facts().Field(path); got != want || err != nil {
			t.Errorf("Field(%s) = %q, %v, want %q", path, got, err, want)
		}
	}
	for _, path := range []string{"status.phase", "metadata.labels['a", "spec.x['a']"} {
		if _, err := facts().Field(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Field(%s) = %v, want an error that names it", path, err)
		}
	}
}

func TestResources(t *testing.T) {
	for _, c := range []struct{ name, divisor, want string }{
		{"requests.cpu", "0", "2"}, {"requests.cpu", "1m", "1500"}, {"limits.memory", "1Mi", "1024"}, {"requests.memory", "1", "0"},
	} {
		ref := &corev1.ResourceFieldSelector{Resource: c.name, Divisor: resource.MustParse(c.divisor)}
		if got, err := facts().Resource("c", ref); got != c.want || err != nil {
			t.Errorf("Resource(%s / %s) = %q, %v, want %q", c.name, c.divisor, got, err, c.want)
		}
	}
}

// shelf is a Source.
type shelf map[string]map[string]string

func (s shelf) ConfigMap(_ context.Context, _, name string) (map[string]string, bool, error) {
	data, ok := s["configmap/"+name]
	return data, ok, nil
}

func (s shelf) Secret(_ context.Context, _, name string) (map[string]string, bool, error) {
	if name == "down" {
		return nil, false, errors.New("the API is down")
	}
	data, ok := s["secret/"+name]
	return data, ok, nil
}

func secretKey(name, key string, optional *bool) *corev1.EnvVarSource {
	return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: name}, Key: key, Optional: optional,
	}}
}

func TestEnvironment(t *testing.T) {
	source := shelf{"configmap/m": {"X": "from-map", "Y": "y"}, "secret/s": {"k": "hush"}}
	c := &corev1.Container{
		Name: "c",
		EnvFrom: []corev1.EnvFromSource{{Prefix: "M_", ConfigMapRef: &corev1.ConfigMapEnvSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "m"},
		}}},
		Env: []corev1.EnvVar{
			{Name: "KEY", ValueFrom: secretKey("s", "k", nil)},
			{Name: "M_Y", Value: "overruled"},
			{Name: "URL", Value: "$(KEY)@$(M_X)/$(M_Y)/$(LATER)"},
			{Name: "LATER", Value: "/data/x"},
			{Name: "GONE", ValueFrom: secretKey("none", "k", new(true))},
		},
	}
	var v expand.Variables
	v.Set("PATH", "/bin")
	if err := expand.Environment(t.Context(), &v, c, facts(), source); err != nil {
		t.Fatal(err)
	}
	want := []string{"PATH=/bin", "M_X=from-map", "M_Y=overruled", "KEY=hush", "URL=hush@from-map/overruled/$(LATER)", "LATER=/real/x"}
	if diff := cmp.Diff(want, v.List(expand.NewPaths([]expand.Mount{{Path: "/data", Real: "/real"}}))); diff != "" {
		t.Error(diff)
	}
}

func TestEnvironmentSaysWhatIsMissing(t *testing.T) {
	source := shelf{"secret/s": {"k": "hush"}}
	for want, from := range map[string]*corev1.EnvVarSource{
		`variable A: secret "none" not found`:                  secretKey("none", "k", nil),
		`variable A: couldn't find key other in secret ns/s`:   secretKey("s", "other", nil),
		`variable A: the API is down`:                          secretKey("down", "k", new(true)),
		`variable A: the downward API has no field "nonsense"`: {FieldRef: &corev1.ObjectFieldSelector{FieldPath: "nonsense"}},
	} {
		c := &corev1.Container{Name: "c", Env: []corev1.EnvVar{{Name: "A", ValueFrom: from}}}
		if err := expand.Environment(t.Context(), &expand.Variables{}, c, facts(), source); err == nil || err.Error() != want {
			t.Errorf("Environment = %v, want %s", err, want)
		}
	}
}

func TestCommand(t *testing.T) {
	var v expand.Variables
	v.Set("IP", "127.1.0.9")
	paths := expand.NewPaths([]expand.Mount{{Path: "/data", Real: "/real"}})
	for name, c := range map[string]struct {
		image, command, args, want []string
	}{
		"the image alone":           {[]string{"/bin/etcd", "-x"}, nil, nil, []string{"/bin/etcd", "-x"}},
		"args follow the image":     {[]string{"/bin/etcd"}, nil, []string{"--ip=$(IP)"}, []string{"/bin/etcd", "--ip=127.1.0.9"}},
		"the image's binary":        {[]string{"/cache/etcd"}, []string{"etcd", "--dir=/data"}, []string{"a"}, []string{"/cache/etcd", "--dir=/real", "a"}},
		"its path in the image":     {[]string{"/cache/etcd"}, []string{"/usr/local/bin/etcd"}, nil, []string{"/cache/etcd"}},
		"another command overrules": {[]string{"/cache/etcd", "-x"}, []string{"sh", "-c"}, []string{"ls /data"}, []string{"sh", "-c", "ls /real"}},
	} {
		got, err := expand.Command(c.image, &corev1.Container{Command: c.command, Args: c.args}, &v, paths)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package tenant

import (
	"bytes"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"text/template"
)

//go:embed manifests
var manifests embed.FS

// view is what the manifests are rendered with.
type view struct {
	Options
	PKI            *secrets
	Members        []member
	Volumes        []volume
	ServerName     string
	InitialCluster string
	EtcdServers    string
}

// volume is a local volume for one member.
type volume struct{ Name, Zone, Path string }

func volumes(o Options) []volume {
	all := make([]volume, 0, len(o.Zones))
	for _, zone := range o.Zones {
		name := o.Namespace + "-etcd-" + zone
		all = append(all, volume{Name: name, Zone: zone, Path: filepath.Join(o.Dir, "volumes", name)})
	}
	return all
}

// render fills in the manifests: YAML documents in the order to apply them in.
func render(o Options, s *secrets) ([]byte, error) {
	templates, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"base64": base64.StdEncoding.EncodeToString,
		"json": func(v any) (string, error) {
			raw, err := json.Marshal(v)
			return string(raw), err
		},
	}).ParseFS(manifests, "manifests/*")
	if err != nil {
		return nil, fmt.Errorf("reading the tenant's manifests: %w", err)
	}
	names, err := fs.Glob(manifests, "manifests/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the tenant's manifests: %w", err)
	}
	var out bytes.Buffer
	v := newView(o, s)
	for _, name := range names { // sorted: the numbers in front are the order
		out.WriteString("---\n")
		if err := templates.ExecuteTemplate(&out, filepath.Base(name), v); err != nil {
			return nil, fmt.Errorf("filling in %s: %w", name, err)
		}
	}
	return out.Bytes(), nil
}

// newView returns a pointer: quantities only print themselves by their address.
func newView(o Options, s *secrets) *view {
	v := &view{
		Options: o, Members: members(o), Volumes: volumes(o), ServerName: serverName(o.Namespace),
		PKI: s,
	}
	var cluster, servers []string
	for _, m := range v.Members {
		cluster = append(cluster, m.Name+"=https://"+m.Address.String()+":2380")
		servers = append(servers, "https://"+m.Address.String()+":2379")
	}
	v.InitialCluster, v.EtcdServers = strings.Join(cluster, ","), strings.Join(servers, ",")
	return v
}

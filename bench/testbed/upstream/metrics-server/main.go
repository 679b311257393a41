// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command metrics-server is the upstream metrics-server, built from its pinned
// module.
package main

import (
	"os"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
	"sigs.k8s.io/metrics-server/cmd/metrics-server/app"
)

func main() {
	os.Exit(cli.Run(app.NewMetricsServerCommand(genericapiserver.SetupSignalHandler())))
}

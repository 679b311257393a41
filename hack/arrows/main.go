// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Command arrows draws the arrows between the floors of the house from what the
// packages import, and fails with each that points the wrong way.
//
// It reads the output of `go list`, so it sees the code that is compiled on this
// platform, tests included; the linter's depguard rules say the same file by
// file.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	packages, err := list(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "arrows:", err)
		os.Exit(2)
	}
	for _, line := range drawn(packages) {
		fmt.Println(line)
	}
	offending := wrong(packages)
	for _, a := range offending {
		fmt.Fprintln(os.Stderr, "wrong arrow:", a)
	}
	if len(offending) > 0 {
		os.Exit(1)
	}
}

// list asks go for the packages of the module around the working folder. A
// package that does not compile is listed all the same (-e): that is for the
// compiler to say.
func list(ctx context.Context) ([]importing, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages: %w: %s", err, stderr.Bytes())
	}
	return parse(out)
}

// parse reads the objects that `go list -json` prints one after another.
func parse(raw []byte) ([]importing, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	var packages []importing
	for {
		var p importing
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages, nil
		case err != nil:
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		packages = append(packages, p)
	}
}

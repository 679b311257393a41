// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package resize_test

import (
	"testing"

	"evenkeel.dev/evenkeel/operator/actuate/hosttest"
)

func TestMain(m *testing.M) { hosttest.Main(m) }

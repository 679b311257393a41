// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"net/url"
	"strings"
	"testing"
)

// Why budgets cannot be read is told to all tenants, and names none of them.
func TestUnreadBudgetsNameNoNamespace(t *testing.T) {
	err := &url.Error{Op: "Get", URL: "https://host/apis/policy/v1/namespaces/tenant-acme/poddisruptionbudgets?limit=1", Err: context.DeadlineExceeded}
	if f := budgetsUnread(err); strings.Contains(f.Message, "tenant-acme") || !strings.Contains(f.Message, context.DeadlineExceeded.Error()) {
		t.Errorf("%+v", f)
	}
}

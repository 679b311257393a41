// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"context"
	"fmt"
	"net/http"

	"evenkeel.dev/evenkeel/operator/access"
)

// Clean deletes in a tenant, at the address of one of its replicas, the object that probes
// write. One that is not there, or that was never allowed, is fine.
func Clean(ctx context.Context, a *access.Access, address string) error {
	d, err := NewDoor(a, "", address)
	if err != nil {
		return err
	}
	defer d.Close()
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, "https://"+address+leasePath, nil)
	if err != nil {
		return fmt.Errorf("deleting the Lease %s in the tenant: %w", leaseName, err)
	}
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	response, err := d.client.Do(request)
	if err != nil {
		return fmt.Errorf("deleting the Lease %s in the tenant: %w", leaseName, err)
	}
	_ = response.Body.Close()
	switch code := response.StatusCode; code {
	case http.StatusOK, http.StatusNotFound, http.StatusForbidden:
		return nil
	default:
		return fmt.Errorf("deleting the Lease %s in the tenant: it is answered %d", leaseName, code)
	}
}

// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
	"net/http"

	"evenkeel.dev/evenkeel/operator/access"
)

// Clean deletes in a tenant, at the address of one of its replicas, the object that probes
// write, where it is there.
func Clean(ctx context.Context, a *access.Access, address string) error {
	d, err := NewDoor(a, "", address)
	if err != nil {
		return err
	}
	defer d.Close()
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		code, err := d.on(ctx, method)
		if err != nil {
			return fmt.Errorf("deleting the Lease %s in the tenant: %w", leaseName, err)
		}
		switch {
		case code == http.StatusNotFound || code == http.StatusForbidden:
			return nil // there is none, or none was ever allowed
		case code >= http.StatusMultipleChoices:
			return fmt.Errorf("deleting the Lease %s in the tenant: %s is answered %d", leaseName, method, code)
		}
	}
	return nil
}

// on does something to the object that probes write.
func (d *Door) on(ctx context.Context, method string) (code int, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "https://"+d.Address+leasePath, nil)
	if err != nil {
		return 0, err
	}
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	response, err := d.client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

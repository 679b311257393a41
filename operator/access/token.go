// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"evenkeel.dev/evenkeel/recommender/plane"
)

// maxToken bounds a bearer token: apiservers bound all headers together.
const maxToken = 16 << 10

// claims are what is read of a token that is a JWT. They are not verified, which
// only the tenant's apiserver can do: they are for messages and for the date.
type claims struct {
	Subject   string  `json:"sub"`
	Expires   float64 `json:"exp"`
	NotBefore float64 `json:"nbf"`
}

func (a *Access) takeToken(token string, now time.Time) *plane.Fault {
	if len(token) > maxToken {
		return invalid("the kubeconfig's token has %d bytes, at most %d are sent", len(token), maxToken)
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return invalid("the kubeconfig's token has blanks, line ends or other characters that no token has: was it pasted with them?")
	}
	a.token = token
	c, ok := read(token)
	if !ok {
		return nil
	}
	a.user = c.Subject
	if begins := at(c.NotBefore); now.Before(begins) {
		return invalid("the kubeconfig's token (%.80q) is valid only from %s, it is %s now: check the clocks of the operator and of whoever issued it", c.Subject, when(begins), when(now))
	}
	ends := at(c.Expires)
	if ends.IsZero() {
		return nil
	}
	if !now.Before(ends) {
		return expired("the kubeconfig's token (%.80q) expired on %s: request a new one, or use a client certificate, and replace it in the access Secret", c.Subject, when(ends))
	}
	a.endsAt(ends)
	return nil
}

// read is the claims of a JWT; ok is false for other tokens.
func read(token string) (c claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, false
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(body, &c) != nil {
		return claims{}, false
	}
	return c, true
}

// at is a JWT's date; the zero time for none and for one past every calendar.
func at(seconds float64) time.Time {
	if !(seconds > 0 && seconds < 1e11) {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

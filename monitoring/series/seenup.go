// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

package series

import (
	"fmt"
	"time"
)

// Fresh is how old what a leader has told may be to be its word: three scrapes. Of one that was
// killed the last word stands for five minutes where series are sent by remote write.
const Fresh = 45 * time.Second

// SeenUp is an expression for where whoever leads sees a control plane up, for selectors of Down
// and of Unseen: these have the same matchers. Unseen is told by nobody else, and Down is 0 where
// it is up and where nobody knows.
func SeenUp(down, unseen string) string {
	return fmt.Sprintf("%s == 0 and %s == 0 and time() - timestamp(%[2]s) < %d", down, unseen, Fresh/time.Second)
}

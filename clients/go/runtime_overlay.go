//go:build syncheck_runtime

package adapter

import _ "unsafe" // for go:linkname

// Whether the runtime is the one of the overlay, in which nothing is left to chance.
const deterministic = true

//go:linkname beginStreams runtime.syncheck_begin
func beginStreams(seed uint64)

//go:build syncheck_runtime

package adapter

import _ "unsafe" // for go:linkname

// Whether the runtime is the one of the overlay, in which nothing is left to chance.
const deterministic = true

//go:linkname beginStreams runtime.syncheck_begin
func beginStreams(seed uint64)

// nextTimer is how far away the next timer of the bubble is at the least, in nanoseconds; -1 if there is none.
//
//go:linkname nextTimer runtime.syncheck_next_timer
func nextTimer() int64

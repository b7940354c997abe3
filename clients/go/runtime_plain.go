//go:build !syncheck_runtime

package adapter

// Whether the runtime is the one of the overlay, in which nothing is left to chance.
const deterministic = false

func beginStreams(uint64) {}

func nextTimer() int64 { return -1 }

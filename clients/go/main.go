package adapter

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

// Main serves an adapter on standard input and output until the input ends. It does not return. What the client prints
// goes to standard error.
func Main(adapter Adapter) {
	out := os.Stdout
	os.Stdout = os.Stderr
	os.Args = os.Args[:1] // the flags of package testing are not the adapter's
	if !deterministic {
		fmt.Fprintln(os.Stderr, "adapter: built without clients/go/build: maps, select and timers are left to chance")
	}
	settle()
	code := 0
	serve := func(t *testing.T) {
		if err := Serve(t, adapter, os.Stdin, out); err != nil {
			fmt.Fprintln(os.Stderr, "adapter:", err)
			code = 1
		}
		os.Exit(code) // package testing would print a verdict
	}
	all := func(string, string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{{Name: "adapter", F: serve}}, nil, nil)
}

// LinkedVersion is the version of a module that the program was linked with; "unknown" if it has none of that path.
func LinkedVersion(module string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, linked := range info.Deps {
			if linked.Path == module {
				return linked.Version
			}
		}
	}
	return "unknown"
}

// settle takes the chance out of the runtime that is to be had without an overlay: one goroutine runs at a time, and
// the collector of garbage runs between lives.
func settle() {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(2 << 30)
	}
}

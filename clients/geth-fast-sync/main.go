// Command geth-fast-sync puts the fast sync of go-ethereum 1.9 and 1.10 behind the adapter protocol: the package
// eth/downloader of the version that it is built with, unchanged. README.md says what is not geth's.
package main

import (
	"runtime/debug"

	"syncheck/adapter"
)

func main() {
	watchLogs()
	adapter.Main(adapter.Adapter{
		About: adapter.About{
			Name:     "geth-fast-sync",
			Version:  gethVersion(),
			Families: []string{"state-sync"},
			Observes: adapter.Observes{Events: true, Restart: true},
		},
		Begin: begin,
	})
}

// gethVersion is the version of go-ethereum that the program was linked with.
func gethVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/ethereum/go-ethereum" {
				return module.Version
			}
		}
	}
	return "unknown"
}

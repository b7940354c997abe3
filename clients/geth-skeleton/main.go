// Command geth-skeleton puts the beacon header sync of go-ethereum behind the adapter protocol: the packages
// eth/downloader and core/rawdb of the version that it is built with, unchanged. README.md says what is not geth's.
package main

import (
	"runtime/debug"

	"syncheck/adapter"
)

func main() {
	watchLogs()
	adapter.Main(adapter.Adapter{
		About: adapter.About{
			Name:         "geth-skeleton",
			Version:      gethVersion(),
			Families:     []string{"skeleton"},
			Capabilities: []string{"set_head", "stored", "terminate", "lacks"},
			Observes:     adapter.Observes{Events: true, Restart: true},
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

// Command btcd puts the block sync of btcd behind the adapter protocol: the packages netsync, blockchain, peer and
// mempool of the version that it is built with, unchanged. README.md says what is not btcd's.
package main

import (
	"runtime/debug"

	"syncheck/adapter"
)

func main() {
	watchLogs()
	adapter.Main(adapter.Adapter{
		About: adapter.About{
			Name:     "btcd",
			Version:  btcdVersion(),
			Families: []string{"headers-first"},
			Profiles: []string{profile},
			Observes: adapter.Observes{Events: true, Restart: true},
		},
		Begin: begin,
	})
}

// btcdVersion is the version of btcd that the program was linked with.
func btcdVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/btcsuite/btcd" {
				return module.Version
			}
		}
	}
	return "unknown"
}

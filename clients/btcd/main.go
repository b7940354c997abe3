// Command btcd puts the block sync of btcd behind the adapter protocol: the packages netsync, blockchain, peer and
// mempool of the version that it is built with, unchanged. README.md says what is not btcd's.
package main

import (
	"syncheck/adapter"
)

func main() {
	watchLogs()
	adapter.Main(adapter.Adapter{
		About: adapter.About{
			Name:     "btcd",
			Version:  adapter.LinkedVersion("github.com/btcsuite/btcd"),
			Families: []string{"headers-first"},
			Profiles: []string{profile},
			Observes: adapter.Observes{Events: true, Restart: true},
		},
		Begin: begin,
	})
}

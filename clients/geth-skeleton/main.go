// Command geth-skeleton puts the beacon header sync of go-ethereum behind the adapter protocol: the packages
// eth/downloader and core/rawdb of the version that it is built with, unchanged. README.md says what is not geth's.
package main

import (
	"syncheck/adapter"
)

func main() {
	watchLogs()
	adapter.Main(adapter.Adapter{
		About: adapter.About{
			Name:         "geth-skeleton",
			Version:      adapter.LinkedVersion("github.com/ethereum/go-ethereum"),
			Families:     []string{"skeleton"},
			Capabilities: []string{"set_head", "stored", "terminate", "lacks"},
			Observes:     adapter.Observes{Events: true, Restart: true},
		},
		Begin: begin,
	})
}

// Command geth-fast-sync puts the fast sync of go-ethereum 1.9 and 1.10 behind the adapter protocol: the package
// eth/downloader of the version that it is built with, unchanged. README.md says what is not geth's.
package main

import (
	"syncheck/adapter"
)

func main() {
	watchLogs()
	adapter.Main(adapter.Adapter{
		About: adapter.About{
			Name:     "geth-fast-sync",
			Version:  adapter.LinkedVersion("github.com/ethereum/go-ethereum"),
			Families: []string{"state-sync"},
			Observes: adapter.Observes{Events: true, Restart: true},
		},
		Begin: begin,
	})
}

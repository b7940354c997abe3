// Command venus puts the chain synchronisation of Venus behind the adapter protocol: the packages pkg/chainsync,
// pkg/chain, pkg/statemanger, pkg/net/exchange and pkg/net/helloprotocol of the version that it is built with, unchanged.
// README.md says what is not Venus's.
package main

import (
	"github.com/filecoin-project/venus/pkg/chain"

	"syncheck/adapter"
)

func main() {
	watchLogs()
	chain.DefaultChainIndexCacheSize = 1 << 8 // its first size alone: a megabyte for each life otherwise
	adapter.Main(adapter.Adapter{
		About: adapter.About{
			Name:         "venus",
			Version:      adapter.LinkedVersion("github.com/filecoin-project/venus"),
			Families:     []string{"tipset-sync"},
			Profiles:     []string{"filecoin", "venus"},
			Capabilities: []string{},
			Observes:     adapter.Observes{Events: true, Restart: true},
		},
		Begin: begin,
	})
}

//go:build !btcd_v0_20_1_beta && !btcd_v0_22_1

package main

import "github.com/btcsuite/btcd/blockchain"

// bound bounds the cache of outputs: what btcd takes by itself would be set aside at each start.
func bound(config *blockchain.Config) { config.UtxoCacheMaxSize = 1 << 18 }

// flush writes the cache of outputs.
func flush(chain *blockchain.BlockChain) error {
	return chain.FlushUtxoCache(blockchain.FlushRequired)
}

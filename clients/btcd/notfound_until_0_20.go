//go:build btcd_v0_20_1_beta

package main

import "github.com/btcsuite/btcd/peer"

// onNotFound does nothing: this version does not hear notfound.
func (r *remote) onNotFound(*peer.Peer, *msgNotFound) {}

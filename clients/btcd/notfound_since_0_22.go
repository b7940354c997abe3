//go:build !btcd_v0_20_1_beta

package main

import "github.com/btcsuite/btcd/peer"

func (r *remote) onNotFound(_ *peer.Peer, msg *msgNotFound) {
	if r.Connected() && !r.judgeNotFound(msg) {
		r.node.sync.QueueNotFound(msg, r.Peer)
	}
}

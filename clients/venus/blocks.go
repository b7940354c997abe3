package main

import (
	"fmt"

	"github.com/filecoin-project/venus/venus-shared/types"
)

// What Venus's app/submodule/syncer does with blocks that come by gossip or from its own miner, and with checkpoints.

// gossiped hands a block over as handleIncomingBlocks does, with its messages, which Venus would fetch.
func (c *client) gossiped(from *conn, encoded fullBlock) {
	block, err := encoded.decode()
	if err != nil || gossiped(block.Header) != nil || storeMessages(c.context, c.disk.blocks, block) != nil {
		return // the topic's validator lets nothing else pass
	}
	if _, err := c.store.PutObject(c.context, block.Header); err != nil {
		return
	}
	sender := from.RemotePeer()
	info := types.NewChainInfo(sender, sender, &types.FullTipSet{Blocks: []*types.FullBlock{block}})
	go func() { _ = c.dispatcher.SendGossipBlock(info) }()
}

// submitted hands a block over as SyncSubmitBlock does, which has no answer in the family.
func (c *client) submitted(encoded fullBlock) error {
	block, err := encoded.decode()
	if err != nil {
		return err
	}
	if len(block.Header.Parents) == 0 {
		return fmt.Errorf("an own block without parents")
	}
	if _, err := c.store.GetBlock(c.context, block.Header.Parents[0]); err != nil {
		return nil // "loading parent block"
	}
	if storeMessages(c.context, c.disk.blocks, block) != nil {
		return nil // "provided messages did not match block"
	}
	if _, err := c.store.PutObject(c.context, block.Header); err != nil {
		return err
	}
	info := types.NewChainInfo(ownID, ownID, &types.FullTipSet{Blocks: []*types.FullBlock{block}})
	go func() { _ = c.dispatcher.SendOwnBlock(info) }()
	return nil
}

// checkpoint is what the operator's command does.
func (c *client) checkpoint(tipset key) error {
	cids, err := tipset.cids()
	if err != nil {
		return err
	}
	go func() {
		if c.dispatcher.SyncCheckpoint(c.context, types.NewTipSetKey(cids...)) == nil {
			c.heads.wait()
			c.life.Event(tipsetEvent{"checkpoint_set", tipset})
		}
	}()
	return nil
}

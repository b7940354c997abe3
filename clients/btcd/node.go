package main

import (
	"bytes"
	"time"

	"github.com/btcsuite/btcd/blockchain"
	"github.com/btcsuite/btcd/database"
	"github.com/btcsuite/btcd/mempool"
	"github.com/btcsuite/btcd/netsync"
	"github.com/btcsuite/btcd/peer"
)

// node stands in for btcd's server.go, which cannot be imported: it knows the peers, relays to them, serves them, and
// tells the sync manager of them. What it does to whom is server.go's; see handleAddPeerMsg, handleDonePeerMsg,
// handleBanPeerMsg, handleRelayInvMsg and handleUpdatePeerHeights there.
type node struct {
	db     *handle
	params *chainParams
	time   blockchain.MedianTimeSource
	chain  *blockchain.BlockChain
	pool   *mempool.TxPool
	sync   *netsync.SyncManager
	watch  *watch

	changes chan change
	heights chan announced
	relays  chan relayed
	bans    chan *remote
	quit    chan struct{}
	stopped chan struct{}

	// What the goroutine of `run` alone uses. In order of arrival, where btcd has maps.
	remotes []*remote
	banned  map[string]time.Time
}

// change says that a peer has come, or that it has gone.
type change struct {
	remote *remote
	gone   bool
}

// announced says that a block is known now that peers may have announced.
type announced struct {
	hash   *chainHash
	height int32
	from   *peer.Peer
}

// relayed is a block or a transaction to be announced.
type relayed struct {
	inventory *inventory
	data      interface{}
}

// Defaults of btcd's config.go and server.go.
const (
	maxPeers        = 125
	banThreshold    = 100
	banDuration     = 24 * time.Hour
	maxOrphans      = 100
	maxOrphanSize   = 100_000
	freeTxLimit     = 15.0
	trickleInterval = 10 * time.Second
	offered         = serviceNetwork | serviceBloom | serviceWitness | serviceFilters
)

// newNode puts a node around a chain. It must be started.
func newNode(db *handle, params *chainParams, time blockchain.MedianTimeSource, chain *blockchain.BlockChain, watch *watch) (*node, error) {
	n := &node{
		db: db, params: params, time: time, chain: chain, watch: watch,
		changes: make(chan change, maxPeers),
		heights: make(chan announced),
		relays:  make(chan relayed, maxPeers),
		bans:    make(chan *remote, maxPeers),
		quit:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
	n.pool = mempool.New(n.poolConfig())
	var err error
	n.sync, err = netsync.New(&netsync.Config{
		PeerNotifier: n,
		Chain:        chain,
		TxMemPool:    n.pool,
		ChainParams:  params,
		MaxPeers:     maxPeers,
	})
	return n, err
}

func (n *node) poolConfig() *mempool.Config {
	chain := n.chain
	return &mempool.Config{
		Policy: mempool.Policy{
			AcceptNonStd:      n.params.RelayNonStdTxs,
			FreeTxRelayLimit:  freeTxLimit,
			MaxOrphanTxs:      maxOrphans,
			MaxOrphanTxSize:   maxOrphanSize,
			MaxSigOpCostPerTx: blockchain.MaxBlockSigOpsCost / 4,
			MinRelayTxFee:     mempool.DefaultMinRelayTxFee,
			MaxTxVersion:      2,
		},
		ChainParams:    n.params,
		FetchUtxoView:  chain.FetchUtxoView,
		BestHeight:     func() int32 { return chain.BestSnapshot().Height },
		MedianTimePast: func() time.Time { return chain.BestSnapshot().MedianTime },
		CalcSequenceLock: func(tx *utilTx, view *blockchain.UtxoViewpoint) (*blockchain.SequenceLock, error) {
			return chain.CalcSequenceLock(tx, view, true)
		},
		IsDeploymentActive: chain.IsDeploymentActive,
	}
}

func (n *node) start() {
	n.sync.Start()
	go n.run()
}

// stop ends all connections and the sync manager.
func (n *node) stop() {
	close(n.quit)
	<-n.stopped
}

// run does one thing after another, as peerHandler of server.go does.
func (n *node) run() {
	defer close(n.stopped)
	n.banned = map[string]time.Time{}
	for {
		select {
		case change := <-n.changes:
			if change.gone {
				n.left(change.remote)
			} else {
				n.joined(change.remote)
			}
		case announced := <-n.heights:
			n.updateHeights(announced)
		case remote := <-n.bans:
			n.banned[remote.host()] = time.Now().Add(banDuration)
		case relayed := <-n.relays:
			n.relay(relayed)
		case <-n.quit:
			for _, remote := range n.remotes {
				remote.Disconnect()
			}
			n.sync.Stop()
			return
		}
	}
}

// send gives something to `run`, unless it has ended.
func send[Value any](n *node, to chan<- Value, value Value) {
	select {
	case to <- value:
	case <-n.stopped:
	}
}

func (n *node) joined(r *remote) {
	switch until, known := n.banned[r.host()]; {
	case !r.Connected():
		return
	case known && time.Now().Before(until):
		r.drop(other("banned"))
		return
	case len(n.remotes) >= maxPeers:
		r.drop(other("max peers reached"))
		return
	}
	delete(n.banned, r.host())
	n.remotes = append(n.remotes, r)
	n.sync.NewPeer(r.Peer)
	if !r.Inbound() {
		// btcd tells its address to whom it has dialled if it is current, and so waits for the sync manager here.
		n.sync.IsCurrent()
	}
}

func (n *node) left(r *remote) {
	for i, known := range n.remotes {
		if known == r {
			n.remotes = append(n.remotes[:i], n.remotes[i+1:]...)
			break
		}
	}
	if r.introduced.Load() {
		n.sync.DonePeer(r.Peer)
		n.pool.RemoveOrphansByTag(mempool.Tag(r.ID()))
	}
}

func (n *node) updateHeights(update announced) {
	for _, remote := range n.remotes {
		last := remote.LastAnnouncedBlock()
		if remote.Peer != update.from && last != nil && *last == *update.hash {
			remote.UpdateLastBlockHeight(update.height)
			remote.UpdateLastAnnouncedBlock(nil)
		}
	}
}

func (n *node) relay(relayed relayed) {
	for _, remote := range n.remotes {
		if !remote.Connected() {
			continue
		}
		header, isHeader := relayed.data.(blockHeader)
		if relayed.inventory.Type == invBlock && remote.WantsHeaders() && isHeader {
			remote.QueueMessage(&msgHeaders{Headers: []*blockHeader{&header}}, nil)
			continue
		}
		if relayed.inventory.Type == invTx && remote.relaysNoTx.Load() {
			continue
		}
		remote.QueueInventory(relayed.inventory)
	}
}

// RelayInventory announces a block or a transaction to all peers that are not known to have it.
func (n *node) RelayInventory(inventory *inventory, data interface{}) {
	send(n, n.relays, relayed{inventory, data})
}

// UpdatePeerHeights raises the heights of peers that have announced a block.
func (n *node) UpdatePeerHeights(hash *chainHash, height int32, from *peer.Peer) {
	send(n, n.heights, announced{hash, height, from})
}

// AnnounceNewTransactions announces transactions that the pool has taken.
func (n *node) AnnounceNewTransactions(taken []*mempool.TxDesc) {
	for _, tx := range taken {
		n.RelayInventory(newInventory(invTx, tx.Tx.Hash()), tx)
	}
}

// TransactionConfirmed matters only to btcd's RPC server: what came over it is announced again and again.
func (n *node) TransactionConfirmed(*utilTx) {}

// block reads a block from the database.
func (n *node) block(hash *chainHash) (*msgBlock, error) {
	var raw []byte
	err := n.db.View(func(tx database.Tx) (err error) {
		raw, err = tx.FetchBlock(hash)
		return err
	})
	if err != nil {
		return nil, err
	}
	block := new(msgBlock)
	return block, block.Deserialize(bytes.NewReader(raw))
}

var _ netsync.PeerNotifier = (*node)(nil)

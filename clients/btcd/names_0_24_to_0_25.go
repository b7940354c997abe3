//go:build btcd_v0_24_2 || btcd_v0_25_0

package main

import (
	"github.com/btcsuite/btcd/btcutil"
	"github.com/btcsuite/btcd/chaincfg"
	"github.com/btcsuite/btcd/chaincfg/chainhash"
	"github.com/btcsuite/btcd/wire"
)

// What has other import paths in other versions.
type (
	blockHeader   = wire.BlockHeader
	chainHash     = chainhash.Hash
	chainParams   = chaincfg.Params
	checkpoint    = chaincfg.Checkpoint
	encoding      = wire.MessageEncoding
	inventory     = wire.InvVect
	msgBlock      = wire.MsgBlock
	msgGetBlocks  = wire.MsgGetBlocks
	msgGetData    = wire.MsgGetData
	msgGetHeaders = wire.MsgGetHeaders
	msgHeaders    = wire.MsgHeaders
	msgInv        = wire.MsgInv
	msgNotFound   = wire.MsgNotFound
	msgReject     = wire.MsgReject
	msgTx         = wire.MsgTx
	msgVerAck     = wire.MsgVerAck
	msgVersion    = wire.MsgVersion
	utilBlock     = btcutil.Block
	utilTx        = btcutil.Tx
)

const (
	deploymentSegwit  = chaincfg.DeploymentSegwit
	invBlock          = wire.InvTypeBlock
	invTx             = wire.InvTypeTx
	invWitnessBlock   = wire.InvTypeWitnessBlock
	invWitnessTx      = wire.InvTypeWitnessTx
	encodingBase      = wire.BaseEncoding
	encodingWitness   = wire.WitnessEncoding
	maxBlocksPerInv   = wire.MaxBlocksPerMsg
	maxInventory      = wire.MaxInvPerMsg
	rejectNonstandard = wire.RejectNonstandard
	serviceBloom      = wire.SFNodeBloom
	serviceFilters    = wire.SFNodeCF
	serviceNetwork    = wire.SFNodeNetwork
	serviceWitness    = wire.SFNodeWitness
)

var (
	blockFromBytes = btcutil.NewBlockFromBytes
	mainNetwork    = &chaincfg.MainNetParams
	newInventory   = wire.NewInvVect
	newReject      = wire.NewMsgReject
	newUtilTx      = btcutil.NewTx
	regressionTest = &chaincfg.RegressionNetParams
	utilBlockOf    = btcutil.NewBlockFromBlockAndBytes
)

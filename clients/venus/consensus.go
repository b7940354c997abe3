package main

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/filecoin-project/go-state-types/abi"
	"github.com/filecoin-project/go-state-types/big"
	"github.com/filecoin-project/go-state-types/crypto"
	"github.com/filecoin-project/venus/pkg/chain"
	"github.com/filecoin-project/venus/pkg/consensus"
	"github.com/filecoin-project/venus/pkg/statemanger"
	"github.com/filecoin-project/venus/pkg/vm"
	"github.com/filecoin-project/venus/venus-shared/blockstore"
	"github.com/filecoin-project/venus/venus-shared/types"
	"github.com/hashicorp/go-multierror"
	"github.com/ipfs/go-cid"
	cbor "github.com/ipfs/go-ipld-cbor"
	"golang.org/x/crypto/blake2b"
)

// What makes a block valid. Proofs, signatures and states are hashes, as the family has them; the order of the checks
// and the errors are those of pkg/consensus/block_validator.go, for the syncer looks at them.

// clockDriftS is `AllowableClockDriftSecs`.
const clockDriftS = 1

// leadersPerEpoch is `ExpectedLeadersPerEpoch`.
const leadersPerEpoch = 5

// badBlock is what is wrong with a block, in the family's words.
type badBlock struct{ check string }

func (b badBlock) Error() string { return "the block fails the check [" + b.check + "]" }

// validator stands in for consensus.BlockValidator.
type validator struct {
	network  agreed
	store    *chain.Store
	messages *chain.MessageStore
	states   *statemanger.Stmgr

	mutex sync.Mutex
	valid map[cid.Cid]struct{} // as its validateBlockCache, without a bound
}

func newValidator(network agreed, store *chain.Store, messages *chain.MessageStore, states *statemanger.Stmgr) *validator {
	return &validator{network: network, store: store, messages: messages, states: states, valid: map[cid.Cid]struct{}{}}
}

// ValidateFullBlock checks a block after its parents.
func (v *validator) ValidateFullBlock(ctx context.Context, block *types.BlockHeader) error {
	v.mutex.Lock()
	_, valid := v.valid[block.Cid()]
	v.mutex.Unlock()
	if valid {
		return nil
	}
	if err := v.check(ctx, block); err != nil {
		return err
	}
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.valid[block.Cid()] = struct{}{}
	return nil
}

func (v *validator) check(ctx context.Context, block *types.BlockHeader) error {
	parent, err := v.store.GetTipSet(ctx, types.NewTipSetKey(block.Parents...))
	if err != nil {
		return fmt.Errorf("load parent tipset failed %w: %w", err, badBlock{"parent"})
	}
	parentWeight, err := v.store.Weight(ctx, parent)
	if err != nil {
		return fmt.Errorf("calc parent weight failed %w", err)
	}
	if bad := insane(block); bad != nil {
		return fmt.Errorf("incoming header failed basic sanity checks: %w", bad)
	}
	if block.Height <= parent.Height() {
		return badBlock{"height"}
	}
	epochs := uint64(block.Height - parent.Height())
	if block.Timestamp != parent.MinTimestamp()+v.network.BlockDelayS*epochs {
		return badBlock{"timestamp"}
	}
	if block.Timestamp > uint64(time.Now().Unix())+clockDriftS {
		return fmt.Errorf("%w: %w", badBlock{"too_early"}, consensus.ErrTemporal)
	}
	if !parentWeight.Equals(block.ParentWeight) {
		return badBlock{"parent_weight"}
	}
	return v.checkRest(ctx, block, parent)
}

// checkRest has the checks that Venus makes at the same time, and whose errors it gives together.
func (v *validator) checkRest(ctx context.Context, block *types.BlockHeader, parent *types.TipSet) error {
	var bad *multierror.Error
	root, receipts, err := v.states.RunStateTransition(ctx, parent, nil, false)
	switch {
	case err != nil:
		bad = multierror.Append(bad, err)
	case !root.Equals(block.ParentStateRoot):
		bad = multierror.Append(bad, fmt.Errorf("%w: %w", badBlock{"state_root"}, consensus.ErrStateRootMismatch))
	case !receipts.Equals(block.ParentMessageReceipts):
		bad = multierror.Append(bad, fmt.Errorf("%w: %w", badBlock{"receipts"}, consensus.ErrReceiptRootMismatch))
	}
	if _, _, err := v.messages.LoadMetaMessages(ctx, block.Messages); err != nil {
		bad = multierror.Append(bad, fmt.Errorf("block had invalid messages: %w", err))
	}
	if err := signed(block); err != nil {
		bad = multierror.Append(bad, err)
	}
	if bad == nil {
		return nil
	}
	return bad
}

// insane looks at a block alone, as blockSanityChecks does, and as the checks of ticket and election would.
func insane(block *types.BlockHeader) error {
	switch {
	case block.Ticket == nil:
		return badBlock{"ticket"}
	case block.ElectionProof == nil || block.ElectionProof.WinCount < 1:
		return badBlock{"election"}
	case block.BlockSig == nil:
		return badBlock{"signature"}
	}
	return nil
}

// signed checks the signature.
func signed(block *types.BlockHeader) error {
	data, err := block.SignatureData()
	if err != nil {
		return err
	}
	right := blake2b.Sum256(bytes.Join([][]byte{[]byte("sign"), block.Miner.Bytes(), data}, nil))
	if block.BlockSig.Type != crypto.SigTypeBLS || !bytes.Equal(block.BlockSig.Data, right[:]) {
		return badBlock{"signature"}
	}
	return nil
}

// gossiped checks a block on its own, in place of BlockValidator.ValidateBlockMsg.
func gossiped(block *types.BlockHeader) error {
	if err := insane(block); err != nil {
		return err
	}
	return signed(block)
}

// storeMessages holds the messages of a block against its header and stores them: Venus's own code, which needs nothing
// but the store.
func storeMessages(ctx context.Context, to blockstore.Blockstore, block *types.FullBlock) error {
	return messageValidator(to).ValidateMsgMeta(ctx, block)
}

func messageValidator(to blockstore.Blockstore) *consensus.BlockValidator {
	return consensus.NewBlockValidator(nil, to, nil, nil, nil, nil, nil, nil, nil, nil, nil)
}

// machine stands in for the virtual machine, which needs the messages.
type machine struct{ messages *chain.MessageStore }

// RunStateTransition gives the state and the receipts after a tipset.
func (m machine) RunStateTransition(ctx context.Context, tipset *types.TipSet, _ vm.ExecCallBack, _ bool) (root, receipts cid.Cid, err error) {
	for _, block := range tipset.Blocks() {
		if _, _, err := m.messages.LoadMetaMessages(ctx, block.Messages); err != nil {
			return cid.Undef, cid.Undef, err
		}
	}
	after := stateAfter(tipset)
	return after.TipSetStateRoot, after.TipSetReceipts, nil
}

func stateAfter(tipset *types.TipSet) *chain.TipSetMetadata {
	return &chain.TipSetMetadata{
		TipSet: tipset, TipSetStateRoot: tagged("state", tipset), TipSetReceipts: tagged("receipts", tipset),
	}
}

// tagged makes a CID of a word and the digests of a tipset's blocks.
func tagged(tag string, tipset *types.TipSet) cid.Cid {
	data := []byte(tag)
	for _, c := range tipset.Cids() {
		hash := c.Hash()
		data = append(data, hash[len(hash)-blake2b.Size256:]...)
	}
	c, err := abi.CidBuilder.Sum(data)
	if err != nil {
		panic(err) // a hash of bytes in memory
	}
	return c
}

// weightOf is the weight of a tipset in a network whose power does not change, in place of chainselector.Weight, which
// reads the power from the state.
func weightOf(network agreed) chain.WeightFunc {
	unit := big.NewInt(network.Log2Power << 8)
	return func(_ context.Context, _ cbor.IpldStore, tipset *types.TipSet) (big.Int, error) {
		wins := int64(0)
		for _, block := range tipset.Blocks() {
			if block.ElectionProof != nil {
				wins += block.ElectionProof.WinCount
			}
		}
		won := big.Div(big.Mul(unit, big.NewInt(max(wins, 0))), big.NewInt(leadersPerEpoch*2))
		return big.Sum(tipset.ParentWeight(), unit, won), nil
	}
}

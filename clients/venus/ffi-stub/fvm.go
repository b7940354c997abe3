package ffi

import (
	"github.com/filecoin-project/filecoin-ffi/cgo"
	"github.com/filecoin-project/go-state-types/abi"
	"github.com/filecoin-project/go-state-types/network"
	"github.com/ipfs/go-cid"
)

// FVM is the virtual machine.
type FVM struct{}

// FVMOpts is what it is made with.
type FVMOpts struct {
	FVMVersion     uint64
	Externs        cgo.Externs
	Epoch          abi.ChainEpoch
	Timestamp      uint64
	ChainID        uint64
	BaseFee        abi.TokenAmount
	BaseCircSupply abi.TokenAmount
	NetworkVersion network.Version
	StateBase      cid.Cid
	Tracing        bool
	Debug          bool
	ActorRedirect  cid.Cid
}

// ApplyRet is what a message comes to.
type ApplyRet struct {
	Return             []byte
	ExitCode           uint64
	GasUsed            int64
	MinerPenalty       abi.TokenAmount
	MinerTip           abi.TokenAmount
	BaseFeeBurn        abi.TokenAmount
	OverEstimationBurn abi.TokenAmount
	Refund             abi.TokenAmount
	GasRefund          int64
	GasBurned          int64
	ExecTraceBytes     []byte
	FailureInfo        string
	EventsRoot         *cid.Cid
	EventsBytes        []byte
}

// CreateFVM is not available.
func CreateFVM(*FVMOpts) (*FVM, error) { panic(unavailable("CreateFVM")) }

// ApplyMessage is not available.
func (*FVM) ApplyMessage([]byte, uint) (*ApplyRet, error) { panic(unavailable("ApplyMessage")) }

// ApplyImplicitMessage is not available.
func (*FVM) ApplyImplicitMessage([]byte) (*ApplyRet, error) {
	panic(unavailable("ApplyImplicitMessage"))
}

// Flush is not available.
func (*FVM) Flush() (cid.Cid, error) { panic(unavailable("Flush")) }

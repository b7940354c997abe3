// Stands in for filecoin-ffi, which is cgo over Rust: signatures only.
module github.com/filecoin-project/filecoin-ffi

go 1.22

require (
	github.com/filecoin-project/go-address v1.2.0
	github.com/filecoin-project/go-state-types v0.15.0
	github.com/ipfs/go-block-format v0.2.0
	github.com/ipfs/go-cid v0.4.1
)

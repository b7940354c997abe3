//! Real block headers of filecoin-project/serialization-vectors, read in place.

use std::fs;

use serde_json::Value;
use syncheck::primitives::filecoin::{Block, BlockHeader};

const HEADERS: &str = "../shared/real/filecoin/block_headers.json";

#[test]
fn real_headers_encode_to_their_bytes_and_cids() {
    let Ok(text) = fs::read_to_string(HEADERS) else {
        eprintln!("SKIPPED: {HEADERS} is not there");
        return;
    };
    let headers: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(!headers.is_empty());
    for header in headers {
        let bytes = const_hex::decode(header["cbor_hex"].as_str().unwrap()).unwrap();
        let decoded = BlockHeader::decode(&bytes).unwrap();
        assert_eq!(decoded.encode(), bytes);
        assert_eq!(decoded.height, header["block"]["Height"].as_i64().unwrap());
        assert_eq!(decoded.parent_weight.to_string(), header["block"]["ParentWeight"]);
        assert_eq!(Block::new(decoded).cid().to_string(), header["cid"].as_str().unwrap());
    }
}

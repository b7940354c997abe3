//! Real block headers of filecoin-project/serialization-vectors, read in place.

use std::fs;
use std::sync::Arc;

use serde_json::Value;
use syncheck::primitives::filecoin::{
    Block, BlockHeader, Cid, Construction, Tipset, consensus::weight_of,
};

#[path = "support/real_data.rs"]
mod real_data;

use real_data::real_data;

#[test]
fn real_headers_encode_to_their_bytes_and_cids() {
    let Some(headers) = real_headers() else { return };
    for header in headers {
        let bytes = const_hex::decode(text(&header["cbor_hex"])).unwrap();
        let decoded = BlockHeader::decode(&bytes).unwrap();
        assert_eq!(decoded.encode(), bytes);
        assert_eq!(Block::new(decoded).cid().to_string(), text(&header["cid"]));
        assert_eq!(Cid::of(&bytes), text(&header["cid"]).parse().unwrap());
    }
}

#[test]
fn real_headers_say_what_their_text_says() {
    let Some(headers) = real_headers() else { return };
    for header in headers {
        let bytes = const_hex::decode(text(&header["cbor_hex"])).unwrap();
        let decoded = BlockHeader::decode(&bytes).unwrap();
        let block = &header["block"];
        let cid = |value: &Value| text(&value["/"]).parse::<Cid>().unwrap();
        let parents: Vec<Cid> = block["Parents"].as_array().unwrap().iter().map(cid).collect();
        assert_eq!(decoded.parents, parents);
        assert_eq!(decoded.height, block["Height"].as_i64().unwrap());
        assert_eq!(decoded.timestamp, block["Timestamp"].as_u64().unwrap());
        assert_eq!(decoded.parent_weight.to_string(), text(&block["ParentWeight"]));
        assert_eq!(decoded.parent_base_fee.to_string(), text(&block["ParentBaseFee"]));
        assert_eq!(decoded.parent_state_root, cid(&block["ParentStateRoot"]));
        assert_eq!(decoded.parent_message_receipts, cid(&block["ParentMessageReceipts"]));
        assert_eq!(decoded.messages, cid(&block["Messages"]));
        let wins = decoded.election_proof.as_ref().map(|proof| proof.win_count);
        assert_eq!(wins, block["ElectionProof"]["WinCount"].as_i64());
    }
}

#[test]
fn a_changed_byte_changes_the_cid_or_is_refused() {
    let Some(headers) = real_headers() else { return };
    let bytes = const_hex::decode(text(&headers[0]["cbor_hex"])).unwrap();
    let real = Cid::of(&bytes);
    for index in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[index] ^= 0x01;
        if let Ok(header) = BlockHeader::decode(&changed) {
            assert_ne!(Block::new(header).cid(), real, "byte {index}");
        }
        assert!(BlockHeader::decode(&bytes[..index]).is_err(), "{index} bytes");
    }
}

#[test]
fn real_headers_make_tipsets_for_all_clients() {
    let Some(headers) = real_headers() else { return };
    for header in headers {
        let bytes = const_hex::decode(text(&header["cbor_hex"])).unwrap();
        let block = Arc::new(Block::new(BlockHeader::decode(&bytes).unwrap()));
        let rules =
            [Construction::Strict, Construction::Venus, Construction::Lotus, Construction::Forest];
        for rules in rules {
            let tipset = Tipset::new(vec![Arc::clone(&block)], rules).unwrap();
            assert_eq!(tipset.key().to_vec(), [block.cid()]);
        }
    }
    // One win at 2^60 bytes of power, on parents of the first header's weight.
    assert_eq!(weight_of(3_840, 1, 60), 3_840 + 60 * 256 + 60 * 256 / 10);
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn real_headers() -> Option<Vec<Value>> {
    let text = fs::read_to_string(real_data("filecoin/block_headers.json")?).expect("it is a text");
    let headers: Vec<Value> = serde_json::from_str(&text).expect("the file is JSON");
    assert_eq!(headers.len(), 5);
    Some(headers)
}

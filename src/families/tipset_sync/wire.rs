//! How large the parts of an exchange are on the wire, and how large clients let them be.

use crate::primitives::filecoin::cbor::Writer;

use super::message::{ChainTipset, CompactedMessages, Request};
use super::response::BLOCK_MESSAGES_MAX;

/// The most entries of a list, unless it has a limit of its own: cbor-gen's `MaxLength`.
pub(super) const LIST_MAX: usize = 8_192;
/// The most messages of a kind in a tipset (Venus v1.17.0 and Lotus v1.36.0, `cbor_gen.go` of the
/// exchange).
pub(super) const MESSAGES_MAX: usize = 150_000;

/// Whether Venus and Lotus read this chain: each list within the limits of their decoders (Venus
/// v1.17.0 `venus-shared/libp2p/exchange/cbor_gen.go`, `protocol_encoding.go`; Lotus has the same).
pub(super) fn is_readable(chain: &[Option<ChainTipset>]) -> bool {
    let indices = |lists: &[Vec<u64>]| {
        lists.len() <= LIST_MAX && lists.iter().all(|list| list.len() <= BLOCK_MESSAGES_MAX)
    };
    let messages = |messages: &CompactedMessages| {
        messages.bls.len() <= MESSAGES_MAX
            && messages.secp.len() <= MESSAGES_MAX
            && indices(&messages.bls_includes)
            && indices(&messages.secp_includes)
    };
    chain.len() <= LIST_MAX
        && chain.iter().flatten().all(|item| {
            item.blocks.len() <= LIST_MAX && item.messages.as_ref().is_none_or(messages)
        })
}

/// How many bytes a request takes.
pub(super) fn request_bytes(request: &Request) -> usize {
    let mut writer = Writer::new();
    writer.array(3);
    writer.array(request.head.len());
    request.head.iter().for_each(|cid| writer.cid(cid));
    writer.uint(request.length);
    writer.uint(request.options);
    writer.into_bytes().len()
}

/// How many bytes a tipset of an answer takes.
pub(super) fn tipset_bytes(item: &ChainTipset) -> usize {
    let mut writer = Writer::new();
    write_tipset(&mut writer, Some(item));
    writer.into_bytes().len()
}

/// Writes a tipset of an answer, or null.
pub(super) fn write_tipset(writer: &mut Writer, item: Option<&ChainTipset>) {
    let Some(item) = item else { return writer.null() };
    writer.array(2);
    writer.array(item.blocks.len());
    for block in &item.blocks {
        write_or_null(writer, block.as_ref().map(|block| block.header().encode()));
    }
    let Some(messages) = &item.messages else { return writer.null() };
    writer.array(4);
    writer.array(messages.bls.len());
    for message in &messages.bls {
        write_or_null(writer, message.as_ref().map(|message| message.encode()));
    }
    write_includes(writer, &messages.bls_includes);
    writer.array(messages.secp.len());
    for message in &messages.secp {
        write_or_null(writer, message.as_ref().map(|message| message.encode()));
    }
    write_includes(writer, &messages.secp_includes);
}

fn write_or_null(writer: &mut Writer, encoded: Option<Vec<u8>>) {
    match encoded {
        Some(bytes) => writer.raw(&bytes),
        None => writer.null(),
    }
}

fn write_includes(writer: &mut Writer, lists: &[Vec<u64>]) {
    writer.array(lists.len());
    for list in lists {
        writer.array(list.len());
        list.iter().for_each(|index| writer.uint(*index));
    }
}

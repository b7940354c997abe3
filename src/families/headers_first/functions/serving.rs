//! Locators, and the answers of one who serves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::headers_first::{
    Inventory, InventoryKind, Message, answer_get_blocks, answer_get_data, answer_get_headers,
    latest_locator, locate, locator_of,
};

use super::label::{Label, Labels};
use super::shape::{ChainShape, Shape};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LocatorGiven {
    chain: ChainShape,
    /// The block whose locator is wanted; the best chain's tip, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<Label>,
}

pub(super) fn locator(given: &LocatorGiven) -> Result<Labels, String> {
    let shape = Shape::build(&given.chain)?;
    let hashes = match &given.of {
        None => latest_locator(&shape),
        Some(label) => locator_of(&shape, &shape.hash(label)?),
    };
    Ok(shape.labels(&hashes))
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LocateGiven {
    chain: ChainShape,
    locator: Labels,
    /// The last block wanted; the zero hash, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop: Option<Label>,
    /// No more than this.
    max: u32,
}

pub(super) fn locate_blocks(given: &LocateGiven) -> Result<Labels, String> {
    let shape = Shape::build(&given.chain)?;
    let locator = shape.hashes(&given.locator)?;
    let stop = shape.stop(given.stop.as_ref())?;
    Ok(shape.labels(&locate(&shape, &locator, &stop, given.max)))
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetHeadersGiven {
    chain: ChainShape,
    /// Whether the one who serves is in sync.
    #[serde(default = "yes")]
    current: bool,
    locator: Labels,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop: Option<Label>,
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum GetHeadersReply {
    Headers { of: Labels },
    Silence {},
}

pub(super) fn get_headers(given: &GetHeadersGiven) -> Result<GetHeadersReply, String> {
    let shape = Shape::build(&given.chain)?;
    let locator = shape.hashes(&given.locator)?;
    let stop = shape.stop(given.stop.as_ref())?;
    match answer_get_headers(&shape, &locator, &stop, given.current) {
        None => Ok(GetHeadersReply::Silence {}),
        Some(Message::Headers { headers }) => {
            let of = headers.iter().map(|header| shape.label(&header.hash())).collect();
            Ok(GetHeadersReply::Headers { of })
        }
        Some(other) => Err(format!("getheaders was answered with {other:?}")),
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetBlocksGiven {
    chain: ChainShape,
    locator: Labels,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop: Option<Label>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum GetBlocksReply {
    Inv {
        of: Labels,
        /// After this block is served, an inv with the tip follows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        continue_after: Option<Label>,
    },
    Silence {},
}

pub(super) fn get_blocks(given: &GetBlocksGiven) -> Result<GetBlocksReply, String> {
    let shape = Shape::build(&given.chain)?;
    let locator = shape.hashes(&given.locator)?;
    let stop = shape.stop(given.stop.as_ref())?;
    let mut continue_hash = None;
    match answer_get_blocks(&shape, &locator, &stop, &mut continue_hash) {
        None => Ok(GetBlocksReply::Silence {}),
        Some(Message::Inv { items }) => Ok(GetBlocksReply::Inv {
            of: items.iter().map(|item| shape.label(&item.hash)).collect(),
            continue_after: continue_hash.map(|hash| shape.label(&hash)),
        }),
        Some(other) => Err(format!("getblocks was answered with {other:?}")),
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetDataGiven {
    chain: ChainShape,
    /// Blocks of which only the header is there.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    missing: Labels,
    /// Transactions that are there.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    transactions: Labels,
    /// The last hash of a full answer to an earlier getblocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    continue_after: Option<Label>,
    items: Vec<Items>,
}

/// Items of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Items {
    pub(super) kind: InventoryKind,
    pub(super) of: Labels,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GetDataReply {
    messages: Vec<Answer>,
    /// What an inv with the tip still waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    continue_after: Option<Label>,
}

/// One message, or several block messages in a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Answer {
    Blocks { of: Labels },
    Inv { of: Labels },
    NotFound { items: Vec<Items> },
    Tx { of: Label },
}

pub(super) fn get_data(given: &GetDataGiven) -> Result<GetDataReply, String> {
    let mut shape = Shape::build(&given.chain)?;
    shape.missing = shape.hashes(&given.missing)?.into_iter().collect();
    shape.transactions = shape.hashes(&given.transactions)?.into_iter().collect();
    let mut asked = Vec::new();
    for items in &given.items {
        let hashes = shape.hashes(&items.of)?;
        asked.extend(hashes.into_iter().map(|hash| Inventory { kind: items.kind, hash }));
    }
    let mut continue_hash = match &given.continue_after {
        None => None,
        Some(label) => Some(shape.hash(label)?),
    };
    let mut messages = Vec::new();
    for message in answer_get_data(&shape, &asked, &mut continue_hash) {
        add_answer(&shape, message, &mut messages)?;
    }
    let continue_after = continue_hash.map(|hash| shape.label(&hash));
    Ok(GetDataReply { messages, continue_after })
}

fn add_answer(shape: &Shape, message: Message, answers: &mut Vec<Answer>) -> Result<(), String> {
    let answer = match message {
        Message::Block { block } => {
            let label = shape.label(&block.hash());
            if let Some(Answer::Blocks { of }) = answers.last_mut() {
                of.0.push(label);
                return Ok(());
            }
            Answer::Blocks { of: Labels::from_iter([label]) }
        }
        Message::Inv { items } => {
            Answer::Inv { of: items.iter().map(|item| shape.label(&item.hash)).collect() }
        }
        Message::NotFound { items } => Answer::NotFound { items: group(shape, &items) },
        Message::Tx { id, .. } => Answer::Tx { of: shape.label(&id) },
        other => return Err(format!("getdata was answered with {other:?}")),
    };
    answers.push(answer);
    Ok(())
}

/// Items of one kind in a row stand together.
fn group(shape: &Shape, items: &[Inventory]) -> Vec<Items> {
    let same_kind = |a: &Inventory, b: &Inventory| a.kind == b.kind;
    let of = |run: &[Inventory]| run.iter().map(|item| shape.label(&item.hash)).collect();
    items.chunk_by(same_kind).map(|run| Items { kind: run[0].kind, of: of(run) }).collect()
}

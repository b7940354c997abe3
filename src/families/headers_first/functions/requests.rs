//! What btcd makes of headers: which blocks it asks for, and what it asks for next.
//!
//! The rules are those of btcd v0.25.0 and v0.26.2, `netsync/manager.go`, as they are there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::headers_first::{ChainView, Fault, InventoryKind, Profile};

use super::chains::stored_chain;
use super::label::{Label, Labels};
use super::serving::Items;
use super::shape::{ChainShape, Shape};

/// A message names no more blocks (btcd: `MaxInvPerMsg`).
const ITEMS_MAX: u32 = 50_000;

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestGiven {
    #[serde(default)]
    profile: Profile,
    chain: ChainShape,
    /// The tip of the best chain of blocks. Genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored: Option<Label>,
    /// The tip of the best chain of headers; of btcd 0.25 the end of the header list. That of the
    /// shape's best chain, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    headers: Option<Label>,
    /// The first header of the list whose block was not asked for yet (btcd 0.25). The first after
    /// the stored ones, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Label>,
    /// Blocks that are there besides, on side chains or as orphans.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    have: Labels,
    /// Blocks that some peer was asked for and has not sent.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    in_flight: Labels,
    /// Who is asked. Nobody, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    peer: Option<Asked>,
    /// No more than this in one request; 50 000, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max: Option<u32>,
}

/// A peer that is asked.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Whether it serves witnesses.
    #[serde(default = "yes")]
    witness: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// What is asked for; nothing is no request.
    items: Vec<Items>,
    /// The header with which the next request of btcd 0.25 begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Label>,
}

/// The blocks that a peer is asked for (btcd 0.26: `buildBlockRequest`; 0.25: `fetchHeaderBlocks`).
pub(super) fn block_request(given: &RequestGiven) -> Result<Request, String> {
    let shape = Shape::build(&given.chain)?;
    let at = |field: &'static str| move |why: String| format!("{field}: {why}");
    let max = given.max.unwrap_or(ITEMS_MAX);
    if max == 0 || max > ITEMS_MAX {
        return Err(format!("max: 1 to {ITEMS_MAX}, got {max}"));
    }
    let stored = match &given.stored {
        None => shape.world.genesis(),
        Some(label) => shape.block_of(label).map_err(at("stored"))?,
    };
    let headers = match &given.headers {
        None => shape.tip(),
        Some(label) => shape.block_of(label).map_err(at("headers"))?,
    };
    for (field, labels) in [("have", &given.have), ("in_flight", &given.in_flight)] {
        for label in &labels.0 {
            shape.block_of(label).map_err(|why| format!("{field}: {why}"))?;
        }
    }
    let world = &shape.world;
    let common = |height: &u32| world.ancestor(stored, *height) == world.ancestor(headers, *height);
    let top = world.height(stored).min(world.height(headers));
    let fork = (0..=top).rev().find(common).unwrap_or(0);
    let mut first = fork + 1;
    let is_old = given.profile == Profile::Btcd025;
    match (&given.next, is_old) {
        (Some(_), false) => return Err("next: btcd 0.26 has no header list".to_owned()),
        (Some(next), true) => {
            let id = shape.block_of(next).map_err(at("next"))?;
            first = world.height(id);
            if first <= fork || world.ancestor(headers, first) != Some(id) {
                return Err(format!("next: {next} is not in the header list"));
            }
        }
        (None, true) if fork != world.height(stored) => {
            return Err("headers: the list of btcd 0.25 begins at the stored tip".to_owned());
        }
        _ => {}
    }
    let Some(peer) = &given.peer else { return Ok(Request::default()) };
    let (mut of, mut next) = (Labels::default(), None);
    for height in first..=world.height(headers) {
        let id = world.ancestor(headers, height).expect("below the tip of headers");
        let label = shape.label(&world.hash(id));
        if of.0.len() == max as usize {
            next = is_old.then_some(label);
            break;
        }
        // The old client does not look at what is in flight.
        let is_asked = !is_old && given.in_flight.0.contains(&label);
        if !given.have.0.contains(&label) && !is_asked {
            of.0.push(label);
        }
    }
    let kind = if peer.witness { InventoryKind::WitnessBlock } else { InventoryKind::Block };
    let items = if of.is_empty() { Vec::new() } else { vec![Items { kind, of }] };
    Ok(Request { items, next })
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListGiven {
    #[serde(default)]
    profile: Profile,
    chain: ChainShape,
    /// The tip of the best chain of blocks. Genesis, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stored: Option<Label>,
    /// The headers that came before.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    before: Labels,
    /// Whether headers are wanted: `headersFirstMode` of btcd 0.25, `ibdMode` of 0.26.
    #[serde(default = "yes")]
    syncing: bool,
    /// The height of the sync peer's last block, if there is a sync peer (btcd 0.26).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sync_peer_height: Option<u32>,
    /// The headers that come in one message.
    headers: Labels,
}

/// What a message of headers comes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ListOutcome {
    /// The blocks of the headers are asked for.
    Blocks {},
    /// The sender is dropped.
    Disconnect {
        why: ListFault,
        /// The header that is wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Label>,
    },
    /// More headers are asked for.
    Getheaders {
        locator: Labels,
        /// The zero hash, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop: Option<Label>,
    },
    /// Nothing.
    Nothing {},
}

/// Why a sender is dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ListFault {
    /// The header at the height of a checkpoint is another one.
    Checkpoint {},
    /// A header is refused; btcd 0.25 does not look that closely.
    Header { fault: Fault },
    /// A header does not follow the one before (btcd 0.25).
    Link {},
    /// Nobody has asked for headers (btcd 0.25).
    Unrequested {},
}

/// What a message of headers comes to (btcd: `handleHeadersMsg`).
pub(super) fn header_list(given: &ListGiven) -> Result<ListOutcome, String> {
    let shape = Shape::build(&given.chain)?;
    match given.profile {
        Profile::Btcd025 => header_list_025(given, &shape),
        Profile::Btcd026 => header_list_026(given, &shape),
    }
}

fn header_list_025(given: &ListGiven, shape: &Shape) -> Result<ListOutcome, String> {
    if !given.syncing {
        return Ok(ListOutcome::Disconnect { why: ListFault::Unrequested {}, at: None });
    }
    let chain = stored_chain(shape, given.stored.as_ref())?;
    let next = chain.next_checkpoint(chain.tip_height());
    let next = next.ok_or("chain.checkpoints: btcd 0.25 needs one above the stored blocks")?;
    let (mut last, mut height) = (chain.hash(chain.tip()), chain.tip_height());
    for (field, labels) in [("before", &given.before), ("headers", &given.headers)] {
        for label in &labels.0 {
            let id = shape.block_of(label).map_err(|why| format!("{field}: {why}"))?;
            let header = shape.world.header(id);
            let is_new = field == "headers";
            let at = Some(label.clone());
            if header.parent() != last {
                if !is_new {
                    return Err(format!("before: {label} does not follow the header before"));
                }
                return Ok(ListOutcome::Disconnect { why: ListFault::Link {}, at });
            }
            (last, height) = (header.hash(), height + 1);
            if height == next.height {
                if !is_new {
                    return Err("before: the list ends below the checkpoint".to_owned());
                }
                if last != next.hash {
                    return Ok(ListOutcome::Disconnect { why: ListFault::Checkpoint {}, at });
                }
                return Ok(ListOutcome::Blocks {});
            }
        }
    }
    if given.headers.is_empty() {
        return Ok(ListOutcome::Nothing {});
    }
    let locator = Labels::from_iter([shape.label(&last)]);
    Ok(ListOutcome::Getheaders { locator, stop: Some(shape.label(&next.hash)) })
}

fn header_list_026(given: &ListGiven, shape: &Shape) -> Result<ListOutcome, String> {
    let mut chain = stored_chain(shape, given.stored.as_ref())?;
    for (field, labels) in [("before", &given.before), ("headers", &given.headers)] {
        for label in &labels.0 {
            let id = shape.block_of(label).map_err(|why| format!("{field}: {why}"))?;
            let accepted = chain.accept_header(&shape.world.header(id), shape.world.unix_time());
            match accepted {
                Ok(_) => {}
                Err(fault) if field == "before" => {
                    return Err(format!("before: {label} is refused: {fault:?}"));
                }
                Err(fault) => {
                    let why = match fault {
                        Fault::CheckpointMismatch => ListFault::Checkpoint {},
                        fault => ListFault::Header { fault },
                    };
                    return Ok(ListOutcome::Disconnect { why, at: Some(label.clone()) });
                }
            }
        }
    }
    if given.headers.is_empty() {
        return Ok(ListOutcome::Nothing {});
    }
    let best = chain.best_header();
    if given.syncing {
        let Some(height) = given.sync_peer_height else { return Ok(ListOutcome::Nothing {}) };
        if chain.height(best) < height {
            let locator = Labels::from_iter([shape.label(&chain.hash(best))]);
            return Ok(ListOutcome::Getheaders { locator, stop: None });
        }
    }
    Ok(ListOutcome::Blocks {})
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FlagsGiven {
    chain: ChainShape,
    /// Whether the initial download goes on.
    #[serde(default = "yes")]
    syncing: bool,
    /// The tip of the best chain of headers. That of the shape's best chain, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    headers: Option<Label>,
    /// Blocks that were found to be invalid; what stands on them is so too.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    invalid: Labels,
    /// The block that has come.
    of: Label,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Flags {
    /// Whether it is the block of a checkpoint.
    checkpoint: bool,
    /// Whether it is checked less, because a checkpoint above it or its own vouches for it.
    fast_add: bool,
}

/// How a block is checked that has come (btcd 0.26: `checkHeadersList`).
pub(super) fn block_flags(given: &FlagsGiven) -> Result<Flags, String> {
    let shape = Shape::build(&given.chain)?;
    let tip = match &given.headers {
        None => shape.tip(),
        Some(label) => shape.block_of(label).map_err(|why| format!("headers: {why}"))?,
    };
    let world = &shape.world;
    let mut invalid = Vec::new();
    for label in &given.invalid.0 {
        invalid.push(shape.block_of(label).map_err(|why| format!("invalid: {why}"))?);
    }
    let none = Flags { checkpoint: false, fast_add: false };
    let hash = shape.hash(&given.of).map_err(|why| format!("of: {why}"))?;
    let Some(height) = shape.known_height(&hash).filter(|_| given.syncing) else {
        return Ok(none);
    };
    let id = shape.block_of(&given.of).map_err(|why| format!("of: {why}"))?;
    let is_invalid = invalid.iter().any(|bad| world.ancestor(id, world.height(*bad)) == Some(*bad));
    if world.ancestor(tip, height) != Some(id) || is_invalid {
        return Ok(none);
    }
    let vouching = world.checkpoints().iter().find(|checkpoint| checkpoint.height >= height);
    Ok(vouching
        .map_or(none, |checkpoint| Flags { checkpoint: checkpoint.hash == hash, fast_add: true }))
}

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::Misbehavior as Entry;
use crate::machine::{Replies, Reply};
use crate::primitives::filecoin::{Block, BlockHeader};

use super::family::TipsetSync;
use super::message::{ChainTipset, CompactedMessages, Message, Request, status};
use super::world::World;

/// A way to lie in an answer of the chain exchange.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Misbehavior {
    /// An index is beyond the messages.
    BadIndex {
        /// Beyond all 63-bit numbers, not only beyond the messages.
        huge: bool,
    },
    /// A header's claims are changed, and so its CID.
    ChangedHeader {},
    /// Success without a tipset.
    Empty {
        /// With the status that says that there is more.
        partial: bool,
    },
    /// More tipsets than were asked for.
    Extra {},
    /// `GoAway`.
    GoAway {},
    /// `InternalError`.
    InternalError {},
    /// The messages of one block are left out.
    MissingMessage {},
    /// A block without a ticket.
    NoTicket {},
    /// `NotFound`, though it has it.
    NotFound {},
    /// A null block.
    NullBlock {},
    /// No messages for a tipset.
    NullMessages {},
    /// A null tipset.
    NullTipset {},
    /// Only one tipset of several, with the status for that.
    Partial {},
    /// Oldest first.
    Reversed {},
    /// Fewer tipsets than asked for, with the status of a whole answer.
    Shorter {},
    /// No answer.
    Silent {},
    /// The answer comes later.
    Slow {
        /// How much later.
        by_ms: u64,
    },
    /// Each block has the first message of its tipset once more.
    RepeatedMessage {},
    /// A tipset in the middle is left out.
    Unlinked {},
    /// A status that does not exist.
    WrongStatus {},
    /// The answer starts one tipset later.
    WrongHead {},
}

/// All of them, with a sentence each.
pub(super) const ENTRIES: &[Entry] = &[
    entry("bad_index", "An index is beyond the messages."),
    entry("changed_header", "A header's claims are changed, and so its CID."),
    entry("empty", "Success without a tipset."),
    entry("extra", "More tipsets than were asked for."),
    entry("go_away", "Status GoAway (202)."),
    entry("internal_error", "Status InternalError (203)."),
    entry("missing_message", "The last message of a tipset is left out."),
    entry("no_ticket", "A block without a ticket."),
    entry("not_found", "Status NotFound (201), though it has it."),
    entry("null_block", "A null block."),
    entry("null_messages", "No messages for a tipset."),
    entry("null_tipset", "A null tipset."),
    entry("partial", "Only one tipset of several, with the status for that."),
    entry("reversed", "The tipsets come oldest first."),
    entry("shorter", "Fewer tipsets than asked for, with the status of a whole answer."),
    entry("silent", "No answer."),
    entry("slow", "The answer comes later."),
    entry("repeated_message", "Each block has the first message of its tipset once more."),
    entry("unlinked", "A tipset in the middle is left out."),
    entry("wrong_head", "The answer starts one tipset later."),
    entry("wrong_status", "A status that does not exist."),
];

const fn entry(id: &'static str, summary: &'static str) -> Entry {
    Entry { id, summary }
}

/// Turns the honest answer into a lie.
pub(super) fn misbehave(
    world: &World,
    how: &Misbehavior,
    request: &Message,
    replies: &mut Replies<TipsetSync>,
) {
    let Message::Request { request } = request else { return };
    match how {
        Misbehavior::Silent {} => replies.clear(),
        Misbehavior::Slow { by_ms } => {
            for reply in replies.iter_mut() {
                reply.delay += by_ms;
            }
        }
        _ => {
            for reply in replies.iter_mut() {
                lie_in(world, *how, request, reply);
            }
        }
    }
}

fn lie_in(world: &World, how: Misbehavior, request: &Request, reply: &mut Reply<TipsetSync>) {
    let Message::Response { status, chain, .. } = &mut reply.message else { return };
    let fail = |status: &mut u64, chain: &mut Arc<Vec<_>>, code| {
        *status = code;
        Arc::make_mut(chain).clear();
    };
    match how {
        Misbehavior::Empty { partial } => {
            fail(status, chain, if partial { status::PARTIAL } else { status::OK });
        }
        Misbehavior::GoAway {} => fail(status, chain, status::GO_AWAY),
        Misbehavior::InternalError {} => fail(status, chain, status::INTERNAL_ERROR),
        Misbehavior::NotFound {} => fail(status, chain, status::NOT_FOUND),
        Misbehavior::WrongStatus {} => *status = 7,
        _ if chain.is_empty() => {}
        Misbehavior::Extra {} => {
            let parent = oldest(chain).and_then(|block| world.tree.form(&block.header().parents));
            let mut more = parent.map(|parent| ChainTipset {
                blocks: parent.blocks().iter().cloned().map(Some).collect(),
                messages: None,
            });
            more = more.or_else(|| chain.last().cloned().flatten());
            let chain = Arc::make_mut(chain);
            while chain.len() as u64 <= request.length {
                chain.push(more.clone());
            }
        }
        Misbehavior::NullTipset {} => Arc::make_mut(chain)[0] = None,
        Misbehavior::Partial {} if request.length > 1 => {
            Arc::make_mut(chain).truncate(1);
            *status = status::PARTIAL;
        }
        Misbehavior::Reversed {} => Arc::make_mut(chain).reverse(),
        Misbehavior::Shorter {} if request.length > 1 => {
            Arc::make_mut(chain).truncate(1);
            *status = status::OK;
        }
        Misbehavior::Unlinked {} if chain.len() > 2 => {
            Arc::make_mut(chain).remove(1);
            *status = status::PARTIAL;
        }
        Misbehavior::WrongHead {} if chain.len() > 1 => {
            Arc::make_mut(chain).remove(0);
            *status = status::PARTIAL;
        }
        _ => lie_in_items(how, Arc::make_mut(chain).as_mut_slice()),
    }
}

/// A message with a part of its content changed: a status, a header or an index.
pub(super) fn corrupt(message: &Message, salt: u32) -> Option<Message> {
    let mut message = message.clone();
    match &mut message {
        Message::Gossip { block } => {
            let mut header = block.header.header().clone();
            header.fork_signaling ^= 1 + u64::from(salt);
            block.header = Arc::new(Block::new(header));
        }
        Message::Response { status, chain, .. } if salt.is_multiple_of(2) || chain.is_empty() => {
            *status ^= 1 + u64::from(salt);
        }
        Message::Response { chain, .. } => {
            let chain = Arc::make_mut(chain);
            let at = salt as usize / 2 % chain.len();
            let item = chain.get_mut(at)?.as_mut()?;
            change_header(item, |header| header.fork_signaling ^= 1 + u64::from(salt));
            for includes in messages(item).into_iter().flat_map(|m| &mut m.bls_includes) {
                includes.push(0);
            }
        }
        _ => return None,
    }
    Some(message)
}

fn oldest(chain: &[Option<ChainTipset>]) -> Option<&Arc<Block>> {
    chain.last()?.as_ref()?.blocks.first()?.as_ref()
}

/// The lies inside a tipset: the last one, which is looked at last.
fn lie_in_items(how: Misbehavior, chain: &mut [Option<ChainTipset>]) {
    let Some(Some(item)) = chain.last_mut() else { return };
    match how {
        Misbehavior::NullBlock {} => {
            if let Some(block) = item.blocks.last_mut() {
                *block = None;
            }
        }
        Misbehavior::NullMessages {} => item.messages = None,
        Misbehavior::ChangedHeader {} => change_header(item, |header| header.fork_signaling += 99),
        Misbehavior::NoTicket {} => change_header(item, |header| header.ticket = None),
        Misbehavior::BadIndex { huge } => {
            if let Some(includes) = messages(item).and_then(|m| m.bls_includes.last_mut()) {
                includes.push(if huge { u64::MAX } else { 100_000 });
            }
        }
        Misbehavior::MissingMessage {} => {
            for includes in messages(item).into_iter().flat_map(|m| &mut m.bls_includes) {
                includes.pop();
            }
        }
        Misbehavior::RepeatedMessage {} => {
            for includes in messages(item).into_iter().flat_map(|m| &mut m.bls_includes) {
                includes.push(0);
            }
        }
        _ => {}
    }
}

fn messages(item: &mut ChainTipset) -> Option<&mut CompactedMessages> {
    item.messages.as_mut()
}

fn change_header(item: &mut ChainTipset, change: impl Fn(&mut BlockHeader)) {
    for block in item.blocks.iter_mut().flatten() {
        let mut header = block.header().clone();
        change(&mut header);
        *block = Arc::new(Block::new(header));
    }
}

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::Misbehavior as Entry;
use crate::machine::{Replies, Reply};
use crate::primitives::ethereum_state::{Blob, Hash32};
use crate::world::state::{Reference, references};

use super::message::Message;
use super::{Peer, StateSync};

/// A way to lie: what a peer does with its honest answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Misbehavior {
    /// It answers twice.
    AnswerTwice {},
    /// It has nothing, it says.
    Empty {},
    /// All bytes are changed.
    Junk {},
    /// It answers much later.
    Late {
        /// How much.
        by_ms: u32,
    },
    /// Blobs that nobody needs come with the answer.
    Padded {
        /// How many.
        count: u32,
    },
    /// It keeps a part of the answer to itself.
    Partial {
        /// How many blobs it sends.
        keep: u32,
    },
    /// Each blob stands there twice.
    Repeated {},
    /// The blobs come in another order.
    Reversed {},
    /// It does not answer.
    Silent {},
    /// It sends what it should have sent the last time.
    Stale {},
    /// It sends the children of what it was asked for as well: right, but not asked for.
    Unasked {},
    /// It sends the children of what it was asked for in place of that.
    UnaskedOnly {},
}

impl Misbehavior {
    /// All ways, as they stand in lists.
    pub(super) const ENTRIES: &'static [Entry] = &[
        Entry { id: "answer_twice", summary: "answers each request twice" },
        Entry { id: "empty", summary: "says that it has nothing" },
        Entry { id: "junk", summary: "answers with changed bytes" },
        Entry { id: "late", summary: "answers much later" },
        Entry { id: "padded", summary: "adds blobs that nobody needs" },
        Entry { id: "partial", summary: "keeps a part of the answer to itself" },
        Entry { id: "repeated", summary: "repeats each blob of an answer" },
        Entry { id: "reversed", summary: "answers in another order" },
        Entry { id: "silent", summary: "does not answer" },
        Entry { id: "stale", summary: "answers the request before" },
        Entry { id: "unasked", summary: "adds the children of what it was asked for" },
        Entry { id: "unasked_only", summary: "sends the children of what it was asked for" },
    ];
}

/// Turns the honest answer into a lie.
pub(super) fn misbehave(
    peer: &Peer,
    how: &Misbehavior,
    request: &Message,
    ordinal: u32,
    replies: &mut Replies<StateSync>,
) {
    let Some(reply) = replies.pop() else { return };
    let Message::NodeData { blobs } = &reply.message else { return };
    let delay = reply.delay;
    let with =
        |blobs: Vec<Blob>| Reply { message: Message::NodeData { blobs: blobs.into() }, delay };
    let honest = blobs.iter().cloned();
    match how {
        Misbehavior::AnswerTwice {} => replies.extend([reply.clone(), reply]),
        Misbehavior::Empty {} => replies.push(with(Vec::new())),
        Misbehavior::Junk {} => replies.push(with(honest.map(|blob| junk(&blob)).collect())),
        Misbehavior::Late { by_ms } => {
            replies.push(Reply { delay: delay + u64::from(*by_ms), ..reply });
        }
        Misbehavior::Padded { count } => {
            let padding = (0..(*count).min(1_000))
                .map(|index| Blob::new([ordinal.to_be_bytes(), index.to_be_bytes()].concat()));
            replies.push(with(honest.chain(padding).collect()));
        }
        Misbehavior::Partial { keep } => {
            replies.push(with(honest.take(*keep as usize).collect()));
        }
        Misbehavior::Repeated {} => {
            replies.push(with(honest.flat_map(|blob| [blob.clone(), blob]).collect()));
        }
        Misbehavior::Reversed {} => replies.push(with(honest.rev().collect())),
        Misbehavior::Silent {} => {}
        Misbehavior::Stale {} => replies.push(with(peer.answered[1].to_vec())),
        Misbehavior::Unasked {} => {
            let unasked = children(peer, request);
            replies.push(with(honest.chain(unasked).collect()));
        }
        Misbehavior::UnaskedOnly {} => replies.push(with(children(peer, request))),
    }
}

/// A blob with another first byte.
pub(super) fn junk(blob: &Blob) -> Blob {
    let mut bytes = blob.bytes().to_vec();
    match bytes.first_mut() {
        Some(first) => *first ^= 0xff,
        None => bytes.push(0),
    }
    Blob::new(bytes)
}

/// What the peer has of all that the wanted nodes refer to.
fn children(peer: &Peer, request: &Message) -> Vec<Blob> {
    let Message::GetNodeData { hashes } = request else { return Vec::new() };
    let hashes: &Arc<[Hash32]> = hashes;
    let mut children = Vec::new();
    for hash in hashes.iter() {
        let Some(blob) = peer.find(hash) else { continue };
        references(blob, &mut |reference| {
            let (Reference::Code(hash) | Reference::Node(hash)) = reference;
            children.extend(peer.find(&hash).cloned());
        });
    }
    children
}

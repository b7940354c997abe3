use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::families::Misbehavior as Entry;
use crate::machine::{Replies, Reply};
use crate::primitives::ethereum_header::SealedHeader;

use super::message::Message;
use super::{Peer, Skeleton};

/// A way to lie: what a peer does with its honest answer.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Misbehavior {
    /// It answers twice.
    AnswerTwice {},
    /// One header is replaced, so that the hashes do not link there.
    Broken {
        /// Which, counted from the first.
        at: u32,
    },
    /// It has nothing, it says.
    Empty {},
    /// Headers of another chain that hang together, up to the first that both have.
    Forged {
        /// Told from other forged chains by this.
        salt: u32,
    },
    /// It answers much later.
    Late {
        /// How much.
        by_ms: u32,
    },
    /// It sends more than it was asked for.
    Long {
        /// How many more.
        by: u32,
    },
    /// It answers with an id that nobody gave.
    OtherId {},
    /// It sends the headers of another branch.
    OtherBranch {
        /// Which.
        branch: u32,
    },
    /// It begins with another number.
    Shifted {
        /// How far below.
        by: u32,
    },
    /// It sends fewer headers than it was asked for.
    Short {
        /// How many.
        keep: u32,
    },
    /// It does not answer.
    Silent {},
    /// It sends the lowest header first.
    Upward {},
}

impl Misbehavior {
    /// All ways, as they stand in lists.
    pub(super) const ENTRIES: &'static [Entry] = &[
        Entry { id: "answer_twice", summary: "answers each request twice" },
        Entry { id: "broken", summary: "replaces one header of a batch" },
        Entry { id: "empty", summary: "says that it has nothing" },
        Entry {
            id: "forged",
            summary: "answers with a batch of no known chain that links in itself",
        },
        Entry { id: "late", summary: "answers much later" },
        Entry { id: "long", summary: "sends more headers than it was asked for" },
        Entry { id: "other_id", summary: "answers with an id that nobody gave" },
        Entry { id: "other_branch", summary: "answers with headers of another branch" },
        Entry { id: "shifted", summary: "begins with another number" },
        Entry { id: "short", summary: "sends fewer headers than it was asked for" },
        Entry { id: "silent", summary: "does not answer" },
        Entry { id: "upward", summary: "sends the lowest header first" },
    ];
}

/// Turns the honest answer into a lie.
pub(super) fn misbehave(
    peer: &Peer,
    how: &Misbehavior,
    request: &Message,
    ordinal: u32,
    replies: &mut Replies<Skeleton>,
) {
    let Message::GetHeaders { id, origin, amount } = *request else { return };
    let Some(reply) = replies.pop() else { return };
    let Message::Headers { headers, .. } = &reply.message else { return };
    let delay = reply.delay;
    let with = |id: u64, headers: Vec<SealedHeader>| Reply {
        message: Message::Headers { id, headers: headers.into() },
        delay,
    };
    let honest = headers.to_vec();
    match *how {
        Misbehavior::AnswerTwice {} => replies.extend([reply.clone(), reply]),
        Misbehavior::Broken { at } => {
            let mut headers = honest;
            let index = (at as usize).min(headers.len().saturating_sub(1));
            if let Some(header) = headers.get_mut(index) {
                let salt = FORGED + u64::from(ordinal);
                *header = SealedHeader::empty(header.number(), header.parent(), salt);
            }
            replies.push(with(id, headers));
        }
        Misbehavior::Empty {} => replies.push(with(id, Vec::new())),
        Misbehavior::Forged { salt } => replies.push(with(id, forged(&honest, u64::from(salt)))),
        Misbehavior::Late { by_ms } => {
            replies.push(Reply { delay: delay + u64::from(by_ms), ..reply });
        }
        Misbehavior::Long { by } => {
            replies.push(with(
                id,
                peer.serve(peer.branch, origin, amount.saturating_add(u64::from(by))),
            ));
        }
        Misbehavior::OtherId {} => replies.push(with(id + 1_000_000, honest)),
        Misbehavior::OtherBranch { branch } => {
            let branch = branch % peer.world.tree.branches();
            replies.push(with(id, peer.serve(branch, origin, amount)));
        }
        Misbehavior::Shifted { by } => {
            let origin = origin.saturating_sub(u64::from(by));
            replies.push(with(id, peer.serve(peer.branch, origin, amount)));
        }
        Misbehavior::Short { keep } => {
            replies.push(with(id, honest.into_iter().take(keep as usize).collect()));
        }
        Misbehavior::Silent {} => {}
        Misbehavior::Upward {} => replies.push(with(id, honest.into_iter().rev().collect())),
    }
}

/// Forged headers have no salt that a branch has.
const FORGED: u64 = 1 << 32;

/// Headers with the same numbers that link to each other, on top of the same lowest parent.
fn forged(honest: &[SealedHeader], salt: u64) -> Vec<SealedHeader> {
    let mut headers: Vec<SealedHeader> = Vec::new();
    for header in honest.iter().rev() {
        let parent = headers.last().map_or_else(|| header.parent(), SealedHeader::hash);
        headers.push(SealedHeader::empty(header.number(), parent, FORGED + salt));
    }
    headers.reverse();
    headers
}

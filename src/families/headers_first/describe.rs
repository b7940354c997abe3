//! Messages and events in words.

use crate::primitives::bitcoin::BlockHash;

use super::{Action, Event, Inventory, Message, Place, World};

/// A message in one line.
pub(super) fn message(world: &World, message: &Message) -> String {
    let label = |hash: &BlockHash| world.label(hash);
    match message {
        Message::Block { block } => {
            let mutated = if block.merkle_root_matches() { "" } else { " (mutated)" };
            format!("block {}{mutated}", label(&block.hash()))
        }
        Message::GetBlocks { locator, stop } => ask(world, "getblocks", locator, stop),
        Message::GetData { items } => inventory(world, "getdata", items),
        Message::GetHeaders { locator, stop } => ask(world, "getheaders", locator, stop),
        Message::Headers { headers } => {
            let hashes: Vec<BlockHash> = headers.iter().map(|header| header.hash()).collect();
            list(world, "headers", &hashes)
        }
        Message::Inv { items } => inventory(world, "inv", items),
        Message::NotFound { items } => inventory(world, "notfound", items),
        Message::Reject { block, reason, text: None } => {
            format!("reject {} ({reason:?})", label(block))
        }
        Message::Reject { block, reason, text: Some(text) } => {
            format!("reject {} ({reason:?}: {text:?})", label(block))
        }
        Message::SendHeaders {} => "sendheaders".to_owned(),
        Message::Tx { id, .. } => format!("tx {}", label(id)),
        Message::Unknown { command } => format!("{command:?} (unknown)"),
    }
}

/// An event in one line.
pub(super) fn event(world: &World, event: &Event) -> String {
    match event {
        Event::BlockAccepted { hash, .. } => format!("stores {}", world.label(hash)),
        Event::BlockRejected { hash, reason, text: None } => {
            format!("rejects {} ({reason:?})", world.label(hash))
        }
        Event::BlockRejected { hash, reason, text: Some(text) } => {
            format!("rejects {} ({reason:?}: {text:?})", world.label(hash))
        }
        Event::HeaderAccepted { hash, .. } => format!("takes header {}", world.label(hash)),
        Event::OrphanKept { hash } => format!("keeps orphan {}", world.label(hash)),
        Event::SyncPeer { peer: Some(peer) } => format!("syncs from {peer}"),
        Event::SyncPeer { peer: None } => "syncs from nobody".to_owned(),
        Event::Tip { hash, .. } => format!("tip {}", world.label(hash)),
    }
}

/// What a peer does on its own, in one line.
pub(super) fn action(world: &World, action: &Action) -> String {
    let label = |place: &Place| match world.place(place) {
        Ok(id) => world.label(&world.hash(id)),
        Err(_) => place.to_string(),
    };
    let labels = |places: &[Place]| places.iter().map(label).collect::<Vec<_>>().join(", ");
    let asks = |what: &str, locator: &[Place], stop: Option<&Place>| {
        let stop = stop.map_or_else(String::new, |stop| format!(" up to {}", label(stop)));
        format!("asks for {what} after [{}]{stop}", labels(locator))
    };
    match action {
        Action::Advance { tip } => format!("moves to {}", label(tip)),
        Action::AnnounceTransaction { number } => format!("announces transaction {number}"),
        Action::AskBlocks { locator, stop } => asks("hashes", locator, stop.as_ref()),
        Action::AskData { blocks, unknown } => {
            format!("asks for blocks [{}] and {unknown} made-up ones", labels(blocks))
        }
        Action::AskHeaders { locator, stop } => asks("headers", locator, stop.as_ref()),
        Action::SendHeaders {} => "asks for headers in announcements".to_owned(),
        Action::SendUnknown {} => "sends an unknown message".to_owned(),
    }
}

fn ask(world: &World, name: &str, locator: &[BlockHash], stop: &BlockHash) -> String {
    let from = locator.first().map_or_else(|| "nothing".to_owned(), |hash| world.label(hash));
    let to = if stop.is_zero() { String::new() } else { format!(" to {}", world.label(stop)) };
    format!("{name} from {from}{to}")
}

fn inventory(world: &World, name: &str, items: &[Inventory]) -> String {
    let blocks: Vec<BlockHash> =
        items.iter().filter(|item| item.is_block()).map(|item| item.hash).collect();
    let others = items.len() - blocks.len();
    match (blocks.is_empty(), others) {
        (_, 0) => list(world, name, &blocks),
        (true, _) => format!("{name} {others} other"),
        (false, _) => format!("{}, {others} other", list(world, name, &blocks)),
    }
}

fn list(world: &World, name: &str, hashes: &[BlockHash]) -> String {
    match hashes {
        [] => format!("{name} 0"),
        [one] => format!("{name} {}", world.label(one)),
        [first, .., last] => {
            format!("{name} {} ({}..{})", hashes.len(), world.label(first), world.label(last))
        }
    }
}

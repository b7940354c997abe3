//! Messages and events in one line for people.

use std::sync::Arc;

use crate::primitives::filecoin::{Block, TipsetKey};

use super::message::{ChainTipset, Event, Message, Request, SyncOutcome, status};
use super::peer::Action;
use super::world::World;

/// The names of at most so many tipsets of an answer stand in a line.
const NAMES_MAX: usize = 4;

pub(super) fn message(world: &World, message: &Message) -> String {
    match message {
        Message::Checkpoint { tipset } => format!("checkpoint {}", world.name(tipset)),
        Message::Gossip { block } => format!("gossips block {}", block_name(world, &block.header)),
        Message::Hello { head, height, weight, .. } => {
            format!("hello, head {} (height {height}, weight {weight})", world.name(head))
        }
        Message::OwnBlock { block } => {
            format!("own block {}", block_name(world, &block.header))
        }
        Message::Request { request } => format!("asks {}", asked(world, request)),
        Message::Response { request, status, chain, .. } => {
            let asked = asked(world, request);
            let mut text = format!("answers {asked}: {}", status_name(*status));
            if !chain.is_empty() {
                text.push_str(&format!(", {}", tipsets(world, request, chain)));
            } else if matches!(*status, status::OK | status::PARTIAL) {
                text.push_str(", no tipset");
            }
            text
        }
    }
}

pub(super) fn event(world: &World, event: &Event) -> String {
    match event {
        Event::CheckpointSet { tipset } => format!("checkpoint at {}", world.name(tipset)),
        Event::HeadChanged { head, revert, apply } => {
            let names = |keys: &[TipsetKey]| {
                keys.iter().map(|key| world.name(key)).collect::<Vec<_>>().join(" ")
            };
            let mut text = format!("head {}", world.name(head));
            if !revert.is_empty() {
                text.push_str(&format!(", leaves {}", names(revert)));
            }
            if apply.len() > 1 || !revert.is_empty() && !apply.is_empty() {
                text.push_str(&format!(", applies {}", names(apply)));
            }
            text
        }
        Event::SyncEnded { target, outcome } => {
            let target = world.name(target);
            match outcome {
                SyncOutcome::Cancelled {} => format!("sync of {target} is cancelled"),
                SyncOutcome::Complete {} => format!("sync of {target} is complete"),
                SyncOutcome::ForkRefused {} => format!("sync of {target} fails: fork refused"),
                SyncOutcome::Invalid { check } => {
                    format!("sync of {target} fails: invalid, {}", check.name())
                }
                SyncOutcome::Lighter {} => {
                    format!("sync of {target} fails: lighter than the head")
                }
                SyncOutcome::Unavailable {} => {
                    format!("sync of {target} fails: nobody gave what it needs")
                }
            }
        }
        Event::SyncStarted { target } => format!("sync of {} starts", world.name(target)),
        Event::Validated { tipset } => format!("{} is valid", world.name(tipset)),
    }
}

pub(super) fn action(world: &World, action: &Action) -> String {
    let name = action.tipset().and_then(|at| world.tree.tipset(at).ok());
    let name = name.map_or_else(|| "what nobody knows".to_owned(), |it| world.name(it.key()));
    match action {
        Action::Ask { length, options, .. } => {
            format!("asks for {length} tipsets from {name}, options {options}")
        }
        Action::Checkpoint { .. } => format!("sets a checkpoint at {name}"),
        Action::Forge { epochs } => format!("forges a block {epochs} epochs ahead"),
        Action::Gossip { .. } => format!("gossips {name}"),
        Action::Move { .. } => format!("moves to {name}"),
        Action::Submit { .. } => format!("hands in {name}"),
    }
}

fn status_name(code: u64) -> String {
    match code {
        status::OK => "ok".to_owned(),
        status::PARTIAL => "partial".to_owned(),
        status::NOT_FOUND => "not found".to_owned(),
        status::GO_AWAY => "go away".to_owned(),
        status::INTERNAL_ERROR => "internal error".to_owned(),
        status::BAD_REQUEST => "bad request".to_owned(),
        other => format!("status {other}"),
    }
}

fn block_name(world: &World, block: &Block) -> String {
    match world.tree.block(&block.cid()) {
        Some(_) => world.name(&TipsetKey::new(&[block.cid()])),
        None => format!("that nobody knows, of height {}", block.height()),
    }
}

fn asked(world: &World, request: &Request) -> String {
    let what = match request.options {
        Request::HEADERS => "headers".to_owned(),
        Request::MESSAGES => "messages".to_owned(),
        3 => "headers and messages".to_owned(),
        other => format!("options {other}"),
    };
    let head = world.name(&request.head);
    match request.length {
        1 => format!("{what} of {head}"),
        length => format!("{what} of {length} from {head} down"),
    }
}

fn tipsets(world: &World, request: &Request, chain: &[Option<ChainTipset>]) -> String {
    if request.options & Request::HEADERS == 0 || chain.len() > NAMES_MAX {
        return format!("{} tipsets", chain.len());
    }
    let name = |item: &Option<ChainTipset>| {
        let Some(item) = item else { return "null".to_owned() };
        let blocks: Option<Vec<Arc<Block>>> = item.blocks.iter().cloned().collect();
        let Some(blocks) = blocks else { return "null block".to_owned() };
        let cids: Vec<_> = blocks.iter().map(|block| block.cid()).collect();
        world.name(&TipsetKey::new(&cids))
    };
    chain.iter().map(name).collect::<Vec<_>>().join(" ")
}

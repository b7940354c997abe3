//! Messages and events in one line for people.

use crate::primitives::filecoin::TipsetKey;

use super::message::{Event, Message, Request, status};
use super::world::World;

pub(super) fn message(world: &World, message: &Message) -> String {
    match message {
        Message::Checkpoint { tipset } => format!("checkpoint {}", world.name(tipset)),
        Message::Gossip { block } => {
            format!("gossip {}", world.name(&TipsetKey::new(&[block.header.cid()])))
        }
        Message::Hello { head, height, weight, .. } => {
            format!("hello {} (height {height}, weight {weight})", world.name(head))
        }
        Message::OwnBlock { block } => {
            format!("own block {}", world.name(&TipsetKey::new(&[block.header.cid()])))
        }
        Message::Request { request } => {
            format!("asks {}", describe_request(world, request))
        }
        Message::Response { request, status, chain, .. } => {
            let status = match *status {
                status::OK => "ok".to_owned(),
                status::PARTIAL => "partial".to_owned(),
                status::NOT_FOUND => "not found".to_owned(),
                status::GO_AWAY => "go away".to_owned(),
                status::INTERNAL_ERROR => "internal error".to_owned(),
                status::BAD_REQUEST => "bad request".to_owned(),
                other => format!("status {other}"),
            };
            let request = describe_request(world, request);
            format!("answers {request}: {status}, {} tipsets", chain.len())
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
            format!(
                "head {} (reverts: {}; applies: {})",
                world.name(head),
                names(revert),
                names(apply)
            )
        }
        Event::SyncEnded { target, outcome } => {
            format!("sync of {} ends: {outcome:?}", world.name(target))
        }
        Event::SyncStarted { target } => format!("sync of {} starts", world.name(target)),
        Event::Validated { tipset } => format!("{} is valid", world.name(tipset)),
    }
}

fn describe_request(world: &World, request: &Request) -> String {
    let what = match request.options {
        Request::HEADERS => "headers".to_owned(),
        Request::MESSAGES => "messages".to_owned(),
        3 => "headers and messages".to_owned(),
        other => format!("options {other}"),
    };
    format!("{} {what} from {}", request.length, world.name(&request.head))
}

use crate::primitives::ethereum_state::Hash32;
use crate::scenario::{BoxKind, Chains, Drawing, Lane, NoteKind, Scenario, in_words};

use super::message::Command;
use super::{Action, Skeleton, Spec, World};

/// The tree of headers, and as bars what the subject has of it at the start.
pub(super) fn drawing(scenario: &Scenario<Skeleton>, world: &World) -> Drawing {
    let spec = &scenario.world;
    let mut chains =
        Chains::draw(lanes(spec), "headers", remarkable(scenario, world), |lane, number| {
            if lane == 0 { number.to_string() } else { format!("{number}/{lane}") }
        });
    let local = &spec.local;
    chains.mark(local.branch as usize, 0, local.head, BoxKind::Held);
    for side in &local.sides {
        chains.mark(side.branch as usize, 1, side.head, BoxKind::Held);
        chains.note(side.branch as usize, side.head, NoteKind::Subject, "side chain");
    }
    for lack in &local.lacks {
        let words = format!("lacks {}", in_words(&lack.part));
        chains.note(local.branch as usize, lack.number, NoteKind::Flaw, words);
    }
    chains.note(local.branch as usize, local.head, NoteKind::Subject, "local head");
    if let Some(snap_head) = local.snap_head {
        chains.note(local.branch as usize, snap_head, NoteKind::Subject, "snap head");
    }
    note_peers(scenario, &mut chains);
    for command in &scenario.commands {
        if let Some((hash, what)) = told(&command.what)
            && let Some((branch, number)) = world.tree.find(&hash)
        {
            let words = format!("{what} at {} ms", command.at_ms);
            chains.note(branch as usize, number, NoteKind::Subject, words);
        }
    }
    add_subchains(spec, &mut chains);
    chains.finish("The tree of headers, numbers from left to right, and the stored subchains")
}

/// The header that a command names, and what it is told to be.
fn told(command: &Command) -> Option<(Hash32, &'static str)> {
    match command {
        Command::Head { header, force: true, .. } => Some((header.hash(), "forced head")),
        Command::Head { header, .. } => Some((header.hash(), "head")),
        Command::SetHead { hash, .. } => Some((*hash, "set head")),
        Command::Bounds {} | Command::Terminate {} => None,
    }
}

fn lanes(spec: &Spec) -> Vec<Lane> {
    let trunk = Lane {
        name: "trunk".to_owned(),
        fork: None,
        heights: std::iter::once(0..=spec.tree.length).collect(),
    };
    let branches = spec.tree.branches.iter().zip(1..).map(|(branch, index): (_, u32)| Lane {
        name: format!("branch {index}"),
        fork: Some((branch.of as usize, branch.after)),
        heights: std::iter::once(branch.after + 1..=branch.after + branch.length).collect(),
    });
    std::iter::once(trunk).chain(branches).collect()
}

fn remarkable(scenario: &Scenario<Skeleton>, world: &World) -> Vec<u64> {
    let spec = &scenario.world;
    let mut numbers = vec![spec.local.head];
    numbers.extend(spec.local.snap_head);
    numbers.extend(spec.local.lacks.iter().map(|lack| lack.number));
    numbers.extend(spec.local.sides.iter().map(|side| side.head));
    let subchains = spec.stored.iter().flat_map(|stored| &stored.subchains);
    // A bar begins and ends with a column of its own.
    numbers.extend(subchains.flat_map(|its| [its.tail, its.head]));
    numbers.extend(spec.stored.iter().filter_map(|stored| stored.finalized));
    numbers.extend(scenario.peers.iter().filter_map(|peer| peer.has.head));
    let commands = scenario.commands.iter().filter_map(|command| told(&command.what));
    numbers.extend(commands.filter_map(|(hash, _)| Some(world.tree.find(&hash)?.1)));
    numbers
}

fn note_peers(scenario: &Scenario<Skeleton>, chains: &mut Chains) {
    let top = |branch: u32| match (branch as usize).checked_sub(1) {
        None => scenario.world.tree.length,
        Some(index) => {
            let branches = &scenario.world.tree.branches;
            branches.get(index).map_or(0, |branch| branch.after + branch.length)
        }
    };
    for peer in &scenario.peers {
        let head = peer.has.head.unwrap_or_else(|| top(peer.has.branch));
        chains.note(peer.has.branch as usize, head, NoteKind::Peer, peer.id.to_string());
        for action in &peer.actions {
            let Action::Follow { branch } = action.what;
            let words = format!("{} at {} ms", peer.id, action.at_ms);
            chains.note(branch as usize, top(branch), NoteKind::Peer, words);
        }
    }
}

fn add_subchains(spec: &Spec, chains: &mut Chains) {
    let Some(stored) = &spec.stored else { return };
    for (index, chain) in stored.subchains.iter().enumerate() {
        let number = index + 1;
        let Some(bar) = chains.add_bar(format!("subchain {number}"), chain.tail..=chain.head)
        else {
            continue;
        };
        if chain.branch > 0 {
            bar.note(NoteKind::About, format!("of branch {}", chain.branch));
        }
        if stored.garbled {
            bar.note(NoteKind::Flaw, "status cannot be read");
        }
    }
    if let Some(finalized) = stored.finalized {
        chains.note(0, finalized, NoteKind::Subject, "finalized");
    }
}

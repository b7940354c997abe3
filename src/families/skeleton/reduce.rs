use crate::machine::Millis;
use crate::scenario::{At, Heal, PeerPlan, Scenario, Session};
use crate::world::headers::HeaderTree;

use super::message::Command;
use super::{LocalSpec, PeerSpec, Settings, Skeleton};

type Case = Scenario<Skeleton>;

/// Smaller scenarios, the boldest first.
pub(super) fn reductions(scenario: &Case) -> Vec<Case> {
    let mut smaller = Vec::new();
    let mut with = |edit: &dyn Fn(&mut Case)| {
        let mut candidate = scenario.clone();
        edit(&mut candidate);
        if candidate != *scenario {
            smaller.push(candidate);
        }
    };
    let plain =
        Settings { pivot_distance: scenario.world.settings.pivot_distance, ..Settings::default() };
    with(&|s| s.world.settings = Settings::default());
    with(&|s| s.world.settings = plain);
    with(&|s| s.world.settings.batch = plain.batch);
    with(&|s| s.world.settings.scratch_batches = plain.scratch_batches);
    with(&|s| s.world.settings.fill_blocks = plain.fill_blocks);
    with(&|s| s.world.settings.fill_ms = plain.fill_ms);
    with(&|s| s.world.stored = None);
    with(&|s| s.world.local = LocalSpec::default());
    with(&|s| s.world.local.lacks.clear());
    with(&|s| s.world.local.sides.clear());
    with(&|s| s.world.local.snap_head = None);
    with(&|s| {
        s.world.tree.branches.pop();
    });
    if let Some(stored) = &scenario.world.stored {
        for index in 0..stored.subchains.len() {
            with(&|s| {
                let chains = s.world.stored.as_mut().map(|stored| &mut stored.subchains);
                chains.map(|chains| chains.remove(index));
            });
        }
    }
    for index in 0..scenario.commands.len() {
        with(&|s| {
            if let Command::Head { finalized, .. } = &mut s.commands[index].what {
                *finalized = None;
            }
        });
    }
    for index in 0..scenario.peers.len() {
        with(&|s| simplify(&mut s.peers[index]));
        with(&|s| {
            s.peers[index].has =
                PeerSpec { branch: s.peers[index].has.branch, ..PeerSpec::default() }
        });
        with(&|s| s.peers[index].latency_ms = 50);
        for lie in 0..scenario.peers[index].lies.len() {
            with(&|s| {
                let lie = &mut s.peers[index].lies[lie];
                (lie.from, lie.count) = (0, None);
            });
        }
    }
    with(&|s| s.heal = Heal { at_ms: 0, ..s.heal });
    with(&|s| earlier(&mut s.commands, 2));
    smaller.extend(shorter(scenario));
    smaller
}

fn simplify(peer: &mut PeerPlan<Skeleton>) {
    peer.sessions = vec![Session { join_ms: 0, leave_ms: None, lingers: false }];
    peer.latency_ms = 50;
    peer.stalls.clear();
    peer.faults.clear();
}

fn earlier(commands: &mut [At<Command>], by: Millis) {
    commands.iter_mut().for_each(|command| command.at_ms /= by);
}

/// The same with headers taken out of all chains.
fn shorter(scenario: &Case) -> Vec<Case> {
    let Ok(old) = HeaderTree::build(&scenario.world.tree) else { return Vec::new() };
    let length = scenario.world.tree.length;
    let mut cuts: Vec<(u64, u64)> = Vec::new();
    let mut by = length / 2;
    while by > 0 {
        cuts.extend([0, length / 4, length / 2, length - by].map(|after| (after, by)));
        by /= 2;
    }
    cuts.iter().filter_map(|cut| squeeze(scenario, &old, *cut)).collect()
}

/// Takes `by` headers out above `after`; what stood there or above moves down.
fn squeeze(scenario: &Case, old: &HeaderTree, (after, by): (u64, u64)) -> Option<Case> {
    let down =
        |number: u64| if number > after { number.saturating_sub(by).max(after) } else { number };
    let mut smaller = scenario.clone();
    let world = &mut smaller.world;
    world.tree.length = down(world.tree.length).max(1);
    for branch in &mut world.tree.branches {
        let top = down(branch.after + branch.length);
        branch.after = down(branch.after);
        branch.length = top.saturating_sub(branch.after).max(1);
    }
    let tree = HeaderTree::build(&world.tree).ok()?;
    let local = &mut world.local;
    local.head = down(local.head).min(tree.top(local.branch));
    local.snap_head = local.snap_head.map(down);
    local.lacks.iter_mut().for_each(|lack| lack.number = down(lack.number));
    let filled = local.snap_head.unwrap_or(local.head);
    local.lacks.retain(|lack| lack.number > filled);
    local.sides.iter_mut().for_each(|side| side.head = down(side.head));
    for chain in world.stored.iter_mut().flat_map(|stored| &mut stored.subchains) {
        (chain.head, chain.tail) = (down(chain.head).max(1), down(chain.tail).max(1));
    }
    for peer in &mut smaller.peers {
        peer.has.head = peer.has.head.map(down);
    }
    for command in &mut smaller.commands {
        match &mut command.what {
            Command::Head { header, finalized, .. } => {
                let (branch, number) = old.find(&header.hash())?;
                let number = down(number).max(1).min(tree.top(branch));
                *header = tree.header(branch, number)?.clone();
                *finalized = finalized.map(down);
            }
            Command::SetHead { hash, .. } => {
                let (branch, number) = old.find(hash)?;
                *hash = tree.header(branch, down(number).min(tree.top(branch)))?.hash();
            }
            Command::Bounds {} | Command::Terminate {} => {}
        }
    }
    Some(smaller)
}

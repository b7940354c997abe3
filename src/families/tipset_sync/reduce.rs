use crate::primitives::filecoin::consensus::Network;
use crate::scenario::{Liars, PeerPlan, Scenario, Session};
use crate::world::tipset::TipsetRef;

use super::family::TipsetSync;
use super::message::Settings;
use super::peer::Action;

type Plan = Scenario<TipsetSync>;

/// Scenarios with a smaller world or simpler parts. Those that do not fit together any more are
/// not valid, and are left out by whoever tries them.
pub(super) fn reductions(plan: &Plan) -> Vec<Plan> {
    let mut smaller = Vec::new();
    let mut with = |edit: &dyn Fn(&mut Plan)| {
        let mut candidate = plan.clone();
        edit(&mut candidate);
        if candidate != *plan {
            smaller.push(candidate);
        }
    };
    for branch in (0..plan.world.branches.len() as u32).rev() {
        with(&|plan| drop_branch(plan, branch));
    }
    with(&|plan| plan.world.settings = Settings::default());
    with(&|plan| plan.world.network = Network::default());
    with(&|plan| plan.world.checkpoint = None);
    with(&|plan| plan.world.shuffle = 0);
    with(&|plan| plan.heal.liars = Liars::Leave);
    for (number, branch) in plan.world.branches.iter().enumerate() {
        for epoch in (0..branch.epochs.len()).rev() {
            with(&|plan| drop_epoch(plan, number, epoch));
        }
        with(&|plan| {
            if let Some(from) = &mut plan.world.branches[number].from {
                from.blocks.clear();
            }
        });
    }
    for peer in 0..plan.peers.len() {
        simpler_peer(peer, &mut with);
    }
    for (number, branch) in plan.world.branches.iter().enumerate() {
        for (at, epoch) in branch.epochs.iter().enumerate() {
            with(&|plan| plan.world.branches[number].epochs[at].nulls = 0);
            for block in (0..epoch.blocks.len()).rev() {
                with(&|plan| plan.world.branches[number].epochs[at].blocks[block].messages = 0);
                with(&|plan| plan.world.branches[number].epochs[at].blocks[block].wins = 1);
                with(&|plan| plan.world.branches[number].epochs[at].blocks[block].fault = None);
                with(&|plan| drop_block(plan, number, at, block));
            }
        }
    }
    with(&|plan| {
        if let Some(stored) = &mut plan.world.stored {
            stored.index = stored.index.saturating_sub(1);
        }
    });
    for at_ms in [1_000, 5_000] {
        with(&|plan| plan.heal.at_ms = plan.heal.at_ms.min(at_ms));
    }
    smaller
}

fn simpler_peer(peer: usize, with: &mut impl FnMut(&dyn Fn(&mut Plan))) {
    with(&|plan| plan.peers[peer].has.limit = None);
    with(&|plan| plan.peers[peer].has.poses = false);
    with(&|plan| plan.peers[peer].has.boasts = false);
    with(&|plan| plan.peers[peer].latency_ms = 50);
    with(&|plan| {
        plan.peers[peer].sessions = vec![Session { join_ms: 0, leave_ms: None, lingers: false }];
    });
    with(&|plan| {
        for action in &mut plan.peers[peer].actions {
            action.at_ms = action.at_ms.min(1_000);
        }
    });
    // The parts of a tipset that one action names are fewer messages than the whole.
    with(&|plan| {
        for action in &mut plan.peers[peer].actions {
            if let Some(at) = tipset_of(&mut action.what)
                && at.blocks.is_empty()
            {
                at.blocks = vec![0];
            }
        }
    });
    with(&|plan| {
        if let Some(tip) = &mut plan.peers[peer].has.tip {
            tip.index = tip.index.saturating_sub(1);
        }
    });
    with(&|plan| {
        for action in &mut plan.peers[peer].actions {
            if let Action::Ask { length, .. } = &mut action.what {
                *length = (*length).min(1);
            }
        }
    });
}

/// All references of a plan.
fn references(plan: &mut Plan, each: &mut dyn FnMut(&mut TipsetRef)) {
    let world = &mut plan.world;
    world.stored.iter_mut().chain(&mut world.checkpoint).for_each(&mut *each);
    world.branches.iter_mut().filter_map(|branch| branch.from.as_mut()).for_each(&mut *each);
    let peers = plan.peers.iter_mut();
    for PeerPlan { has, actions, .. } in peers {
        has.tip.iter_mut().for_each(&mut *each);
        actions.iter_mut().filter_map(|action| tipset_of(&mut action.what)).for_each(&mut *each);
    }
}

fn tipset_of(action: &mut Action) -> Option<&mut TipsetRef> {
    match action {
        Action::Ask { head, .. } => head.as_mut(),
        Action::Checkpoint { tipset }
        | Action::Gossip { tipset }
        | Action::Move { tipset }
        | Action::Submit { tipset } => Some(tipset),
        Action::Forge { .. } => None,
    }
}

/// What named the branch names the tipset that it came from, if there is one.
fn drop_branch(plan: &mut Plan, branch: u32) {
    let from = plan.world.branches[branch as usize].from.clone();
    references(plan, &mut |at| {
        if at.branch == branch
            && let Some(from) = &from
        {
            *at = from.clone();
        }
        if at.branch > branch {
            at.branch -= 1;
        }
    });
    plan.world.branches.remove(branch as usize);
}

/// What named the epoch names the one before.
fn drop_epoch(plan: &mut Plan, branch: usize, epoch: usize) {
    plan.world.branches[branch].epochs.remove(epoch);
    references(plan, &mut |at| {
        if at.branch as usize == branch && at.index as usize >= epoch.max(1) {
            at.index -= 1;
            at.blocks.clear();
        }
    });
}

fn drop_block(plan: &mut Plan, branch: usize, epoch: usize, block: usize) {
    plan.world.branches[branch].epochs[epoch].blocks.remove(block);
    references(plan, &mut |at| {
        if at.branch as usize == branch && at.index as usize == epoch {
            at.blocks.retain(|number| usize::from(*number) != block);
            for number in &mut at.blocks {
                *number -= u8::from(usize::from(*number) > block);
            }
        }
    });
}

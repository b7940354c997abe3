use crate::scenario::Scenario;
use crate::world::tipset::{Branch, TipsetRef};

use super::family::TipsetSync;
use super::peer::Action;
use super::world::World;

/// What is remarkable about a scenario.
pub(super) fn labels(
    scenario: &Scenario<TipsetSync>,
    world: &World,
    label: &mut dyn FnMut(&'static str),
) {
    let spec = &world.spec;
    let epochs = || spec.branches.iter().flat_map(|branch| &branch.epochs);
    let actions = || scenario.peers.iter().flat_map(|peer| &peer.actions);
    let mut when = |holds: bool, name| {
        if holds {
            label(name);
        }
    };
    when(spec.branches.len() > 1, "fork");
    when(spec.branches.iter().any(|branch| branch.foreign), "foreign chain");
    let poses = |branch| {
        let on = |tip: &TipsetRef| tip.branch as usize == branch;
        scenario.peers.iter().any(|p| p.has.poses && p.has.tip.as_ref().is_some_and(on))
    };
    let endless = |(branch, of): (usize, &Branch)| {
        of.foreign && of.epochs.len() as u64 > spec.network.finality && poses(branch)
    };
    when(spec.branches.iter().enumerate().any(endless), "endless fork");
    when(scenario.peers.iter().any(|peer| peer.has.boasts), "light chain presented as heavy");
    when(epochs().any(|epoch| epoch.nulls > 0), "null rounds");
    when(epochs().any(|epoch| epoch.blocks.len() > 1), "several blocks an epoch");
    when(epochs().any(|e| e.blocks.iter().any(|block| block.fault.is_some())), "invalid block");
    when(world.tree.equivocates(), "equivocation");
    when(spec.network.finality < 900, "small finality");
    when(spec.checkpoint.is_some(), "checkpoint at the start");
    when(actions().any(|a| matches!(a.what, Action::Checkpoint { .. })), "checkpoint set");
    when(actions().any(|a| matches!(a.what, Action::Forge { .. })), "forged block");
    when(actions().any(|a| matches!(a.what, Action::Ask { .. })), "subject serves");
    when(scenario.peers.iter().any(|peer| !peer.lies.is_empty()), "liar");
    when(scenario.peers.iter().any(|peer| peer.has.operator), "operator");
    when(!scenario.commands.is_empty(), "concurrency changes");
    when(!scenario.crashes.is_empty(), "crash");
}

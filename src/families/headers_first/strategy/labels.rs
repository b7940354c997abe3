use crate::families::headers_first::{HeadersFirst, World};
use crate::scenario::{Liars, Scenario};

/// Says what is remarkable about a scenario.
pub(in crate::families::headers_first) fn labels(
    scenario: &Scenario<HeadersFirst>,
    world: &World,
    label: &mut dyn FnMut(&'static str),
) {
    let spec = &scenario.world;
    let best_valid = world
        .ids()
        .filter(|id| world.is_valid(*id) && world.keeps_checkpoints(*id))
        .map(|id| world.work(id))
        .max();
    let heaviest = |wanted: &dyn Fn(crate::world::BlockId) -> bool| {
        world.ids().any(|id| wanted(id) && Some(world.work(id)) > best_valid)
    };
    let facts: [(&'static str, bool); 15] = [
        ("fork", !spec.branches.is_empty()),
        ("fork deeper than 6", spec.branches.iter().any(|branch| branch.length > 6)),
        ("checkpoint", !spec.checkpoints.is_empty()),
        ("heavier but invalid chain", heaviest(&|id| !world.is_valid(id))),
        ("heavier chain against a checkpoint", heaviest(&|id| !world.keeps_checkpoints(id))),
        ("more than 500 blocks", spec.main > 500),
        ("more than 2000 blocks", spec.main > 2_000),
        ("blocks stored at the start", spec.stored.is_some()),
        ("stale tip", spec.tip_age_s > 24 * 60 * 60),
        ("liar", scenario.peers.iter().any(|peer| !peer.lies.is_empty())),
        (
            "liar that stays",
            scenario.heal.liars == Liars::Stay
                && scenario.peers.iter().any(|peer| !peer.lies.is_empty()),
        ),
        ("fault", scenario.peers.iter().any(|peer| !peer.faults.is_empty())),
        ("peer that leaves", scenario.peers.iter().any(|p| p.sessions[0].leave_ms.is_some())),
        ("new block while running", scenario.peers.iter().any(|peer| !peer.actions.is_empty())),
        ("crash", !scenario.crashes.is_empty()),
    ];
    facts.iter().filter(|(_, holds)| *holds).for_each(|(name, _)| label(name));
}

use crate::families::headers_first::{Action, HeadersFirst, Misbehavior, Place, Services};
use crate::scenario::{Liars, Scenario};

/// Scenarios with a smaller world or simpler parts, the boldest first.
pub(in crate::families::headers_first) fn reductions(
    scenario: &Scenario<HeadersFirst>,
) -> Vec<Scenario<HeadersFirst>> {
    let mut smaller = Vec::new();
    let mut with = |edit: &dyn Fn(&mut Scenario<HeadersFirst>)| {
        let mut candidate = scenario.clone();
        edit(&mut candidate);
        if candidate != *scenario {
            smaller.push(candidate);
        }
    };
    reduce_world(scenario, &mut with);
    reduce_peers(scenario, &mut with);
    smaller
}

type With<'a> = &'a mut dyn FnMut(&dyn Fn(&mut Scenario<HeadersFirst>));

fn reduce_world(scenario: &Scenario<HeadersFirst>, with: With<'_>) {
    let spec = &scenario.world;
    for index in 0..spec.branches.len() {
        with(&|s| remove_branch(s, index));
    }
    for length in [1, spec.main / 2, spec.main - spec.main / 8, spec.main - 1] {
        with(&|s| shorten_main(s, length.max(1)));
    }
    for (index, branch) in spec.branches.iter().enumerate() {
        for length in [1, branch.length / 2, branch.length - 1] {
            with(&|s| shorten_branch(s, index, length.max(1)));
        }
        with(&|s| s.world.branches[index].flaw = None);
    }
    for index in 0..spec.checkpoints.len() {
        with(&|s| {
            s.world.checkpoints.remove(index);
        });
    }
    with(&|s| s.world.stored = None);
    with(&|s| s.world.tip_age_s = 0);
    with(&|s| s.world.spacing_s = 600);
    with(&|s| s.heal.liars = Liars::Leave);
    for at_ms in [0, 1_000, scenario.heal.at_ms / 2] {
        with(&|s| s.heal.at_ms = at_ms.min(s.heal.at_ms));
    }
}

fn reduce_peers(scenario: &Scenario<HeadersFirst>, with: With<'_>) {
    for (index, peer) in scenario.peers.iter().enumerate() {
        with(&|s| s.peers[index].latency_ms = 10);
        with(&|s| s.peers[index].has.claims = None);
        with(&|s| s.peers[index].has.services = Services::Full);
        with(&|s| s.peers[index].has.tip = Place::main(s.world.main));
        for session in 0..peer.sessions.len() {
            with(&|s| s.peers[index].sessions[session].leave_ms = None);
            with(&|s| s.peers[index].sessions[session].lingers = false);
            if session == 0 {
                with(&|s| s.peers[index].sessions[0].join_ms = 0);
            }
        }
        for action in 0..peer.actions.len() {
            with(&|s| s.peers[index].actions[action].at_ms /= 2);
        }
        for lie in 0..peer.lies.len() {
            with(&|s| s.peers[index].lies[lie].from = 0);
            with(&|s| s.peers[index].lies[lie].count = None);
            with(&|s| s.peers[index].lies[lie].count = Some(1));
            with(&|s| s.peers[index].lies[lie].how = Misbehavior::Silent {});
        }
        for fault in 0..peer.faults.len() {
            with(&|s| s.peers[index].faults[fault].from = 0);
            with(&|s| s.peers[index].faults[fault].count = Some(1));
        }
    }
}

fn remove_branch(scenario: &mut Scenario<HeadersFirst>, index: usize) {
    let gone = scenario.world.branches.remove(index);
    let main = scenario.world.main;
    for place in places(scenario) {
        if place.branch == gone.name {
            *place = if place.height <= gone.fork.height {
                Place::new(gone.fork.branch.clone(), place.height)
            } else {
                Place::main(place.height.min(main))
            };
        }
    }
    tidy(scenario);
}

fn shorten_main(scenario: &mut Scenario<HeadersFirst>, length: u32) {
    scenario.world.main = length;
    for place in places(scenario) {
        if place.is_main() {
            place.height = place.height.min(length);
        }
    }
    tidy(scenario);
}

fn shorten_branch(scenario: &mut Scenario<HeadersFirst>, index: usize, length: u32) {
    let branch = &mut scenario.world.branches[index];
    branch.length = length;
    let tip = branch.fork.height + length;
    if let Some(flaw) = &mut branch.flaw {
        flaw.height = flaw.height.min(tip);
    }
    let name = branch.name.clone();
    for place in places(scenario) {
        if place.branch == name {
            place.height = place.height.min(tip);
        }
    }
    tidy(scenario);
}

/// Mends what a smaller world leaves behind: checkpoints that fell together, branches whose fork
/// sank, so that their flaw is out of reach.
fn tidy(scenario: &mut Scenario<HeadersFirst>) {
    let spec = &mut scenario.world;
    spec.checkpoints.retain(|place| place.height > 0);
    spec.checkpoints.dedup_by_key(|place| place.height);
    for branch in &mut spec.branches {
        let own = branch.fork.height + 1..=branch.fork.height + branch.length;
        if let Some(flaw) = &mut branch.flaw {
            flaw.height = flaw.height.clamp(*own.start(), *own.end());
        }
    }
    // A branch's own heights end where its shortened parent lets it begin.
    let tips: Vec<(String, u32)> = spec
        .branches
        .iter()
        .map(|branch| (branch.name.clone(), branch.fork.height + branch.length))
        .collect();
    for place in places(scenario) {
        if let Some((_, tip)) = tips.iter().find(|(name, _)| *name == place.branch) {
            place.height = place.height.min(*tip);
        }
    }
}

/// All blocks that a scenario names.
fn places(scenario: &mut Scenario<HeadersFirst>) -> Vec<&mut Place> {
    let spec = &mut scenario.world;
    let mut places: Vec<&mut Place> = Vec::new();
    places.extend(spec.branches.iter_mut().map(|branch| &mut branch.fork));
    places.extend(&mut spec.checkpoints);
    places.extend(&mut spec.stored);
    for peer in &mut scenario.peers {
        places.push(&mut peer.has.tip);
        for action in &mut peer.actions {
            match &mut action.what {
                Action::Advance { tip } => places.push(tip),
                Action::AskBlocks { locator, stop } | Action::AskHeaders { locator, stop } => {
                    places.extend(locator);
                    places.extend(stop);
                }
                Action::AskData { blocks, .. } => places.extend(blocks),
                Action::AnnounceTransaction { .. }
                | Action::SendHeaders {}
                | Action::SendUnknown {} => {}
            }
        }
        for lie in &mut peer.lies {
            match &mut lie.how {
                Misbehavior::OtherChain { tip } | Misbehavior::UnrequestedHeaders { tip, .. } => {
                    places.push(tip);
                }
                Misbehavior::UnrequestedBlock { block } => places.push(block),
                _ => {}
            }
        }
    }
    places
}

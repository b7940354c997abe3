use crate::machine::PeerId;
use crate::scenario::{BoxKind, Chains, Drawing, Lane, NoteKind, Scenario, in_words};

use super::{Action, HeadersFirst, Place, Spec, World};

/// The block tree: what the subject has stored, where the checkpoints are and where the peers.
pub(super) fn drawing(scenario: &Scenario<HeadersFirst>, world: &World) -> Drawing {
    let spec = &scenario.world;
    let names: Vec<&str> = std::iter::once("main")
        .chain(spec.branches.iter().map(|branch| branch.name.as_str()))
        .collect();
    let tips = tips(scenario);
    let named = spec.checkpoints.iter().chain(&spec.stored).chain(tips.iter().map(|tip| tip.at));
    let flaws = spec.branches.iter().filter_map(|branch| Some(branch.flaw?.height));
    let remarkable = named.map(|place| place.height).chain(flaws).map(u64::from);
    let mut chains =
        Chains::draw(lanes(spec, &names), "blocks", remarkable, |lane, height| {
            match (lane, names[lane]) {
                (0, _) => format!("m{height}"),
                (_, name) => format!("{name}:{height}"),
            }
        });
    let lane_of = |place: &Place| names.iter().position(|name| *name == place.branch);
    let note = |chains: &mut Chains, place: &Place, kind, text: String| {
        if let Some(lane) = lane_of(place) {
            chains.note(lane, u64::from(place.height), kind, text);
        }
    };
    mark_bad(spec, &names, &mut chains);
    let genesis = Place::main(0);
    let stored = spec.stored.as_ref().unwrap_or(&genesis);
    if let Some(lane) = lane_of(stored) {
        chains.mark(lane, 0, u64::from(world.height(world.start_tip())), BoxKind::Held);
    }
    note(&mut chains, stored, NoteKind::Subject, "stored".to_owned());
    for place in &spec.checkpoints {
        note(&mut chains, place, NoteKind::About, "checkpoint".to_owned());
    }
    for tip in tips {
        note(&mut chains, tip.at, NoteKind::Peer, tip.text);
    }
    chains.finish("The block tree, heights from left to right")
}

/// The tip of a peer, at the start or later.
struct Tip<'a> {
    at: &'a Place,
    text: String,
}

fn tips(scenario: &Scenario<HeadersFirst>) -> Vec<Tip<'_>> {
    let mut tips = Vec::new();
    for peer in &scenario.peers {
        let PeerId(number) = peer.id;
        tips.push(Tip { at: &peer.has.tip, text: format!("p{number}") });
        for action in &peer.actions {
            if let Action::Advance { tip } = &action.what {
                tips.push(Tip { at: tip, text: format!("p{number} at {} ms", action.at_ms) });
            }
        }
    }
    tips
}

fn lanes(spec: &Spec, names: &[&str]) -> Vec<Lane> {
    let main = Lane {
        name: names[0].to_owned(),
        fork: None,
        heights: std::iter::once(0..=u64::from(spec.main)).collect(),
    };
    let branches = spec.branches.iter().map(|branch| {
        let fork = u64::from(branch.fork.height);
        let of = names.iter().position(|name| *name == branch.fork.branch).unwrap_or(0);
        Lane {
            name: branch.name.clone(),
            fork: Some((of, fork)),
            heights: std::iter::once(fork + 1..=fork + u64::from(branch.length)).collect(),
        }
    });
    std::iter::once(main).chain(branches).collect()
}

/// A block with a flaw, and all that stands on it.
fn mark_bad(spec: &Spec, names: &[&str], chains: &mut Chains) {
    // For each lane the height of its first bad block.
    let mut bad_from: Vec<Option<u64>> = vec![None];
    for (lane, branch) in spec.branches.iter().enumerate().map(|(index, its)| (index + 1, its)) {
        let fork = u64::from(branch.fork.height);
        let of = names.iter().position(|name| *name == branch.fork.branch).unwrap_or(0);
        let inherited = bad_from[of].filter(|height| *height <= fork);
        let own = branch.flaw.map(|flaw| u64::from(flaw.height));
        let first = inherited.or(own);
        bad_from.push(first);
        if let Some(first) = first {
            chains.mark(lane, first.max(fork + 1), fork + u64::from(branch.length), BoxKind::Bad);
        }
        if let Some(flaw) = branch.flaw {
            let words = in_words(&flaw.kind);
            chains.note(lane, u64::from(flaw.height), NoteKind::Flaw, words);
        }
    }
}

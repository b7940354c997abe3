use std::collections::BTreeMap;

use crate::scenario::{BoxKind, Chains, Drawing, Lane, NoteKind, Scenario, in_words};
use crate::world::tipset::{Branch, Epoch, TipsetRef};

use super::family::TipsetSync;
use super::peer::Action;
use super::world::{Spec, World};

/// The tree of tipsets: what the subject has stored, what is wrong where, and where the peers are.
pub(super) fn drawing(scenario: &Scenario<TipsetSync>, world: &World) -> Drawing {
    let spec = &world.spec;
    let places = Places::of(spec, world);
    let refs = refs(scenario);
    let named = refs.iter().filter_map(|(at, ..)| places.height(at));
    let odd = places.all().filter(|(epoch, ..)| is_odd(epoch)).map(|(_, _, height)| height);
    let remarkable: Vec<u64> = named.chain(odd).collect();
    let mut chains = Chains::draw(places.lanes(spec), "tipsets", remarkable, |lane, height| {
        if lane == 0 {
            return "genesis".to_owned();
        }
        let index = places.index_at(lane - 1, height).unwrap_or_default();
        format!("b{}#{index}", lane - 1)
    });
    for (at, kind, words) in refs {
        if let Some(height) = places.height(&at) {
            chains.note(at.branch as usize + 1, height, kind, words);
        }
    }
    for (epoch, branch, height) in places.all().filter(|(epoch, ..)| is_odd(epoch)) {
        note_epoch(&mut chains, epoch, branch + 1, height);
    }
    mark_bad(&mut chains, &places, world);
    let stored = spec.stored.as_ref().and_then(|at| Some((at.branch, places.height(at)?)));
    let (branch, height) = stored.map_or((0, 0), |(branch, height)| (branch + 1, height));
    chains.mark(branch as usize, 0, height, BoxKind::Held);
    if spec.stored.is_none() {
        chains.note(0, 0, NoteKind::Subject, "stored head");
    }
    chains.finish("The tree of tipsets, epochs from left to right")
}

/// The height of each tipset, by branch and index.
struct Places<'a> {
    branches: Vec<Vec<(u64, &'a Epoch)>>,
}

impl<'a> Places<'a> {
    fn of(spec: &'a Spec, world: &World) -> Self {
        let branch = |(number, branch): (usize, &'a Branch)| {
            let epochs = branch.epochs.iter();
            let each = epochs.flat_map(|epoch| std::iter::repeat_n(epoch, epoch.repeat as usize));
            let placed = each.enumerate().map_while(|(index, epoch)| {
                let at = TipsetRef::new(number as u32, index as u32);
                let height = world.tree.tipset(&at).ok()?.height();
                Some((u64::try_from(height).ok()?, epoch))
            });
            placed.collect()
        };
        Self { branches: spec.branches.iter().enumerate().map(branch).collect() }
    }

    fn height(&self, at: &TipsetRef) -> Option<u64> {
        let branch = self.branches.get(at.branch as usize)?;
        branch.get(at.index as usize).map(|(height, _)| *height)
    }

    fn index_at(&self, branch: usize, height: u64) -> Option<usize> {
        self.branches.get(branch)?.binary_search_by_key(&height, |(its, _)| *its).ok()
    }

    /// Each tipset with its branch and height.
    fn all(&self) -> impl Iterator<Item = (&'a Epoch, usize, u64)> {
        self.branches.iter().enumerate().flat_map(|(branch, epochs)| {
            epochs.iter().map(move |(height, epoch)| (*epoch, branch, *height))
        })
    }

    /// Genesis, and below it the branches.
    fn lanes(&self, spec: &Spec) -> Vec<Lane> {
        let genesis =
            Lane { name: String::new(), fork: None, heights: std::iter::once(0..=0).collect() };
        let branches = spec.branches.iter().zip(&self.branches).enumerate();
        let lanes = branches.map(|(number, (branch, epochs))| {
            let from = branch.from.as_ref();
            let fork = match from.map(|from| (from.branch as usize + 1, self.height(from))) {
                Some((of, Some(height))) => Some((of, height)),
                _ if branch.foreign => None,
                _ => Some((0, 0)),
            };
            let foreign = if branch.foreign { " (another network)" } else { "" };
            Lane {
                name: format!("branch {number}{foreign}"),
                fork,
                heights: epochs.iter().map(|(height, _)| *height..=*height).collect(),
            }
        });
        std::iter::once(genesis).chain(lanes).collect()
    }
}

/// The tipsets that a scenario names, with what is to be said of them.
fn refs(scenario: &Scenario<TipsetSync>) -> Vec<(TipsetRef, NoteKind, String)> {
    let spec = &scenario.world;
    let mut refs = Vec::new();
    let stored = spec.stored.iter().map(|at| (at, "stored head"));
    for (at, what) in stored.chain(spec.checkpoint.iter().map(|at| (at, "checkpoint"))) {
        refs.push((at.clone(), NoteKind::Subject, what.to_owned()));
    }
    for peer in &scenario.peers {
        let what = if peer.has.operator { " (operator)" } else { "" };
        let tip = peer.has.tip.iter();
        refs.extend(tip.map(|at| (at.clone(), NoteKind::Peer, format!("{}{what}", peer.id))));
        for action in &peer.actions {
            let verb = match action.what {
                Action::Checkpoint { .. } => "sets a checkpoint",
                Action::Move { .. } => "moves here",
                Action::Gossip { .. } => "gossips",
                Action::Submit { .. } => "hands in",
                Action::Ask { .. } | Action::Forge { .. } => continue,
            };
            let words = format!("{} {verb}, {} ms", peer.id, action.at_ms);
            refs.extend(action.what.tipset().map(|at| (at.clone(), NoteKind::Peer, words.clone())));
        }
    }
    refs
}

/// Whether an epoch has more than one sound block.
fn is_odd(epoch: &Epoch) -> bool {
    epoch.blocks.len() != 1 || epoch.blocks.iter().any(|block| block.fault.is_some())
}

fn note_epoch(chains: &mut Chains, epoch: &Epoch, lane: usize, height: u64) {
    if epoch.blocks.len() > 1 {
        let count = format!("{} blocks", epoch.blocks.len());
        chains.note(lane, height, NoteKind::About, count);
    }
    let mut miners: BTreeMap<u16, u32> = BTreeMap::new();
    for block in &epoch.blocks {
        *miners.entry(block.miner).or_default() += 1;
        if let Some(fault) = block.fault {
            chains.note(lane, height, NoteKind::Flaw, in_words(&fault));
        }
    }
    for (miner, _) in miners.into_iter().filter(|(_, blocks)| *blocks > 1) {
        chains.note(lane, height, NoteKind::Flaw, format!("miner {miner} equivocates"));
    }
}

/// Tipsets that are not valid, one by one: what builds on them is not valid either.
fn mark_bad(chains: &mut Chains, places: &Places<'_>, world: &World) {
    for (branch, epochs) in places.branches.iter().enumerate() {
        for (index, (height, _)) in epochs.iter().enumerate() {
            let at = TipsetRef::new(branch as u32, index as u32);
            let is_valid = world.tree.tipset(&at).is_ok_and(|it| world.tree.is_valid(it.key()));
            if !is_valid && let Some(its) = chains.box_of(branch + 1, *height) {
                its.kind = BoxKind::Bad;
            }
        }
    }
}

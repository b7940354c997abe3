use crate::families::headers_first::{
    Action, BranchSpec, FlawSpec, HeadersFirst, Misbehavior, PeerSpec, Place, Profile, Services,
    Spec,
};
use crate::machine::{Dialer, Millis, PeerId};
use crate::scenario::{
    At, Crash, FaultKind, Heal, Liars, Lie, Limits, LinkFault, PeerPlan, Reconnect, Scenario,
    Session, Stall,
};
use crate::world::Flaw;

use super::genes::{Gene, Genes, PeerGenes, Trouble};
use super::plan::Chains;

/// No trouble before this instant is farther than that from the start.
const TROUBLE_MS_MAX: Millis = 12 * 60_000;

/// The scenario of the genes.
pub(super) fn assemble(profile: Profile, genes: &Genes) -> Scenario<HeadersFirst> {
    let (world, chains) = world(profile, genes);
    let heal_ms = pick(genes.heal, &[0, 1_000, 30_000, 200_000, TROUBLE_MS_MAX]);
    let mut peers: Vec<PeerPlan<HeadersFirst>> = Vec::with_capacity(genes.peers.len() + 1);
    for (peer, id) in genes.peers.iter().zip(1..) {
        peers.push(other(genes, peer, PeerId(id), &chains, heal_ms));
    }
    let id = PeerId(u16::try_from(genes.peers.len() + 1).expect("a few peers"));
    peers.push(anchor(genes, id, &chains, heal_ms));
    let liars = if genes.heal.is_multiple_of(2) { Liars::Leave } else { Liars::Stay };
    let crash = genes.crash.filter(|_| genes.swarm.has(Trouble::Crashes) && heal_ms > 0);
    Scenario {
        world,
        peers,
        commands: Vec::new(),
        crashes: crash
            .map(|(at, down)| Crash {
                at_ms: part(at, heal_ms),
                down_ms: pick(down, &[1, 500, 20_000]),
            })
            .into_iter()
            .collect(),
        heal: Heal { at_ms: heal_ms, liars },
        limits: Limits::default(),
    }
}

/// The part of `whole` that a gene names, `whole` itself included.
fn part(gene: Gene, whole: u64) -> u64 {
    (u64::from(gene) * (whole + 1)) >> Gene::BITS
}

fn height(gene: Gene, from: u32, to: u32) -> u32 {
    let span = u64::from(to.saturating_sub(from));
    from + u32::try_from(part(gene, span)).expect("a part is no more than the whole")
}

fn pick<T: Copy>(gene: Gene, list: &[T]) -> T {
    list[usize::from(gene) % list.len()]
}

fn world(profile: Profile, genes: &Genes) -> (Spec, Chains) {
    const DAY_S: u32 = 24 * 60 * 60;
    let swarm = genes.swarm;
    let mut spec = Spec {
        profile,
        main: genes.main,
        branches: Vec::new(),
        checkpoints: Vec::new(),
        stored: None,
        tip_age_s: 0,
        spacing_s: 600,
    };
    if swarm.has(Trouble::Branches) {
        for (index, branch) in genes.branches.iter().enumerate() {
            let chains = Chains::of(&spec);
            let parent = pick(branch.parent, &(0..chains.len()).collect::<Vec<_>>());
            // Forks are near the tip more often than not, as on a real network.
            let deepest =
                if branch.fork % 4 == 0 { 0 } else { chains.tip(parent).saturating_sub(12) };
            let fork = height(branch.fork, deepest, chains.tip(parent));
            let length = 1 + height(branch.length, 0, 14);
            let flaw =
                branch.flaw.filter(|_| swarm.has(Trouble::Flaws)).map(|(at, kind)| FlawSpec {
                    height: height(at, fork + 1, fork + length),
                    kind: pick(kind, &Flaw::ALL),
                });
            let name = ["a", "b", "c"][index].to_owned();
            spec.branches.push(BranchSpec { name, fork: chains.place(parent, fork), length, flaw });
        }
    }
    let chains = Chains::of(&spec);
    if swarm.has(Trouble::Checkpoints) {
        let chain = pick(genes.checkpoint_chain, &(0..chains.len()).collect::<Vec<_>>());
        let mut heights: Vec<u32> = genes
            .checkpoints
            .iter()
            .map(|gene| height(*gene, 1, chains.sound(chain)))
            .filter(|height| (1..=chains.sound(chain)).contains(height))
            .collect();
        heights.sort_unstable();
        heights.dedup();
        // The checkpoints are named on one chain, so that they agree with each other.
        spec.checkpoints = heights.iter().map(|height| named(&chains, chain, *height)).collect();
    }
    let chains = Chains::of(&spec);
    if swarm.has(Trouble::Stored) {
        let (branch, best) = chains.best();
        let stored = height(genes.stored, 0, best);
        spec.stored = (stored > 0).then(|| chains.place(branch, stored));
    }
    if swarm.has(Trouble::Stale) {
        spec.tip_age_s = pick(genes.tip_age, &[0, 3_600, 2 * DAY_S]);
    }
    (spec, chains)
}

/// A block by the name of the chain that it was chosen on, so that all checkpoints of a chain bear
/// its name.
fn named(chains: &Chains, branch: usize, height: u32) -> Place {
    Place { height, ..chains.place(branch, chains.tip(branch)) }
}

/// The peer that every case has: it never lies, is prompt unless its link has a fault, and has the
/// best valid chain in the end.
fn anchor(genes: &Genes, id: PeerId, chains: &Chains, heal_ms: Millis) -> PeerPlan<HeadersFirst> {
    let (branch, best) = chains.best();
    let behind = if genes.swarm.has(Trouble::Actions) {
        u32::from(genes.anchor.tip % 4).min(best)
    } else {
        0
    };
    let mut plan =
        PeerPlan::<HeadersFirst>::honest(id, PeerSpec::full(chains.place(branch, best - behind)));
    plan.latency_ms = 10 + part(genes.anchor.latency, 190);
    plan.dialer = dialer(&genes.anchor);
    plan.sessions = sessions(genes, &genes.anchor, heal_ms);
    if genes.swarm.has(Trouble::Faults) {
        plan.faults.extend(genes.anchor.fault.map(fault_of));
    }
    let steps = genes.anchor.actions.iter().map(|(at, ..)| *at).chain([genes.anchor.join]);
    let mut times: Vec<Millis> =
        steps.map(|at| part(at, heal_ms + 400_000)).take(behind as usize).collect();
    times.sort_unstable();
    let mut tip = best - behind;
    for (index, at_ms) in times.iter().enumerate() {
        // The last step goes all the way.
        tip = if index + 1 == times.len() { best } else { tip + 1 };
        plan.actions
            .push(At { at_ms: *at_ms, what: Action::Advance { tip: chains.place(branch, tip) } });
    }
    plan
}

/// Who dials is drawn with the services: clients are choosier with whom they have dialled.
fn dialer(peer: &PeerGenes) -> Dialer {
    if peer.services >> (Gene::BITS - 1) == 1 { Dialer::Subject } else { Dialer::Peer }
}

fn sessions(genes: &Genes, peer: &PeerGenes, heal_ms: Millis) -> Vec<Session> {
    let join_ms = if genes.swarm.has(Trouble::Sessions) { part(peer.join, heal_ms) } else { 0 };
    let stays = Session { join_ms, leave_ms: None, lingers: false };
    let Some((leave, back, lingers)) = peer.leave.filter(|_| genes.swarm.has(Trouble::Sessions))
    else {
        return vec![stays];
    };
    let leave_ms = join_ms + 1 + pick(leave, &[40, 150, 400, 2_000, 200_000]);
    let first = Session { join_ms, leave_ms: Some(leave_ms), lingers };
    match back % 3 {
        0 => vec![first],
        // At once, under the same id.
        1 => vec![first, Session { join_ms: leave_ms, leave_ms: None, lingers: false }],
        _ => {
            let join_ms = leave_ms + 1 + part(back, 60_000);
            vec![first, Session { join_ms, leave_ms: None, lingers: false }]
        }
    }
}

/// A peer that may be anything.
fn other(
    genes: &Genes,
    peer: &PeerGenes,
    id: PeerId,
    chains: &Chains,
    heal_ms: Millis,
) -> PeerPlan<HeadersFirst> {
    let swarm = genes.swarm;
    let (branch, tip) = honest_place(chains, peer.tip);
    let mut plan = PeerPlan::<HeadersFirst>::honest(id, PeerSpec::full(chains.place(branch, tip)));
    plan.latency_ms = if swarm.has(Trouble::Slow) {
        pick(peer.latency, &[5, 50, 300, 900, 3_000, 20_000])
    } else {
        5 + part(peer.latency, 195)
    };
    plan.dialer = dialer(peer);
    plan.sessions = sessions(genes, peer, heal_ms);
    if swarm.has(Trouble::Claims) {
        plan.has.claims =
            peer.claims.map(|gene: Gene| pick::<u32>(gene, &[0, 1, tip / 2, tip + 1, 1_000_000]));
    }
    if swarm.has(Trouble::Services) {
        use Services::{Full, Limited, NoWitness, Nothing};
        plan.has.services = pick(peer.services, &[Full, Full, Full, Limited, NoWitness, Nothing]);
    }
    if swarm.has(Trouble::Reconnects) {
        plan.reconnect = peer
            .reconnect
            .map(|(after, times)| Reconnect { after_ms: pick(after, &[0, 1_000, 60_000]), times });
    }
    plan.actions = actions(genes, peer, chains, (branch, tip), heal_ms);
    if swarm.has(Trouble::Lies) {
        plan.lies = peer.lies.iter().map(|lie| lie_of(*lie, chains)).collect();
    }
    if swarm.has(Trouble::Faults) {
        plan.faults.extend(peer.fault.map(fault_of));
    }
    if swarm.has(Trouble::Stalls) {
        plan.stalls.extend(peer.stall.map(|(from, span)| {
            let from_ms = part(from, heal_ms);
            Stall { from_ms, until_ms: from_ms + 1 + pick(span, &[200, 2_000, 40_000, 250_000]) }
        }));
    }
    plan
}

/// A valid block that agrees with the checkpoints, more often near the top than below. Now and then
/// the tip of a valid chain that the checkpoints forbid.
fn honest_place(chains: &Chains, gene: Gene) -> (usize, u32) {
    let branch = usize::from(gene) % chains.len();
    let forbidden = !chains.keeps_checkpoints(branch, chains.sound(branch));
    if forbidden && !gene.is_multiple_of(8) {
        return chains.best();
    }
    let sound = chains.sound(branch);
    match gene / 64 % 4 {
        0 => (branch, height(gene.rotate_left(7), 0, sound)),
        1 => (branch, sound.saturating_sub(1)),
        _ => (branch, sound),
    }
}

fn actions(
    genes: &Genes,
    peer: &PeerGenes,
    chains: &Chains,
    (branch, tip): (usize, u32),
    heal_ms: Millis,
) -> Vec<At<Action>> {
    let swarm = genes.swarm;
    let mut actions: Vec<At<Action>> = peer
        .actions
        .iter()
        .filter_map(|(at, kind, what)| {
            let asks = swarm.has(Trouble::Asks) && kind % 2 == 0;
            let action = if asks {
                question(*kind, *what, chains)
            } else if swarm.has(Trouble::Actions) {
                deed(*kind, *what, chains, (branch, tip))
            } else {
                return None;
            };
            Some(At { at_ms: part(*at, heal_ms + 400_000), what: action })
        })
        .collect();
    actions.sort_by_key(|action| action.at_ms);
    actions
}

fn deed(kind: Gene, what: Gene, chains: &Chains, (branch, tip): (usize, u32)) -> Action {
    match kind / 2 % 4 {
        0 => Action::AnnounceTransaction { number: u32::from(what % 8) },
        1 => Action::SendHeaders {},
        _ => {
            let forbidden = !chains.keeps_checkpoints(branch, chains.sound(branch));
            let (branch, sound) =
                if forbidden { chains.best() } else { (branch, chains.sound(branch)) };
            let next = height(what, tip.min(sound), sound);
            Action::Advance { tip: chains.place(branch, next) }
        }
    }
}

fn question(kind: Gene, what: Gene, chains: &Chains) -> Action {
    let branch = usize::from(what) % chains.len();
    let tip = chains.tip(branch);
    let at = |gene: Gene| chains.place(branch, height(gene, 0, tip));
    let newer = at(what);
    let older = chains.place(branch, newer.height / 2);
    let locator = match kind / 2 % 4 {
        0 => Vec::new(),
        1 => vec![newer.clone()],
        _ => vec![newer.clone(), older],
    };
    let stop = match kind / 8 % 3 {
        0 => None,
        1 => Some(at(what.rotate_left(5))),
        _ => Some(chains.place(0, chains.tip(0))),
    };
    match kind / 32 % 5 {
        0 => Action::SendHeaders {},
        1 => Action::SendUnknown {},
        2 => Action::AskData {
            blocks: vec![newer, at(what.rotate_left(9))],
            unknown: u32::from(what % 3),
        },
        3 => Action::AskBlocks { locator, stop },
        _ => Action::AskHeaders { locator, stop },
    }
}

fn lie_of(
    (from, count, kind, what): (Gene, Gene, Gene, Gene),
    chains: &Chains,
) -> Lie<HeadersFirst> {
    let branch = usize::from(what) % chains.len();
    let tip = chains.tip(branch);
    let place = |height| chains.place(branch, height);
    let small = u32::from(what % 4);
    let how = match kind % 20 {
        0 => Misbehavior::BadWork { index: small },
        1 => Misbehavior::Duplicates {},
        2 => Misbehavior::EmptyHeaders {},
        3 | 19 => Misbehavior::KnownHeaders {},
        4 => Misbehavior::MutatedBlocks {},
        5 => Misbehavior::NotFound {},
        6 => Misbehavior::OrphanInv { keep: 1 + small },
        7 | 8 => Misbehavior::OtherChain { tip: place(tip) },
        // Thousands of headers take long to make; a few cases are enough.
        9 if what % 16 == 0 => Misbehavior::Oversize {},
        9 | 10 => Misbehavior::Reversed {},
        11 => Misbehavior::Silent {},
        12 => Misbehavior::Slow { by_ms: pick(what, &[500, 10_000, 50_000, 170_000]) },
        13 => Misbehavior::StallMidway { keep: small },
        14 => Misbehavior::UnknownInv { count: 1 + small },
        15 => Misbehavior::Unlinked { skip: 1 + small },
        16 => Misbehavior::OrphanFlood { count: pick(what, &[3, 130]) },
        17 => Misbehavior::UnrequestedBlock { block: place(height(what.rotate_left(3), 1, tip)) },
        _ => Misbehavior::UnrequestedHeaders { tip: place(tip), count: 1 + small },
    };
    // Half of the lies never end, for those are what a subject must get away from.
    let count = match count % 6 {
        0..=2 => None,
        times => Some(u32::from(times) - 2),
    };
    Lie { from: pick(from, &[0, 0, 0, 1, 2, 3]), count, how }
}

fn fault_of((from, count, kind): (Gene, Gene, Gene)) -> LinkFault {
    let kind = match kind % 5 {
        0 => FaultKind::Corrupt { salt: u32::from(kind / 5) },
        1 => FaultKind::Delay { by_ms: pick(kind / 5, &[100, 3_000, 35_000, 100_000]) },
        2 => FaultKind::Drop {},
        3 => FaultKind::Duplicate {},
        _ => FaultKind::Truncate { keep: u32::from(kind / 5 % 4) },
    };
    LinkFault { from: u32::from(from % 8), count: Some(1 + u32::from(count % 4)), kind }
}

use std::ops::Range;

use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Strategy};

use crate::machine::{Capabilities, Millis, PeerId};
use crate::scenario::{
    At, Crash, FaultKind, Heal, Liars, Lie, Limits, LinkFault, PeerPlan, Reconnect, Scenario,
    Session, Stall,
};
use crate::world::headers::{BranchSpec, HeaderTree, TreeSpec};

use super::message::{Command, Part};
use super::{
    LackSpec, LocalSpec, Misbehavior, PeerSpec, Profile, Settings, SideSpec, Skeleton, Spec,
    StoredChainSpec, StoredSpec, capabilities,
};

/// geth's own sizes.
const OWN: Settings = Settings::GETH;

/// geth `fsMinFullBlocks`.
const OWN_PIVOT_DISTANCE: u64 = 64;

/// Most of what happens, happens until then.
const BUSY_UNTIL_MS: Millis = 40_000;

/// The time from one head of a run to the next.
const RUN_MS: Millis = 500;

/// How many cases of a subject that takes any sizes have geth's own: chains must be long then.
const OWN_SIZES: f64 = 0.03;

/// Draws whole scenarios.
pub(super) fn scenarios(
    profile: &str,
    subject: &Capabilities,
) -> BoxedStrategy<Scenario<Skeleton>> {
    let profile = Profile::of_name(profile);
    let any_sizes = subject.has(capabilities::SIZES);
    let can = Can {
        be_terminated: subject.has(capabilities::TERMINATE),
        have_stored: subject.has(capabilities::STORED),
        lack_parts: subject.has(capabilities::LACKS),
        set_head: subject.has(capabilities::SET_HEAD) && profile != Profile::Geth110,
        snap: subject.has(capabilities::SNAP),
    };
    let own = if any_sizes { weighted(OWN_SIZES).boxed() } else { Just(true).boxed() };
    own.prop_flat_map(move |own| scenarios_of(profile, own, can)).boxed()
}

/// What a subject can do of what is drawn.
#[derive(Clone, Copy, Debug)]
struct Can {
    be_terminated: bool,
    have_stored: bool,
    lack_parts: bool,
    set_head: bool,
    snap: bool,
}

/// Scenarios with geth's own sizes, or with any sizes.
fn scenarios_of(profile: Profile, own: bool, can: Can) -> BoxedStrategy<Scenario<Skeleton>> {
    let local = (any::<u8>(), part(), option::weighted(0.4, part()), lacks(can), sides());
    let stored = sometimes(can.have_stored, stored(own));
    let peers = (full_peer(), vec(other_peer(), 0..4));
    let crashes = option::weighted(0.2, vec((0..BUSY_UNTIL_MS, 1..20_000_u64), 1..3));
    let heal = (10_000..90_000_u64, prop_oneof![Just(Liars::Leave), Just(Liars::Stay)]);
    let last = (part(), 0..30_000_u64, any::<bool>());
    let commands = vec((0..8_000_u64, command(own, can)), 1..9);
    let world = (settings(own, can), tree(profile, own));
    (world, local, stored, peers, commands, (crashes, heal, last))
        .prop_map(move |((settings, tree), local, stored, peers, commands, ends)| {
            let (crashes, heal, last) = ends;
            let draft = Draft { profile, settings, tree, local, stored, peers, commands };
            draft.assemble(crashes.unwrap_or_default(), heal, last)
        })
        .boxed()
}

/// A place in a chain, in parts of its length; low and high places are likelier.
fn part() -> impl Strategy<Value = u16> + Clone {
    prop_oneof![2 => Just(0), 1 => Just(u16::MAX), 4 => any::<u16>()]
}

/// Three times in ten, if it can be.
fn sometimes<T: Clone + std::fmt::Debug + 'static>(
    can_be: bool,
    strategy: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<T>> {
    if can_be { option::weighted(0.3, strategy).boxed() } else { Just(None).boxed() }
}

/// A length, or a distance, that is about some batches of geth's own size.
fn about_batches(most: u64) -> impl Strategy<Value = u64> + Clone {
    (1..=most, 0..7_u64).prop_map(|(batches, around)| batches * OWN.batch + around - 3)
}

/// A small number; with geth's own sizes also one that is about some batches, by these weights.
fn small_or_batches(
    own: bool,
    small: Range<u64>,
    (some, batches): (u32, u32),
    most: u64,
) -> BoxedStrategy<u64> {
    if own {
        prop_oneof![some => small, batches => about_batches(most)].boxed()
    } else {
        small.boxed()
    }
}

fn settings(own: bool, can: Can) -> impl Strategy<Value = Settings> {
    let batch = prop_oneof![1 => Just(1), 6 => 2..10_u64, 2 => 10..40_u64, 1 => Just(512)];
    let scratch = prop_oneof![1 => Just(1), 5 => 2..8_u64, 1 => Just(256)];
    let fill_blocks = prop_oneof![3 => 1..30_u64, 1 => Just(2_048)];
    let (batch, scratch, fill_blocks, pivot) = if own {
        let fill_blocks = prop_oneof![1 => 30..600_u64, 3 => Just(OWN.fill_blocks)];
        let (batch, scratch) = (Just(OWN.batch).boxed(), Just(OWN.scratch_batches).boxed());
        (batch, scratch, fill_blocks.boxed(), Just(OWN_PIVOT_DISTANCE).boxed())
    } else {
        (batch.boxed(), scratch.boxed(), fill_blocks.boxed(), (8..16_u64).boxed())
    };
    let pivot = sometimes(can.snap, pivot);
    (batch, scratch, fill_blocks, 50..3_000_u64, pivot, 1..20_000_u64).prop_map(
        |(batch, scratch_batches, fill_blocks, fill_ms, pivot_distance, state_ms)| Settings {
            batch,
            scratch_batches,
            fill_blocks,
            fill_ms,
            pivot_distance,
            state_ms,
            ..Settings::default()
        },
    )
}

/// DIFFERENCE between the profiles: the older one is known to fail where chains fork below what is
/// filled (#29358) and where the local chain is changed (#33428), so it is not led there.
fn tree(profile: Profile, own: bool) -> BoxedStrategy<TreeSpec> {
    let length = if own {
        // Batches of geth's own size are more than one only in long chains. What goes wrong in short
        // ones is shown with less.
        let any = OWN.batch..5 * OWN.batch;
        prop_oneof![2 => 1..12_u64, 5 => 12..70_u64, 2 => 70..200_u64, 1 => about_batches(4), 1 => any]
            .boxed()
    } else {
        prop_oneof![2 => 1..12_u64, 5 => 12..70_u64, 2 => 70..200_u64].boxed()
    };
    let branch = (any::<u8>(), part(), small_or_batches(own, 1..40, (3, 1), 1));
    let branches = match profile {
        Profile::Geth110 => Just(Vec::new()).boxed(),
        Profile::Geth117 => prop_oneof![1 => Just(Vec::new()), 2 => vec(branch, 1..4)].boxed(),
    };
    (length, branches)
        .prop_map(|(length, drafts)| {
            let mut branches: Vec<BranchSpec> = Vec::new();
            let mut tops = vec![length];
            for (of, after, own) in drafts {
                let of = of as usize % tops.len();
                let after = scale(after, tops[of] - 1);
                tops.push(after + own);
                branches.push(BranchSpec { of: of as u32, after, length: own });
            }
            TreeSpec { length, branches }
        })
        .boxed()
}

fn lacks(can: Can) -> impl Strategy<Value = Vec<(u16, Part)>> {
    let some = u32::from(can.lack_parts);
    let part_of = select(vec![Part::Body, Part::Header, Part::Receipts]);
    prop_oneof![1 => Just(Vec::new()), some => vec((part(), part_of), 1..3)]
}

fn sides() -> impl Strategy<Value = Vec<(u8, u16)>> {
    prop_oneof![2 => Just(Vec::new()), 1 => vec((any::<u8>(), part()), 1..3)]
}

/// Subchains from the top down: a gap, a length and a branch each.
#[derive(Clone, Debug)]
struct StoredDraft {
    chains: Vec<(u64, u64, u8)>,
    finalized: Option<u16>,
    garbled: bool,
}

fn stored(own: bool) -> impl Strategy<Value = StoredDraft> {
    let gap = small_or_batches(own, 0..30, (2, 2), 2);
    let length = small_or_batches(own, 1..20, (2, 2), 1);
    let chains = vec((gap, length, any::<u8>()), 1..5);
    let finalized = option::weighted(0.3, part());
    let garbled = prop_oneof![9 => Just(false), 1 => Just(true)];
    (chains, finalized, garbled).prop_map(|(chains, finalized, garbled)| StoredDraft {
        chains,
        finalized,
        garbled,
    })
}

/// What is announced or done, relative to the head announced last.
#[derive(Clone, Debug)]
enum Move {
    Ahead(u64),
    Back(u64),
    Bounds,
    Branch(u8, u16),
    Local(u8, u16, bool),
    /// So many heads in a row, each on the one before.
    Run(u64),
    Same,
    Terminate,
}

fn command(own: bool, can: Can) -> impl Strategy<Value = MoveDraft> {
    let gap = small_or_batches(own, 2..30, (1, 1), 2);
    let back = small_or_batches(own, 1..10, (1, 1), 1);
    let set_head = if can.set_head { 3 } else { 0 };
    let step = prop_oneof![
        8 => Just(Move::Ahead(1)),
        3 => gap.prop_map(Move::Ahead),
        2 => back.prop_map(Move::Back),
        2 => Just(Move::Bounds),
        4 => (any::<u8>(), part()).prop_map(|(branch, at)| Move::Branch(branch, at)),
        set_head => (any::<u8>(), part(), any::<bool>()).prop_map(|(b, at, d)| Move::Local(b, at, d)),
        1 => (2..14_u64).prop_map(Move::Run),
        2 => Just(Move::Same),
        1 => sometimes(can.be_terminated, Just(())).prop_map(|dead| {
            if dead.is_some() { Move::Terminate } else { Move::Bounds }
        })
    ];
    let force = prop_oneof![3 => Just(true), 2 => Just(false)];
    (step, force, option::weighted(0.3, part()))
}

/// An honest peer with all headers of the last head's branch.
fn full_peer() -> impl Strategy<Value = PeerPlan<Skeleton>> {
    (sessions(), latency(), stalls(), 0..500_u32).prop_map(
        |(sessions, latency_ms, stalls, think_ms)| {
            let has = PeerSpec { think_ms, ..PeerSpec::default() };
            PeerPlan { sessions, latency_ms, stalls, ..PeerPlan::honest(PeerId(0), has) }
        },
    )
}

fn other_peer() -> impl Strategy<Value = OtherDraft> {
    let lies = prop_oneof![2 => Just(Vec::new()), 3 => vec(lie(), 1..3)];
    let faults = prop_oneof![5 => Just(Vec::new()), 1 => vec(fault(), 1..3)];
    let back = option::weighted(0.5, (prop_oneof![Just(0), 1..5_000_u64], 1..4_u32));
    let head = option::weighted(0.2, part());
    (any::<u8>(), head, sessions(), latency(), lies, faults, back).prop_map(
        |(branch, head, sessions, latency_ms, lies, faults, back)| {
            let reconnect = back.map(|(after_ms, times)| Reconnect { after_ms, times });
            let bare = PeerPlan::honest(PeerId(0), PeerSpec::default());
            let plan = PeerPlan { sessions, latency_ms, lies, faults, reconnect, ..bare };
            (branch, head, plan)
        },
    )
}

fn sessions() -> impl Strategy<Value = Vec<Session>> {
    let stays = |join_ms| vec![Session { join_ms, leave_ms: None, lingers: false }];
    let leaves = (0..20_000_u64, 1..20_000_u64, 0..20_000_u64, any::<bool>(), any::<bool>());
    prop_oneof![
        4 => Just(stays(0)),
        1 => (0..BUSY_UNTIL_MS).prop_map(stays),
        2 => leaves.prop_map(|(join_ms, stay, away, lingers, back)| {
            let leave_ms = Some(join_ms + stay);
            let first = Session { join_ms, leave_ms, lingers };
            let second = Session {
                join_ms: join_ms + stay + away,
                leave_ms: None,
                lingers: false,
            };
            if back { vec![first, second] } else { vec![first] }
        })
    ]
}

fn latency() -> impl Strategy<Value = Millis> {
    prop_oneof![6 => 1..300_u64, 1 => 300..3_000_u64]
}

fn stalls() -> impl Strategy<Value = Vec<Stall>> {
    let stall = (0..BUSY_UNTIL_MS, prop_oneof![3 => 1..5_000_u64, 1 => 5_000..100_000_u64]);
    let stall =
        stall.prop_map(|(from_ms, length)| vec![Stall { from_ms, until_ms: from_ms + length }]);
    prop_oneof![4 => Just(Vec::new()), 1 => stall]
}

fn lie() -> impl Strategy<Value = Lie<Skeleton>> {
    let how = prop_oneof![
        1 => Just(Misbehavior::AnswerTwice {}),
        2 => (0..12_u32).prop_map(|at| Misbehavior::Broken { at }),
        2 => Just(Misbehavior::Empty {}),
        3 => (0..4_u32).prop_map(|salt| Misbehavior::Forged { salt }),
        1 => (1..120_000_u32).prop_map(|by_ms| Misbehavior::Late { by_ms }),
        1 => (1..20_u32).prop_map(|by| Misbehavior::Long { by }),
        1 => Just(Misbehavior::OtherId {}),
        3 => (0..4_u32).prop_map(|branch| Misbehavior::OtherBranch { branch }),
        2 => (1..12_u32).prop_map(|by| Misbehavior::Shifted { by }),
        2 => (0..12_u32).prop_map(|keep| Misbehavior::Short { keep }),
        2 => Just(Misbehavior::Silent {}),
        1 => Just(Misbehavior::Upward {}),
    ];
    (prop_oneof![3 => Just(0), 1 => 0..6_u32], option::weighted(0.3, 1..4_u32), how)
        .prop_map(|(from, count, how)| Lie { from, count, how })
}

fn fault() -> impl Strategy<Value = LinkFault> {
    let kind = prop_oneof![
        (1..90_000_u64).prop_map(|by_ms| FaultKind::Delay { by_ms }),
        Just(FaultKind::Duplicate {}),
        Just(FaultKind::Drop {}),
        (0..12_u32).prop_map(|keep| FaultKind::Truncate { keep }),
        any::<u32>().prop_map(|salt| FaultKind::Corrupt { salt }),
    ];
    (0..6_u32, option::weighted(0.6, 1..3_u32), kind).prop_map(|(from, count, kind)| LinkFault {
        from,
        count,
        kind,
    })
}

/// All that is drawn about the world and the plan, before it is fitted together.
struct Draft {
    profile: Profile,
    settings: Settings,
    tree: TreeSpec,
    local: LocalDraft,
    stored: Option<StoredDraft>,
    peers: (PeerPlan<Skeleton>, Vec<OtherDraft>),
    commands: Vec<(Millis, MoveDraft)>,
}

/// Branch, head, snap head, what is lacking, side chains.
type LocalDraft = (u8, u16, Option<u16>, Vec<(u16, Part)>, Vec<(u8, u16)>);

/// A branch, a head in parts of it, and the rest of the plan.
type OtherDraft = (u8, Option<u16>, PeerPlan<Skeleton>);

/// A move, whether it is forced, and the finalized number.
type MoveDraft = (Move, bool, Option<u16>);

/// The place of the last head, how long after all else it comes, whether it is the one before.
type Ending = (u16, Millis, bool);

impl Draft {
    fn assemble(
        self,
        crashes: Vec<(Millis, Millis)>,
        (heal_ms, liars): (Millis, Liars),
        ending: Ending,
    ) -> Scenario<Skeleton> {
        let tree = HeaderTree::build(&self.tree).expect("the draft is fitted to its tops");
        let world = Spec {
            profile: self.profile,
            settings: self.settings,
            tree: self.tree.clone(),
            local: self.local(&tree),
            stored: self.stored.as_ref().map(|stored| fit_stored(&tree, stored)),
        };
        let (commands, branch) = self.commands(&tree, heal_ms, ending);
        let (full, others) = self.peers;
        let mut peers = vec![full];
        peers[0].has.branch = branch;
        for (branch, head, mut plan) in others {
            plan.has.branch = u32::from(branch) % tree.branches();
            plan.has.head = head.map(|part| scale(part, tree.top(plan.has.branch)));
            peers.push(plan);
        }
        for (id, plan) in (0..).zip(&mut peers) {
            plan.id = PeerId(id);
        }
        let mut free_from = 0;
        let mut plan = Vec::new();
        let mut crashes = crashes;
        crashes.sort_unstable();
        for (at_ms, down_ms) in crashes {
            if at_ms >= free_from {
                plan.push(Crash { at_ms, down_ms });
                free_from = at_ms + down_ms + 1;
            }
        }
        let heal = Heal { at_ms: heal_ms, liars };
        Scenario { world, peers, commands, crashes: plan, heal, limits: Limits::default() }
    }

    fn local(&self, tree: &HeaderTree) -> LocalSpec {
        let (branch, head, snap_head, lacks, sides) = &self.local;
        let branch = u32::from(*branch) % tree.branches();
        let head = scale(*head, tree.top(branch));
        let snap_head = snap_head.map(|part| scale(part, head));
        let lack = |(at, part): &(u16, Part)| LackSpec { number: scale(*at, head), part: *part };
        let snap_head = snap_head.filter(|_| self.profile == Profile::Geth117);
        let filled = snap_head.unwrap_or(head);
        let lacks = lacks.iter().map(lack).filter(|lack| lack.number > filled).collect();
        let side = |(branch, at): &(u8, u16)| {
            let branch = u32::from(*branch) % tree.branches();
            SideSpec { branch, head: scale(*at, tree.top(branch)) }
        };
        let old = self.profile == Profile::Geth110;
        let sides = if old { Vec::new() } else { sides.iter().map(side).collect() };
        LocalSpec { branch, head, snap_head, sides, lacks }
    }

    /// The commands, and the branch of the last head.
    fn commands(
        &self,
        tree: &HeaderTree,
        heal_ms: Millis,
        (part, after, again): Ending,
    ) -> (Vec<At<Command>>, u32) {
        let mut at_ms = 0;
        let mut commands = Vec::new();
        let mut place = (0, tree.top(0).div_ceil(2).max(1));
        for (wait, (step, force, finalized)) in &self.commands {
            at_ms += wait;
            if let Move::Run(count) = step {
                for _ in 0..*count {
                    at_ms += RUN_MS;
                    place.1 = (place.1 + 1).min(tree.top(place.0));
                    commands.push(At { at_ms, what: head(tree, place, *force, None) });
                }
                continue;
            }
            if let Some(what) = self.command(tree, &mut place, step, *force, *finalized) {
                commands.push(At { at_ms, what });
            }
        }
        let last = if again { place } else { (place.0, scale(part, tree.top(place.0)).max(1)) };
        let what = head(tree, last, true, None);
        commands.push(At { at_ms: at_ms.max(heal_ms) + after, what });
        (commands, last.0)
    }

    fn command(
        &self,
        tree: &HeaderTree,
        place: &mut (u32, u64),
        step: &Move,
        force: bool,
        finalized: Option<u16>,
    ) -> Option<Command> {
        let top = tree.top(place.0);
        match *step {
            Move::Ahead(by) => place.1 = (place.1 + by).min(top),
            Move::Back(by) => place.1 = place.1.saturating_sub(by).max(1),
            Move::Bounds => return Some(Command::Bounds {}),
            Move::Branch(branch, at) => {
                place.0 = u32::from(branch) % tree.branches();
                place.1 = scale(at, tree.top(place.0)).max(1);
            }
            Move::Local(branch, at, delete) => {
                let branch = u32::from(branch) % tree.branches();
                let number = scale(at, tree.top(branch));
                let hash = tree.header(branch, number)?.hash();
                return Some(Command::SetHead { hash, delete });
            }
            Move::Run(_) | Move::Same => {}
            Move::Terminate => return Some(Command::Terminate {}),
        }
        Some(head(tree, *place, force, finalized.map(|part| scale(part, place.1))))
    }
}

fn head(tree: &HeaderTree, place: (u32, u64), force: bool, finalized: Option<u64>) -> Command {
    let header = tree.header(place.0, place.1).expect("places are fitted to the tops").clone();
    Command::Head { header, force, finalized }
}

fn fit_stored(tree: &HeaderTree, draft: &StoredDraft) -> StoredSpec {
    let mut above = (0..tree.branches()).map(|branch| tree.top(branch)).max().unwrap_or(1) + 1;
    let mut subchains = Vec::new();
    for (gap, length, branch) in &draft.chains {
        let branch = u32::from(*branch) % tree.branches();
        let head = above.saturating_sub(gap + 1).min(tree.top(branch));
        if head == 0 {
            break;
        }
        let tail = head.saturating_sub(length - 1).max(1);
        subchains.push(StoredChainSpec { branch, head, tail });
        above = tail;
    }
    let finalized = draft.finalized.map(|part| scale(part, tree.top(0)));
    StoredSpec { subchains, finalized, garbled: draft.garbled }
}

/// The part of `0..=max` that `part` is of its own range.
fn scale(part: u16, max: u64) -> u64 {
    u64::from(part) * (max + 1) / (u64::from(u16::MAX) + 1)
}

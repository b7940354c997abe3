use proptest::prelude::*;

use crate::machine::{Millis, PeerId};
use crate::primitives::filecoin::consensus::Network;
use crate::scenario::{
    At, Crash, FaultKind, Heal, Liars, Lie, Limits, LinkFault, PeerPlan, Reconnect, Scenario,
    Session, Stall,
};
use crate::world::tipset::{BlockSpec, Branch, Epoch, Fault, TipsetRef};

use super::family::TipsetSync;
use super::message::{Command, Settings};
use super::misbehavior::Misbehavior;
use super::peer::{Action, PeerSpec};
use super::world::{EARLY_EPOCHS_MAX, Spec};

/// How many numbers a scenario is made of at most; beyond them all choices are the first ones.
const GENES: usize = 400;

/// Draws scenarios. They shrink by taking things away, not along the numbers they are made of.
pub(super) fn strategy(profile: &str) -> BoxedStrategy<Scenario<TipsetSync>> {
    let profile = profile.to_owned();
    proptest::collection::vec(any::<u32>(), GENES)
        .no_shrink()
        .prop_map(move |genes| {
            Maker { dice: Dice { genes, at: 0 }, miners: 0, even: false }.scenario(&profile)
        })
        .boxed()
}

/// Hands out the numbers.
struct Dice {
    genes: Vec<u32>,
    at: usize,
}

impl Dice {
    fn next(&mut self) -> u64 {
        let gene = self.genes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        u64::from(gene)
    }

    fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { (self.next() * limit) >> 32 }
    }

    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) >= 100 - percent
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

struct Maker {
    dice: Dice,
    /// The first miner of the branch that is made: two branches have no miner in common,
    /// for then no tipset of the forks would count (FRC-0051).
    miners: u16,
    /// All blocks of the branch have one win.
    even: bool,
}

/// How long branches are, for references.
#[derive(Default)]
struct Shape {
    /// The number of tipsets of each branch.
    lengths: Vec<u32>,
    /// The number of blocks of each epoch of each branch.
    blocks: Vec<Vec<u8>>,
    foreign: Vec<bool>,
    /// Where the miner of the first block has another one, and its number.
    twice: Option<(u32, u32, u8)>,
}

impl Maker {
    fn scenario(mut self, profile: &str) -> Scenario<TipsetSync> {
        let heal_ms = self.dice.pick(&[20_000, 5_000, 60_000, 120_000]);
        let (world, shape) = self.world(profile);
        let count = self.dice.pick(&[1, 2, 3, 2, 3, 4]);
        let mut peers = Vec::new();
        for id in 0..count {
            peers.push(self.peer(PeerId(id + 1), &shape, heal_ms, id == 0));
        }
        if self.dice.chance(35) {
            peers.push(self.operator(PeerId(count + 1), &world, &shape, heal_ms));
        }
        let mut commands = Vec::new();
        if self.dice.chance(20) {
            let mut times = [self.dice.below(heal_ms), self.dice.below(heal_ms)];
            times.sort_unstable();
            for at_ms in times {
                let count = self.dice.pick(&[3, 1, 2]);
                commands.push(At { at_ms, what: Command::SetConcurrent { count } });
            }
        }
        let mut crashes = Vec::new();
        if self.dice.chance(10) {
            let (at_ms, down_ms) = (self.dice.below(heal_ms), self.dice.between(0, 4_000));
            crashes.push(Crash { at_ms, down_ms });
        }
        let liars = if self.dice.chance(40) { Liars::Stay } else { Liars::Leave };
        let heal = Heal { at_ms: heal_ms, liars };
        Scenario { world, peers, commands, crashes, heal, limits: Limits::default() }
    }

    fn world(&mut self, profile: &str) -> (Spec, Shape) {
        let trunk = self.dice.between(2, 14);
        let mut branches = vec![Branch { from: None, foreign: false, epochs: self.epochs(trunk) }];
        let mut shape = Shape::default();
        shape.add(&branches[0]);
        let forks = self.dice.pick(&[1, 0, 2, 1, 3]);
        for number in 0..forks {
            self.miners = 100 * (number as u16 + 1);
            let branch =
                if self.dice.chance(25) { self.twin(&branches, &shape) } else { self.fork(&shape) };
            shape.add(&branch);
            branches.push(branch);
        }
        if self.dice.chance(6) {
            let length = self.dice.pick(&[1, 3, 6, 14]);
            self.miners = 900;
            let branch = Branch { from: None, foreign: true, epochs: self.epochs(length) };
            shape.add(&branch);
            branches.push(branch);
        }
        let heights: Vec<u64> =
            (0..branches.len()).map(|number| height_of(&branches, number as u32)).collect();
        let stored = self.stored(&branches, &shape);
        let stored_height =
            stored.as_ref().map_or(0, |at| height_at(&branches, at.branch, at.index));
        let highest = heights.into_iter().max().unwrap_or(0);
        let early = if self.dice.chance(25) { self.dice.between(1, EARLY_EPOCHS_MAX) } else { 0 };
        let clock_epoch = highest.saturating_sub(early).max(stored_height);
        let checkpoint = match &stored {
            Some(at) if self.dice.chance(20) => {
                let index = self.dice.below(u64::from(at.index) + 1) as u32;
                Some(TipsetRef::new(at.branch, index))
            }
            _ => None,
        };
        let spec = Spec {
            profile: profile.to_owned(),
            network: Network {
                finality: self.dice.pick(&[900, 900, 900, 900, 5, 8]),
                ..Network::default()
            },
            settings: self.settings(),
            clock_epoch,
            shuffle: self.dice.below(4),
            branches,
            stored,
            checkpoint,
        };
        (spec, shape)
    }

    /// Mostly somewhere on the trunk after its first tipset: forks at genesis are refused.
    fn stored(&mut self, branches: &[Branch], shape: &Shape) -> Option<TipsetRef> {
        if self.dice.chance(10) {
            return None;
        }
        let sound = |branch: &Branch| {
            !branch.foreign
                && branch.epochs.iter().all(|e| e.blocks.iter().all(|b| b.fault.is_none()))
        };
        let fork = self.dice.below(branches.len() as u64) as u32;
        let on_fork = self.dice.chance(25)
            && sound(&branches[fork as usize])
            && branches[fork as usize].from.as_ref().is_none_or(|from| from.branch == 0)
            && sound(&branches[0]);
        let branch = if on_fork { fork } else { 0 };
        // Faults of the trunk stand in its second half only.
        let last = shape.lengths[branch as usize] - 1;
        let last = if branch == 0 { last / 2 } else { last };
        let index = self.dice.below(u64::from(last) + 1) as u32;
        Some(TipsetRef::new(branch, index))
    }

    fn settings(&mut self) -> Settings {
        let usual = Settings::default();
        if self.dice.chance(30) {
            return usual;
        }
        Settings {
            concurrent_max: self.dice.pick(&[1, 1, 1, 2]),
            queue_max: self.dice.pick(&[15, 2, 3, 4]),
            history_max: self.dice.pick(&[10, 1, 2]),
            window: self.dice.pick(&[500, 2, 3, 5]),
            segment: self.dice.pick(&[8, 1, 2, 3]),
            ..usual
        }
    }

    fn fork(&mut self, shape: &Shape) -> Branch {
        let branch = self.dice.below(shape.lengths.len() as u64) as u32;
        let branch = if self.dice.chance(60) { 0 } else { branch };
        let length = u64::from(shape.lengths[branch as usize]);
        let index = self.dice.below(length) as u32;
        let blocks = shape.blocks[branch as usize][index as usize];
        let part = blocks > 1 && index > 0 && self.dice.chance(25);
        let from = if part {
            let block = self.dice.below(u64::from(blocks)) as u8;
            TipsetRef::some(branch, index, &[block])
        } else {
            TipsetRef::new(branch, index)
        };
        let length = self.dice.pick(&[1, 2, 3, 5, 8, 11]);
        let mut epochs = self.epochs(length);
        if self.dice.chance(35) {
            self.spoil(&mut epochs);
        }
        Branch { from: Some(from), foreign: false, epochs }
    }

    /// A fork that weighs as much as what it leaves: the end of a branch again, by other miners.
    fn twin(&mut self, branches: &[Branch], shape: &Shape) -> Branch {
        let branch = self.dice.below(branches.len() as u64) as usize;
        let back = self.dice.between(1, 3) as u32;
        let Some(index) = (shape.lengths[branch] - 1).checked_sub(back) else {
            return self.fork(shape);
        };
        let mut epochs = branches[branch].epochs[index as usize + 1..].to_vec();
        for block in epochs.iter_mut().flat_map(|epoch| &mut epoch.blocks) {
            block.miner = self.miners + block.miner % 100;
            block.fault = None;
        }
        Branch { from: Some(TipsetRef::new(branch as u32, index)), foreign: false, epochs }
    }

    fn epochs(&mut self, count: u64) -> Vec<Epoch> {
        let rich = self.dice.chance(50);
        // Blocks that weigh the same make ties between forks.
        self.even = self.dice.chance(40);
        let mut epochs: Vec<Epoch> = (0..count).map(|_| self.epoch(rich)).collect();
        // A block beside the last tipset that fails a check, or two blocks of one miner.
        if self.dice.chance(20)
            && let Some(last) = epochs.last_mut()
        {
            let fault = Some(self.dice.pick(&Fault::ALL));
            last.blocks.push(BlockSpec { miner: self.miners + 50, wins: 2, messages: 0, fault });
        }
        if self.dice.chance(14)
            && let Some(last) = epochs.last_mut()
        {
            let twice = last.blocks[0];
            last.blocks.push(BlockSpec { wins: 1 + twice.wins % 3, fault: None, ..twice });
        }
        epochs
    }

    fn epoch(&mut self, rich: bool) -> Epoch {
        let nulls = if self.dice.chance(20) { self.dice.between(1, 3) as u32 } else { 0 };
        let count = if rich { self.dice.pick(&[1, 2, 3, 2]) } else { 1 };
        let blocks = (0..count).map(|place| self.block(place)).collect();
        Epoch { nulls, repeat: 1, blocks }
    }

    fn block(&mut self, place: u16) -> BlockSpec {
        BlockSpec {
            miner: self.miners + place * 10 + self.dice.below(5) as u16,
            wins: if self.even { 1 } else { self.dice.pick(&[1, 1, 1, 2, 4]) },
            messages: self.dice.pick(&[0, 0, 1, 2, 3]),
            fault: None,
        }
    }

    fn spoil(&mut self, epochs: &mut [Epoch]) {
        let at = self.dice.below(epochs.len() as u64) as usize;
        let fault = Some(self.dice.pick(&Fault::ALL));
        let all = self.dice.chance(70);
        for block in &mut epochs[at].blocks {
            if all || block.miner % 100 >= 10 {
                block.fault = fault;
            }
        }
    }

    fn reference(&mut self, shape: &Shape) -> TipsetRef {
        let branch = self.dice.below(shape.lengths.len() as u64) as u32;
        let last = shape.lengths[branch as usize] - 1;
        let back = self.dice.pick(&[0, 0, 0, 1, 2, 5]);
        let index = last.saturating_sub(back);
        let blocks = shape.blocks[branch as usize][index as usize];
        if blocks > 1 && self.dice.chance(30) {
            let block = self.dice.below(u64::from(blocks)) as u8;
            return TipsetRef::some(branch, index, &[block]);
        }
        TipsetRef::new(branch, index)
    }

    fn peer(
        &mut self,
        id: PeerId,
        shape: &Shape,
        heal_ms: Millis,
        anchor: bool,
    ) -> PeerPlan<TipsetSync> {
        let tip = if anchor && self.dice.chance(50) {
            TipsetRef::new(0, shape.lengths[0] - 1)
        } else {
            self.reference(shape)
        };
        let mut plan: PeerPlan<TipsetSync> = PeerPlan::honest(id, PeerSpec::at(tip));
        plan.has.limit = self.dice.pick(&[None, None, Some(1), Some(3)]);
        plan.has.poses = self.dice.chance(50);
        plan.has.boasts = !anchor && self.dice.chance(15);
        plan.latency_ms = self.dice.pick(&[50, 10, 300, 900]);
        if !anchor || self.dice.chance(25) {
            let join_ms = self.dice.below(heal_ms);
            let leave_ms = self.dice.chance(25).then(|| join_ms + 1 + self.dice.below(10_000));
            plan.sessions = vec![Session { join_ms, leave_ms, lingers: false }];
        }
        plan.actions = self.actions(shape, heal_ms);
        if !anchor && self.dice.chance(55) {
            plan.lies = self.lies();
        }
        if shape.is_foreign(&plan) {
            // A node of another network is no honest peer of this one.
            plan.lies.push(Lie { from: 1_000, count: None, how: Misbehavior::Silent {} });
        }
        if !anchor && self.dice.chance(20) {
            let kind = self.fault();
            let (from, count) = (self.dice.below(6) as u32, Some(self.dice.between(1, 3) as u32));
            plan.faults = vec![LinkFault { from, count, kind }];
        }
        if self.dice.chance(15) {
            let from_ms = self.dice.below(heal_ms);
            let until_ms = from_ms + 1 + self.dice.below(15_000);
            plan.stalls = vec![Stall { from_ms, until_ms }];
        }
        if self.dice.chance(15) {
            plan.reconnect = Some(Reconnect { after_ms: self.dice.below(5_000), times: 2 });
        }
        plan
    }

    fn fault(&mut self) -> FaultKind {
        match self.dice.below(5) {
            0 => FaultKind::Corrupt { salt: self.dice.below(8) as u32 },
            1 => FaultKind::Delay { by_ms: self.dice.between(100, 9_000) },
            2 => FaultKind::Drop {},
            3 => FaultKind::Duplicate {},
            _ => FaultKind::Truncate { keep: self.dice.below(3) as u32 },
        }
    }

    fn lies(&mut self) -> Vec<Lie<TipsetSync>> {
        let count = self.dice.between(1, 2);
        let lie = |maker: &mut Self| Lie {
            from: maker.dice.pick(&[0, 0, 1, 2]),
            count: maker.dice.pick(&[None, Some(1), Some(2)]),
            how: maker.lie(),
        };
        (0..count).map(|_| lie(self)).collect()
    }

    fn lie(&mut self) -> Misbehavior {
        let (huge, partial) = (self.dice.chance(50), self.dice.chance(50));
        let by_ms = self.dice.between(500, 9_000);
        self.dice.pick(&[
            Misbehavior::BadIndex { huge },
            Misbehavior::ChangedHeader {},
            Misbehavior::Empty { partial },
            Misbehavior::Extra {},
            Misbehavior::GoAway {},
            Misbehavior::InternalError {},
            Misbehavior::MissingMessage {},
            Misbehavior::NoTicket {},
            Misbehavior::NotFound {},
            Misbehavior::NullBlock {},
            Misbehavior::NullMessages {},
            Misbehavior::NullTipset {},
            Misbehavior::Partial {},
            Misbehavior::RepeatedMessage {},
            Misbehavior::Reversed {},
            Misbehavior::Shorter {},
            Misbehavior::Silent {},
            Misbehavior::Slow { by_ms },
            Misbehavior::Unlinked {},
            Misbehavior::WrongHead {},
            Misbehavior::WrongStatus {},
        ])
    }

    fn actions(&mut self, shape: &Shape, heal_ms: Millis) -> Vec<At<Action>> {
        let count = self.dice.pick(&[0, 1, 2, 3, 5]);
        let mut times: Vec<Millis> = (0..count).map(|_| self.dice.below(heal_ms)).collect();
        times.sort_unstable();
        if count > 1 && self.dice.chance(40) {
            // All at once: this is how queues fill.
            times = vec![times[0]; count];
        }
        let mut actions: Vec<At<Action>> =
            times.into_iter().map(|at_ms| At { at_ms, what: self.action(shape) }).collect();
        if let Some((branch, index, block)) = shape.twice
            && self.dice.chance(40)
        {
            // Both blocks of a miner, one after the other, each enough for a head.
            for number in [0, block] {
                let at_ms = self.dice.below(heal_ms);
                let tipset = TipsetRef::some(branch, index, &[number]);
                actions.push(At { at_ms, what: Action::Gossip { tipset } });
            }
            actions.sort_by_key(|action| action.at_ms);
        }
        actions
    }

    fn action(&mut self, shape: &Shape) -> Action {
        let tipset = self.reference(shape);
        match self.dice.below(20) {
            0..=9 => Action::Gossip { tipset },
            10..=14 => Action::Move { tipset },
            15..=17 => Action::Ask {
                head: (!self.dice.chance(15)).then_some(tipset),
                length: self.dice.pick(&[1, 2, 5, 900, 0, 901]),
                options: self.dice.pick(&[3, 1, 2, 0, 7]),
            },
            _ => Action::Forge { epochs: self.dice.pick(&[100, 20, 1_000_000]) },
        }
    }

    fn operator(
        &mut self,
        id: PeerId,
        world: &Spec,
        shape: &Shape,
        heal_ms: Millis,
    ) -> PeerPlan<TipsetSync> {
        let has = PeerSpec { tip: None, operator: true, poses: false, boasts: false, limit: None };
        let mut plan: PeerPlan<TipsetSync> = PeerPlan::honest(id, has);
        plan.latency_ms = 1;
        let count = self.dice.between(1, 3);
        let mut times: Vec<Millis> = (0..count).map(|_| self.dice.below(heal_ms)).collect();
        times.sort_unstable();
        for at_ms in times {
            let what = match &world.stored {
                Some(stored) if self.dice.chance(60) => {
                    let index = self.dice.below(u64::from(stored.index) + 1) as u32;
                    Action::Checkpoint { tipset: TipsetRef::new(stored.branch, index) }
                }
                _ => Action::Submit { tipset: self.reference(shape) },
            };
            plan.actions.push(At { at_ms, what });
        }
        plan
    }
}

impl Shape {
    fn is_foreign(&self, plan: &PeerPlan<TipsetSync>) -> bool {
        plan.has.tip.as_ref().is_some_and(|tip| self.foreign[tip.branch as usize])
    }

    fn add(&mut self, branch: &Branch) {
        if let Some((last, before)) = branch.epochs.split_last() {
            let miner = last.blocks[0].miner;
            let second = last.blocks.iter().rposition(|block| block.miner == miner);
            if let Some(block @ 1..) = second {
                self.twice = Some((self.lengths.len() as u32, before.len() as u32, block as u8));
            }
        }
        self.foreign.push(branch.foreign);
        self.lengths.push(branch.epochs.len() as u32);
        self.blocks.push(branch.epochs.iter().map(|epoch| epoch.blocks.len() as u8).collect());
    }
}

/// The height of a branch's last tipset.
fn height_of(branches: &[Branch], branch: u32) -> u64 {
    let last = branches[branch as usize].epochs.len() as u32 - 1;
    height_at(branches, branch, last)
}

fn height_at(branches: &[Branch], branch: u32, index: u32) -> u64 {
    let mut height = 0;
    let (mut branch, mut index) = (branch, index);
    loop {
        let here = &branches[branch as usize];
        let epochs = &here.epochs[..=index as usize];
        height += epochs.iter().map(|epoch| 1 + u64::from(epoch.nulls)).sum::<u64>();
        match &here.from {
            Some(from) => (branch, index) = (from.branch, from.index),
            None => return height,
        }
    }
}

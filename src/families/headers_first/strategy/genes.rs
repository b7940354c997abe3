use proptest::collection::vec;
use proptest::prelude::*;

use crate::families::headers_first::{HeadersFirst, Profile};
use crate::scenario::Scenario;

use super::assemble::assemble;

/// A fraction of something: of a chain's length, of a span of time, of a list.
pub(super) type Gene = u16;

/// All that a scenario is assembled from.
#[derive(Clone, Debug)]
pub(super) struct Genes {
    pub(super) swarm: Swarm,
    pub(super) main: u32,
    pub(super) branches: Vec<BranchGenes>,
    pub(super) checkpoints: Vec<Gene>,
    /// Which chain the checkpoints stand on.
    pub(super) checkpoint_chain: Gene,
    pub(super) stored: Gene,
    pub(super) tip_age: Gene,
    pub(super) heal: Gene,
    pub(super) crash: Option<(Gene, Gene)>,
    pub(super) anchor: PeerGenes,
    pub(super) peers: Vec<PeerGenes>,
}

/// The kinds of trouble that a case has; about half of them are off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swarm(u16);

/// A kind of trouble.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    Actions,
    Asks,
    Branches,
    Checkpoints,
    Claims,
    Crashes,
    Faults,
    Flaws,
    Lies,
    Reconnects,
    Services,
    Sessions,
    Slow,
    Stalls,
    Stale,
    Stored,
}

impl Swarm {
    pub(super) fn has(self, trouble: Trouble) -> bool {
        self.0 >> (trouble as u16) & 1 == 1
    }
}

#[derive(Clone, Debug)]
pub(super) struct BranchGenes {
    pub(super) parent: Gene,
    pub(super) fork: Gene,
    pub(super) length: Gene,
    pub(super) flaw: Option<(Gene, Gene)>,
}

#[derive(Clone, Debug)]
pub(super) struct PeerGenes {
    pub(super) tip: Gene,
    pub(super) latency: Gene,
    pub(super) join: Gene,
    pub(super) leave: Option<(Gene, Gene, bool)>,
    pub(super) claims: Option<Gene>,
    pub(super) services: Gene,
    pub(super) reconnect: Option<(Gene, u32)>,
    pub(super) actions: Vec<(Gene, Gene, Gene)>,
    pub(super) lies: Vec<(Gene, Gene, Gene, Gene)>,
    pub(super) fault: Option<(Gene, Gene, Gene)>,
    pub(super) stall: Option<(Gene, Gene)>,
}

/// Draws whole scenarios for a profile.
pub(in crate::families::headers_first) fn strategy(
    profile: &str,
) -> BoxedStrategy<Scenario<HeadersFirst>> {
    let profile = Profile::from_name(profile).unwrap_or_default();
    genes().prop_map(move |genes| assemble(profile, &genes)).boxed()
}

fn genes() -> impl Strategy<Value = Genes> {
    let chain = (
        main_length(),
        vec(branch(), 0..3),
        vec(any::<Gene>(), 0..4),
        any::<Gene>(),
        any::<Gene>(),
        any::<Gene>(),
    );
    let net = (
        any::<Gene>(),
        proptest::option::weighted(0.3, any::<(Gene, Gene)>()),
        peer(),
        vec(peer(), 0..4),
    );
    (any::<u16>(), chain, net).prop_map(|(swarm, chain, net)| {
        let (main, branches, checkpoints, checkpoint_chain, stored, tip_age) = chain;
        let (heal, crash, anchor, peers) = net;
        Genes {
            swarm: Swarm(swarm),
            main,
            branches,
            checkpoints,
            checkpoint_chain,
            stored,
            tip_age,
            heal,
            crash,
            anchor,
            peers,
        }
    })
}

/// Mostly short chains: they show most bugs, and quickly. A few pass the 500 hashes of an inv or
/// the 2000 headers of a message.
fn main_length() -> impl Strategy<Value = u32> {
    prop_oneof![
        600 => 1_u32..24,
        380 => 24_u32..70,
        16 => 495_u32..1_100,
        4 => 1_995_u32..2_300,
    ]
}

fn branch() -> impl Strategy<Value = BranchGenes> {
    let flaw = proptest::option::weighted(0.5, any::<(Gene, Gene)>());
    (any::<(Gene, Gene, Gene)>(), flaw).prop_map(|((parent, fork, length), flaw)| BranchGenes {
        parent,
        fork,
        length,
        flaw,
    })
}

fn peer() -> impl Strategy<Value = PeerGenes> {
    let place = any::<(Gene, Gene, Gene, Gene)>();
    let presence = (
        proptest::option::weighted(0.4, any::<(Gene, Gene, bool)>()),
        proptest::option::weighted(0.2, any::<Gene>()),
        proptest::option::weighted(0.4, (any::<Gene>(), 1_u32..4)),
    );
    let trouble = (
        vec(any::<(Gene, Gene, Gene)>(), 0..4),
        vec(any::<(Gene, Gene, Gene, Gene)>(), 0..3),
        proptest::option::weighted(0.3, any::<(Gene, Gene, Gene)>()),
        proptest::option::weighted(0.2, any::<(Gene, Gene)>()),
    );
    (place, presence, trouble).prop_map(|(place, presence, trouble)| {
        let (tip, latency, join, services) = place;
        let (leave, claims, reconnect) = presence;
        let (actions, lies, fault, stall) = trouble;
        PeerGenes {
            tip,
            latency,
            join,
            leave,
            claims,
            services,
            reconnect,
            actions,
            lies,
            fault,
            stall,
        }
    })
}

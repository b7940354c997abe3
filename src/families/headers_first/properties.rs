//! World, rules and generator against each other.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::machine::{Family as _, Time};
use crate::scenario::{self, Scenario};
use crate::world::{BlockId, Flaw};

use super::chain::{BlockOutcome, Chain};
use super::strategy::{reductions, strategy};
use super::{BranchSpec, Fault, FlawSpec, HeadersFirst, Network, Place, Profile, Spec, World};

fn spec(main: u32, branches: Vec<BranchSpec>) -> Spec {
    Spec {
        profile: Profile::default(),
        main,
        branches,
        checkpoints: Vec::new(),
        stored: None,
        tip_age_s: 0,
        spacing_s: 600,
    }
}

fn any_spec() -> impl Strategy<Value = Spec> {
    let flaw = prop::option::of((any::<prop::sample::Index>(), 0..Flaw::ALL.len()));
    let index = any::<prop::sample::Index>;
    let branch = (index(), index(), 1_u32..9, flaw);
    (1_u32..40, 1_u32..100_000, prop::collection::vec(branch, 0..5)).prop_map(
        |(main, spacing_s, parts)| {
            let mut tips = vec![("main".to_owned(), main)];
            let mut branches = Vec::new();
            for (number, (parent, fork, length, flaw)) in parts.into_iter().enumerate() {
                let (parent, tip) = tips[parent.index(tips.len())].clone();
                let fork = fork.index(tip as usize + 1) as u32;
                let name = format!("b{number}");
                tips.push((name.clone(), fork + length));
                let flaw = flaw.map(|(at, kind)| FlawSpec {
                    height: fork + 1 + at.index(length as usize) as u32,
                    kind: Flaw::ALL[kind],
                });
                branches.push(BranchSpec { name, fork: Place::new(parent, fork), length, flaw });
            }
            Spec { spacing_s, ..spec(main, branches) }
        },
    )
}

/// What the rules call a flaw.
fn fault_of(flaw: Flaw) -> Fault {
    match flaw {
        Flaw::CoinbaseHeight => Fault::BadCoinbaseHeight,
        Flaw::CoinbaseValue => Fault::BadCoinbaseValue,
        Flaw::Difficulty => Fault::BadDifficulty,
        Flaw::MerkleRoot => Fault::BadMerkleRoot,
        Flaw::NoCoinbase => Fault::NoCoinbase,
        Flaw::ProofOfWork => Fault::BadProofOfWork,
        Flaw::TimeTooNew => Fault::TimeTooNew,
        Flaw::TimeTooOld => Fault::TimeTooOld,
    }
}

fn regtest() -> Chain {
    Chain::new(Network::Regtest, &[])
}

/// All blocks of a tree but genesis, parents first.
fn blocks(world: &World) -> impl Iterator<Item = BlockId> {
    world.ids().skip(1)
}

#[test]
fn each_flaw_is_refused_by_its_name() {
    for flaw in Flaw::ALL {
        let branch = BranchSpec {
            name: "a".to_owned(),
            fork: Place::main(3),
            length: 3,
            flaw: Some(FlawSpec { height: 5, kind: flaw }),
        };
        let world = World::build(&spec(4, vec![branch])).unwrap();
        let place = |height| world.place(&Place::new("a", height)).unwrap();
        let bad = place(5);
        assert!(world.is_valid(place(4)) && !world.is_valid(bad) && !world.is_valid(place(6)));
        assert_eq!(world.header_is_valid(bad), !flaw.in_header());
        let mut chain = regtest();
        for height in 1..=4 {
            let id = world.ancestor(bad, height).unwrap();
            chain.restore(&world.block(id));
        }
        let mut by_header = chain.clone();
        let header = by_header.accept_header(&world.header(bad), world.unix_time());
        assert_eq!(header.err(), flaw.in_header().then(|| fault_of(flaw)), "{flaw:?}");
        let block = chain.accept_block(&world.block(bad), Time::ZERO, world.unix_time());
        assert_eq!(block, BlockOutcome::Rejected(fault_of(flaw)), "{flaw:?}");
    }
}

#[test]
fn drawn_scenarios_are_valid_and_so_is_what_they_are_reduced_to() {
    for profile in Profile::NAMES {
        let strategy = strategy(profile);
        let mut runner = TestRunner::deterministic();
        let (mut smaller, mut refused) = (0, 0);
        for draw in 0..5_000 {
            let scenario = strategy.new_tree(&mut runner).unwrap().current();
            assert_eq!(HeadersFirst::profile(&scenario.world), profile);
            let world = check(&scenario).unwrap_or_else(|error| panic!("{error}: {scenario:#?}"));
            assert_converges_on_something(&scenario, &world);
            // Long chains take long to build again and again.
            if draw % 20 == 0 && scenario.world.main < 100 {
                for reduced in reductions(&scenario) {
                    smaller += 1;
                    refused += u32::from(check(&reduced).is_err());
                }
            }
        }
        assert!(smaller > 1_000, "only {smaller} reductions");
        assert!(refused * 20 < smaller, "{refused} of {smaller} reductions are not valid");
    }
}

#[test]
fn a_drawn_scenario_is_the_same_when_it_is_read_back() {
    let strategy = strategy(Profile::NAMES[0]);
    let mut runner = TestRunner::deterministic();
    for _ in 0..500 {
        let scenario = strategy.new_tree(&mut runner).unwrap().current();
        let text = serde_json::to_string(&scenario).unwrap();
        let back: Scenario<HeadersFirst> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, scenario);
    }
}

fn check(scenario: &Scenario<HeadersFirst>) -> Result<World, crate::machine::SpecError> {
    scenario::build_world(scenario)
}

/// Some peer that never lies shows the best chain that the subject may follow.
fn assert_converges_on_something(scenario: &Scenario<HeadersFirst>, world: &World) {
    let best = world
        .ids()
        .filter(|id| world.is_valid(*id) && world.keeps_checkpoints(*id))
        .map(|id| world.work(id))
        .max()
        .expect("genesis is valid");
    let shows_it = scenario.peers.iter().filter(|peer| peer.is_truthful()).any(|peer| {
        let advances = peer.actions.iter().filter_map(|action| match &action.what {
            super::Action::Advance { tip } => Some(tip),
            _ => None,
        });
        advances.chain([&peer.has.tip]).any(|tip| world.work(world.place(tip).unwrap()) == best)
    });
    assert!(shows_it, "{scenario:#?}");
}

proptest! {
    #[test]
    fn blocks_link_have_work_and_are_what_their_headers_say(spec in any_spec()) {
        let world = World::build(&spec).unwrap();
        for id in blocks(&world) {
            let parent = world.parent(id).unwrap();
            let (header, block) = (world.header(id), world.block(id));
            prop_assert_eq!(header.parent(), world.hash(parent));
            prop_assert_eq!(header.hash(), header.fields().block_hash().into());
            prop_assert_eq!(world.height(id), world.height(parent) + 1);
            prop_assert_eq!(world.work(id), world.work(parent) + 2);
            prop_assert_eq!(block.hash(), world.hash(id));
            prop_assert_eq!(world.find(&header.hash()), Some(id));
            prop_assert_eq!(world.ancestor(id, world.height(parent)), Some(parent));
            prop_assert!(world.is_valid(parent) || !world.is_valid(id));
            prop_assert!(world.header_is_valid(id) || !world.is_valid(id));
            if world.is_valid(id) {
                prop_assert!(header.meets_own_target() && block.merkle_root_matches());
            }
        }
    }

    #[test]
    fn the_rules_take_what_the_world_calls_valid_and_nothing_else(spec in any_spec()) {
        let world = World::build(&spec).unwrap();
        let (mut headers, mut stored) = (regtest(), regtest());
        for id in blocks(&world) {
            let header = headers.accept_header(&world.header(id), world.unix_time());
            prop_assert_eq!(header.is_ok(), world.header_is_valid(id), "{:?}", header);
            let block = stored.accept_block(&world.block(id), Time::ZERO, world.unix_time());
            let taken = matches!(block, BlockOutcome::Stored { .. });
            prop_assert_eq!(taken, world.is_valid(id), "{:?}", block);
        }
        let best = blocks(&world)
            .filter(|id| world.is_valid(*id))
            .map(|id| world.work(id))
            .max()
            .unwrap_or_else(|| world.work(world.genesis()));
        let tip = world.find(&stored.hash(stored.tip())).unwrap();
        prop_assert_eq!(world.work(tip), best);
    }

    #[test]
    fn a_branch_is_the_same_whatever_stands_beside_it(spec in any_spec()) {
        let world = World::build(&spec).unwrap();
        let alone = World::build(&Spec { branches: Vec::new(), ..spec.clone() }).unwrap();
        let tip = Place::main(spec.main);
        prop_assert_eq!(
            world.hash(world.place(&tip).unwrap()),
            alone.hash(alone.place(&tip).unwrap())
        );
    }

    #[test]
    fn places_are_read_as_they_are_written(branch in "[a-zA-Z0-9-]{1,32}", height: u32) {
        let place = Place::new(branch, height);
        prop_assert_eq!(place.to_string().parse::<Place>(), Ok(place));
    }
}

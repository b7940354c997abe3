//! Verdicts on traces that are written by hand.

use crate::families::headers_first::{
    Event, HeadersFirst, Hello, Inventory, Message, PeerSpec, Place, Reason, Services, Spec,
};
use crate::invariant::{Context, Invariant, Violation, generic};
use crate::machine::{Dialer, Input, Output, PeerId, Time};
use crate::primitives::bitcoin::{BlockHash, Header};
use crate::scenario::{Heal, Liars, Lie, Limits, PeerPlan, Scenario, Stall};
use crate::trace::{Step, What};

use super::super::Misbehavior;
use super::super::testkit::mine_badly;
use super::{locators, repeats, replies};

const P1: PeerId = PeerId(1);
const P2: PeerId = PeerId(2);

/// A world of ten blocks, of which the subject has three, and a side chain that pays too much.
fn scenario() -> Scenario<HeadersFirst> {
    let world: Spec = serde_yaml::from_str(
        "{profile: btcd-0.26, main: 10, stored: 'main:3', branches: [{name: a, fork: 'main:1', \
         length: 1, flaw: {height: 2, kind: coinbase_value}}]}",
    )
    .unwrap();
    let plan = |id| PeerPlan::honest(id, PeerSpec::full(Place::main(10)));
    Scenario {
        world,
        peers: vec![plan(P1), plan(P2)],
        commands: Vec::new(),
        crashes: Vec::new(),
        heal: Heal { at_ms: 600_000, liars: Liars::Stay },
        limits: Limits::default(),
    }
}

/// A trace that one invariant watches.
struct Watched {
    invariant: Box<dyn Invariant<HeadersFirst>>,
    context: Context<HeadersFirst>,
    seq: u64,
    at: Time,
}

impl Watched {
    fn new(
        scenario: Scenario<HeadersFirst>,
        make: fn(&Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>>,
    ) -> Self {
        let context = Context::new(scenario).unwrap();
        let mut watched =
            Self { invariant: make(&context), context, seq: 0, at: Time::from_millis(0) };
        for peer in [P1, P2] {
            let hello =
                Hello { start_height: 10, network: true, network_limited: false, witness: true };
            watched.take(Input::Connected { peer, hello, dialer: Dialer::Peer }).unwrap();
        }
        watched
    }

    fn see(&mut self, cause: Option<u64>, what: What<HeadersFirst>) -> Result<(), Violation> {
        self.seq += 1;
        self.invariant.observe(&Step { seq: self.seq, at: self.at, cause, what })
    }

    fn take(&mut self, input: Input<HeadersFirst>) -> Result<(), Violation> {
        self.see(None, What::In { input, lie: None, fault: None, closer: None })
    }

    fn hear(&mut self, peer: PeerId, message: Message) -> Result<(), Violation> {
        self.take(Input::Message { peer, message })
    }

    /// The subject answers the last message.
    fn answer(&mut self, asked: u64, peer: PeerId, message: Message) -> Result<(), Violation> {
        let output = Output::Send { peer, message };
        self.see(Some(asked), What::Out { output, connected: true })
    }

    fn say(&mut self, output: Output<HeadersFirst>) -> Result<(), Violation> {
        self.see(None, What::Out { output, connected: true })
    }

    fn ask_headers(&mut self, peer: PeerId) -> Result<(), Violation> {
        let locator = vec![self.hash(3), self.hash(0)];
        let message = Message::GetHeaders { locator, stop: BlockHash::ZERO };
        self.say(Output::Send { peer, message })
    }

    fn drop_peer(&mut self, peer: PeerId) -> Result<(), Violation> {
        self.say(Output::Disconnect { peer, reason: Reason::Other { text: None } })
    }

    fn hash(&self, height: u32) -> BlockHash {
        self.hash_of(&Place::main(height))
    }

    fn hash_of(&self, place: &Place) -> BlockHash {
        let world = &self.context.world;
        world.hash(world.place(place).unwrap())
    }

    fn inv(&self, heights: impl Iterator<Item = u32>) -> Message {
        Message::Inv { items: heights.map(|at| Inventory::block(self.hash(at))).collect() }
    }
}

fn watch_drops(edit: impl Fn(&mut Scenario<HeadersFirst>)) -> Watched {
    let mut scenario = scenario();
    edit(&mut scenario);
    Watched::new(scenario, generic::honest_peer_kept)
}

#[test]
fn what_a_peer_will_do_later_is_no_cause_to_drop_it() {
    let stall = Stall { from_ms: 60_000, until_ms: 100_000 };
    assert!(watch_drops(|it| it.peers[0].stalls.push(stall)).drop_peer(P1).is_err());
    let lie = Lie { from: 0, count: None, how: Misbehavior::Silent {} };
    assert!(watch_drops(|it| it.peers[0].lies.push(lie.clone())).drop_peer(P1).is_err());
    assert!(watch_drops(|it| it.peers[0].latency_ms = 3_000).drop_peer(P1).is_err());
}

#[test]
fn an_answer_that_is_overdue_is_a_cause() {
    let lie = Lie { from: 0, count: None, how: Misbehavior::Silent {} };
    let mut watched = watch_drops(|it| it.peers[0].lies.push(lie.clone()));
    watched.ask_headers(P1).unwrap();
    watched.at = Time::from_millis(1_000);
    assert!(watched.drop_peer(P1).is_err());
    watched.at = Time::from_millis(3_000);
    assert_eq!(watched.drop_peer(P1), Ok(()));
}

#[test]
fn a_late_answer_counts_for_ten_minutes() {
    let mut watched = watch_drops(|it| it.peers[0].latency_ms = 3_000);
    watched.ask_headers(P1).unwrap();
    let asked = watched.seq;
    watched.at = Time::from_millis(6_000);
    let input = Input::Message { peer: P1, message: Message::Headers { headers: Vec::new() } };
    let what = What::In { input, lie: None, fault: None, closer: None };
    watched.see(Some(asked), what).unwrap();
    assert_eq!(watched.drop_peer(P1), Ok(()));
    watched.at = Time::from_millis(700_000);
    assert!(watched.drop_peer(P1).is_err());
}

#[test]
fn a_peer_of_no_use_may_be_dropped() {
    assert!(watch_drops(|_| {}).drop_peer(P1).is_err());
    let without = |services| watch_drops(move |it| it.peers[0].has.services = services);
    for services in [Services::Limited, Services::NoWitness, Services::Nothing] {
        assert_eq!(without(services).drop_peer(P1), Ok(()));
    }
    let below_checkpoint = |it: &mut Scenario<HeadersFirst>| {
        it.world.checkpoints = vec![Place::main(9)];
        it.peers[0].has.tip = Place::main(8);
    };
    assert_eq!(watch_drops(below_checkpoint).drop_peer(P1), Ok(()));
    assert_eq!(watch_drops(|it| it.world.tip_age_s = 200_000).drop_peer(P1), Ok(()));
    assert_eq!(watch_drops(|it| it.peers[0].has.tip = Place::main(2)).drop_peer(P1), Ok(()));
}

#[test]
fn one_repeat_after_a_loss_is_harmless_and_a_chain_is_not() {
    let mut watched = Watched::new(scenario(), repeats::no_repeated_request);
    watched.ask_headers(P2).unwrap();
    watched.take(Input::Disconnected { peer: P1 }).unwrap();
    assert_eq!(watched.ask_headers(P2), Ok(()));
    assert!(watched.ask_headers(P2).is_err());
    let mut watched = Watched::new(scenario(), repeats::no_repeated_request);
    watched.ask_headers(P2).unwrap();
    assert!(watched.ask_headers(P2).is_err());
}

#[test]
fn getblocks_without_a_locator_has_two_right_answers() {
    let answers: [fn(&Watched) -> Vec<Message>; 3] =
        [|it| vec![it.inv(1..=2)], |it| vec![it.inv(2..=2)], |it| vec![it.inv(1..=1)]];
    for (index, answer) in answers.iter().enumerate() {
        let mut watched = Watched::new(scenario(), replies::replies_exact);
        let stop = watched.hash(2);
        watched.hear(P1, Message::GetBlocks { locator: Vec::new(), stop }).unwrap();
        let asked = watched.seq;
        for message in answer(&watched) {
            watched.answer(asked, P1, message).unwrap();
        }
        let judged = watched.take(Input::Deadline {});
        assert_eq!(judged, Ok(()), "answer {index}");
    }
}

#[test]
fn a_block_that_cannot_be_validated_yet_may_be_stored_or_left_out() {
    let side = "a:2".parse::<Place>().unwrap();
    for (is_reported, is_served) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut watched = Watched::new(scenario(), replies::replies_exact);
        let hash = watched.hash_of(&side);
        let id = watched.context.world.find(&hash).unwrap();
        let block = watched.context.world.block(id);
        watched.hear(P1, Message::Block { block: block.clone() }).unwrap();
        let event = Event::BlockAccepted { hash, height: 2 };
        let mut truth = generic::lie_never_becomes_progress(&watched.context);
        if is_reported {
            watched.say(Output::Event { event: event.clone() }).unwrap();
            let what = What::Out { output: Output::Event { event }, connected: true };
            truth.observe(&Step { seq: 0, at: watched.at, cause: None, what }).unwrap();
        }
        let items = vec![Inventory::block(hash)];
        watched.hear(P2, Message::GetData { items: items.clone() }).unwrap();
        let asked = watched.seq;
        let answer = if is_served { Message::Block { block } } else { Message::NotFound { items } };
        watched.answer(asked, P2, answer).unwrap();
        assert_eq!(watched.take(Input::Deadline {}), Ok(()), "{is_reported} {is_served}");
        let what = What::Out {
            output: Output::Event { event: Event::Tip { hash, height: 2 } },
            connected: true,
        };
        assert!(truth.observe(&Step { seq: 1, at: watched.at, cause: None, what }).is_err());
    }
}

#[test]
fn a_locator_with_a_header_without_work_is_said_to_be_one() {
    let mut watched = Watched::new(scenario(), locators::locator_descends);
    let id = watched.context.world.find(&watched.hash(4)).unwrap();
    let header: Header = mine_badly(*watched.context.world.header(id).fields());
    let hash = header.hash();
    watched.hear(P1, Message::Headers { headers: vec![header] }).unwrap();
    let message = Message::GetHeaders { locator: vec![hash], stop: BlockHash::ZERO };
    let broken = watched.say(Output::Send { peer: P1, message }).unwrap_err();
    assert_eq!(broken.got, format!("{hash}, a header without work that p1 sent"));
}

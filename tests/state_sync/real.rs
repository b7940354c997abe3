//! The head state of a real chain: its tries have the roots that the chain says, and it syncs
//! beside every kind of liar.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use serde::Deserialize;
use syncheck::adapters::InProcess;
use syncheck::campaign::{Judge, run_once};
use syncheck::families::Catalog;
use syncheck::families::state_sync::{Misbehavior, PeerSpec, Profile, Spec, StateSync, World};
use syncheck::invariant::Context;
use syncheck::machine::{Observes, PeerId};
use syncheck::primitives::ethereum_state::{Account, Blob, Hash32, Header, Nibbles, build_trie};
use syncheck::scenario::{Heal, Liars, Lie, Limits, PeerPlan, Scenario, Session};
use syncheck::sim::Record;
use syncheck::verdict::Verdict;
use syncheck::world::state::{StateChain, StateSpec};

use crate::real_data::real_data;

#[derive(Deserialize)]
struct Dump {
    root: String,
    accounts: BTreeMap<String, DumpedAccount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DumpedAccount {
    balance: String,
    nonce: u64,
    root: Hash32,
    code_hash: Hash32,
    code: Option<Blob>,
    #[serde(default)]
    storage: BTreeMap<Hash32, String>,
    key: Hash32,
}

/// All nodes and code of the dumped state, with its root.
fn build(dump: &Dump) -> (Hash32, Vec<Blob>, Vec<Blob>) {
    let (mut nodes, mut codes) = (Vec::new(), Vec::new());
    let mut leaves = BTreeMap::new();
    for account in dump.accounts.values() {
        let slots: BTreeMap<Hash32, Vec<u8>> = account
            .storage
            .iter()
            .map(|(slot, value)| {
                let value = const_hex::decode(value).expect("values are hexadecimal");
                (Hash32::of(slot.as_bytes()), alloy_rlp::encode(value.as_slice()))
            })
            .collect();
        let slots: Vec<_> = slots.into_iter().collect();
        assert_eq!(build_trie(&slots, &mut |blob| nodes.push(blob)), account.root);
        if let Some(code) = &account.code {
            assert_eq!(code.hash(), account.code_hash);
            codes.push(code.clone());
        }
        let leaf = Account {
            nonce: account.nonce,
            balance: account.balance.parse().expect("balances are decimal"),
            storage_root: account.root,
            code_hash: account.code_hash,
        };
        leaves.insert(account.key, leaf.encode());
    }
    let leaves: Vec<_> = leaves.into_iter().collect();
    let root = build_trie(&leaves, &mut |blob| nodes.push(blob));
    (root, nodes, codes)
}

#[test]
fn the_head_state_has_its_root_and_syncs_beside_every_liar() {
    let Some(folder) = real_data("ethereum") else { return };
    let dump: Dump =
        serde_json::from_str(&fs::read_to_string(folder.join("headstate.json")).unwrap()).unwrap();
    let (root, nodes, codes) = build(&dump);
    assert_eq!(format!("{root}"), dump.root);
    let head: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.join("headblock.json")).unwrap()).unwrap();
    assert_eq!(head["stateRoot"], format!("0x{root}"));

    let chain = StateChain::of_state(root, 70, nodes, codes);
    let world = Arc::new(World::of_chain(chain, Profile::Geth110));
    let judge = Judge::new(Some("geth-1.10"), Observes::ALL);
    let mut subject = InProcess::new(StateSync::reference);
    for (what, other) in others() {
        let honest = PeerPlan::honest(PeerId(1), PeerSpec { head: 70, ..PeerSpec::default() });
        let scenario = Scenario {
            world: Spec {
                chain: StateSpec { blocks: 70, ..StateSpec::default() },
                ..Spec::default()
            },
            peers: vec![other, honest],
            commands: Vec::new(),
            crashes: Vec::new(),
            heal: Heal { at_ms: 60_000, liars: Liars::Stay },
            limits: Limits::default(),
        };
        let context = Context { scenario: Arc::new(scenario), world: world.clone() };
        let run = run_once(&context, &mut subject, &judge, Record::Nothing);
        assert_eq!(run.verdict, Verdict::Pass, "beside a peer that {what}");
    }
}

/// One peer of each behaviour.
fn others() -> Vec<(String, PeerPlan<StateSync>)> {
    let has = || PeerSpec { head: 70, ..PeerSpec::default() };
    let plain = |has| PeerPlan::honest(PeerId(0), has);
    let mut others = vec![
        ("is slow".to_owned(), PeerPlan { latency_ms: 9_000, ..plain(has()) }),
        ("answers with one item".to_owned(), plain(PeerSpec { items_max: Some(1), ..has() })),
        ("has nothing".to_owned(), plain(PeerSpec { items_max: Some(0), ..has() })),
        ("has no states but its last".to_owned(), plain(PeerSpec { keeps: Some(1), ..has() })),
        ("has a part".to_owned(), plain(PeerSpec { lacks: Nibbles::new(vec![3, 9]), ..has() })),
    ];
    let session = |join_ms, leave_ms| Session { join_ms, leave_ms, lingers: true };
    let leaves = vec![session(0, Some(10_250))];
    others.push(("leaves".to_owned(), PeerPlan { sessions: leaves, ..plain(has()) }));
    let rejoins = vec![session(0, Some(10_250)), session(10_250, None)];
    others.push(("rejoins at once".to_owned(), PeerPlan { sessions: rejoins, ..plain(has()) }));
    for how in lies() {
        let count = matches!(how, Misbehavior::AnswerTwice {}).then_some(3);
        let what = format!("lies so: {how:?}");
        let lies = vec![Lie { from: 0, count, how }];
        others.push((what, PeerPlan { lies, ..plain(has()) }));
    }
    assert_eq!(lies().len(), StateSync::misbehaviors().len(), "a way to lie is left out");
    others
}

fn lies() -> Vec<Misbehavior> {
    vec![
        Misbehavior::AnswerTwice {},
        Misbehavior::Empty {},
        Misbehavior::Junk {},
        Misbehavior::Late { by_ms: 70_000 },
        Misbehavior::Padded { count: 50 },
        Misbehavior::Partial { keep: 1 },
        Misbehavior::Repeated {},
        Misbehavior::Reversed {},
        Misbehavior::Silent {},
        Misbehavior::Stale {},
        Misbehavior::Unasked {},
        Misbehavior::UnaskedOnly {},
    ]
}

#[test]
fn the_chain_links() {
    let Some(folder) = real_data("ethereum") else { return };
    let bytes = fs::read(folder.join("chain.rlp")).unwrap();
    let mut rest = bytes.as_slice();
    let mut last: Option<(Hash32, Header)> = None;
    let mut count = 0;
    while !rest.is_empty() {
        let mut block = alloy_rlp::Header::decode_bytes(&mut rest, true).unwrap();
        let whole = block;
        alloy_rlp::Header::decode_bytes(&mut block, true).unwrap();
        let header = &whole[..whole.len() - block.len()];
        let (hash, header) = (Hash32::of(header), Header::decode(header).unwrap());
        if let Some((parent, before)) = last {
            assert_eq!((header.parent, header.number), (parent, before.number + 1));
        }
        last = Some((hash, header));
        count += 1;
    }
    let (_, head) = last.unwrap();
    assert_eq!((count, head.number), (600, 600));
}

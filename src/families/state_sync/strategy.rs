use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Strategy};

use crate::machine::{Millis, PeerId};
use crate::primitives::ethereum_state::Nibbles;
use crate::scenario::{
    At, Crash, FaultKind, Heal, Liars, Lie, Limits, LinkFault, PeerPlan, Reconnect, Scenario,
    Session, Stall,
};
use crate::world::state::{AccountSpec, ChangeSpec, CodeSpec, StateSpec, StorageSpec};

use super::{Action, Command, Misbehavior, PeerSpec, Profile, Spec, StateSync};

/// Syncs begin ten seconds after the start; most of what happens, happens then.
const BUSY_FROM_MS: Millis = 9_500;
const BUSY_UNTIL_MS: Millis = 25_000;

/// Draws whole scenarios.
pub(super) fn scenarios(profile: &str) -> BoxedStrategy<Scenario<StateSync>> {
    let profile = Profile::of_name(profile);
    let others = prop_oneof![3 => vec(other(), 0..3), 1 => vec(other(), 3..6)];
    let commands = option::weighted(0.15, vec(instant(), 1..3));
    let crashes = option::weighted(0.2, vec((instant(), 1..20_000_u64), 1..3));
    let heal = (20_000..150_000_u64, prop_oneof![Just(Liars::Leave), Just(Liars::Stay)]);
    let any = (chain(), full_peer(), others, commands, crashes, heal).prop_map(
        move |(chain, full, others, commands, crashes, heal)| {
            assemble(profile, chain, full, others, commands, crashes, heal)
        },
    );
    prop_oneof![24 => any, 1 => flapping(profile)].boxed()
}

/// A peer leaves with requests in flight and is back at once, again and again, beside another that
/// stays; both are slow, so that there is always more to ask for.
fn flapping(profile: Profile) -> impl Strategy<Value = Scenario<StateSync>> {
    let chain = (66..80_u32, vec(account(), 4..9), 8..40_u32);
    let peers = (500..3_000_u64, 300..3_000_u64, vec(300..6_000_u64, 2..6));
    (chain, peers, 40_000..90_000_u64).prop_map(move |(chain, peers, heal_ms)| {
        let (blocks, accounts, plain_accounts) = chain;
        let (stays_ms, flaps_ms, stays) = peers;
        let accounts = (0..).zip(accounts).map(|(id, account)| AccountSpec { id, ..account });
        let accounts = accounts.collect();
        let spec = StateSpec { blocks, accounts, plain_accounts, changes: Vec::new() };
        let mut sessions = Vec::new();
        let mut join_ms = 0;
        for stay in stays {
            let leave_ms = join_ms.max(10_000) + stay;
            sessions.push(Session { join_ms, leave_ms: Some(leave_ms), lingers: false });
            join_ms = leave_ms;
        }
        sessions.push(Session { join_ms, leave_ms: None, lingers: false });
        let draft = |latency_ms| Draft {
            head: u16::MAX,
            growth: Vec::new(),
            spec: PeerSpec::default(),
            plan: PeerPlan { latency_ms, ..bare() },
        };
        let mut flaps = draft(flaps_ms);
        flaps.plan.sessions = sessions;
        let heal = (heal_ms, Liars::Leave);
        assemble(profile, (spec, None), draft(stays_ms), vec![flaps], None, None, heal)
    })
}

fn instant() -> impl Strategy<Value = Millis> + Clone {
    prop_oneof![5 => BUSY_FROM_MS..BUSY_UNTIL_MS, 1 => 0..90_000_u64]
}

/// A chain: mostly just long enough for a pivot, sometimes long enough for it to move.
fn chain() -> impl Strategy<Value = (StateSpec, Option<u32>)> {
    let blocks = prop_oneof![
        1 => 1..66_u32,
        6 => 65..80_u32,
        4 => 150..300_u32,
        1 => 300..520_u32
    ];
    let accounts = prop_oneof![4 => vec(account(), 1..4), 2 => vec(account(), 4..9)];
    let plain = prop_oneof![3 => Just(0), 2 => 1..30_u32, 1 => 30..120_u32];
    let changes = vec((any::<u16>(), vec((0..8_u32, account()), 0..3), vec(0..8_u32, 0..2)), 0..4);
    let stored = option::weighted(0.15, any::<u16>());
    let any_chain = (blocks, accounts, plain, changes, stored).prop_map(
        |(blocks, accounts, plain_accounts, changes, stored)| {
            let place = |at: u16| u32::from(at) % blocks + 1;
            let numbered = |(id, account): (u32, AccountSpec)| AccountSpec { id, ..account };
            let mut by_block = std::collections::BTreeMap::new();
            for (at, set, remove) in changes {
                let set: std::collections::BTreeMap<u32, AccountSpec> =
                    set.into_iter().map(numbered).map(|account| (account.id, account)).collect();
                let set = set.into_values().collect();
                by_block.insert(place(at), ChangeSpec { block: place(at), set, remove });
            }
            let accounts = (0..).zip(accounts).map(numbered).collect();
            let changes = by_block.into_values().collect();
            let stored = stored.map(|at| u32::from(at) % (blocks + 1));
            (StateSpec { blocks, accounts, plain_accounts, changes }, stored)
        },
    );
    prop_oneof![16 => any_chain, 1 => code_before_node(), 1 => bulky()]
}

/// A code that is stored before a trie node of the same bytes is needed.
fn code_before_node() -> impl Strategy<Value = (StateSpec, Option<u32>)> {
    (65..70_u32, account(), select(vec![1_u32, 3, 12])).prop_map(|(blocks, account, slots)| {
        let of = StorageSpec { seed: 0, slots, prefix: Nibbles::default(), value_bytes: 32 };
        let bare = AccountSpec { storage: None, code: None, ..account };
        let coded = AccountSpec {
            code: Some(CodeSpec::StorageRootNode { of: of.clone() }),
            ..bare.clone()
        };
        let stored = AccountSpec { id: 1, storage: Some(of), ..bare };
        let change = ChangeSpec { block: 1, set: vec![stored], remove: Vec::new() };
        let changes = vec![change];
        (StateSpec { blocks, accounts: vec![coded], plain_accounts: 0, changes }, Some(0))
    })
}

/// So much code that batches are written while the sync goes on.
fn bulky() -> impl Strategy<Value = (StateSpec, Option<u32>)> {
    (65..200_u32, 5..10_u32, 20_000..24_000_u32).prop_map(|(blocks, count, length)| {
        let account = |id| AccountSpec {
            id,
            prefix: Nibbles::default(),
            balance: 0,
            storage: None,
            code: Some(CodeSpec::Bytes { seed: id, length }),
        };
        let accounts = (0..count).map(account).collect();
        (StateSpec { blocks, accounts, plain_accounts: 0, changes: Vec::new() }, None)
    })
}

fn account() -> impl Strategy<Value = AccountSpec> + Clone {
    let prefix = prop_oneof![
        6 => Just(Nibbles::default()),
        2 => (1..4_usize).prop_map(|length| Nibbles::new(vec![5; length])),
        1 => (20..56_usize).prop_map(|length| Nibbles::new(vec![5; length]))
    ];
    let storage = option::weighted(0.5, storage());
    let code = option::weighted(0.4, code());
    (prefix, 0..3_u64, storage, code).prop_map(|(prefix, balance, storage, code)| AccountSpec {
        id: 0,
        prefix,
        balance,
        storage,
        code,
    })
}

fn storage() -> impl Strategy<Value = StorageSpec> + Clone {
    let prefix = prop_oneof![
        4 => Just(Nibbles::default()),
        1 => (1..6_usize).prop_map(|length| Nibbles::new(vec![9; length])),
        1 => (40..60_usize).prop_map(|length| Nibbles::new(vec![9; length]))
    ];
    let slots = prop_oneof![1 => Just(0), 4 => 1..6_u32, 2 => 6..30_u32];
    let value_bytes = select(vec![1_u8, 4, 32]);
    let any = (0..3_u32, slots, prefix, value_bytes);
    // So few that the same trie is met again: in another account, as code, in a later state.
    let few = (Just(0), select(vec![1_u32, 3, 12]), Just(Nibbles::default()), Just(32));
    prop_oneof![1 => few, 1 => any].prop_map(|(seed, slots, prefix, value_bytes)| StorageSpec {
        seed,
        slots,
        prefix,
        value_bytes,
    })
}

fn code() -> impl Strategy<Value = CodeSpec> + Clone {
    let length = prop_oneof![6 => 1..200_u32, 1 => Just(0), 1 => 10_000..24_000_u32];
    prop_oneof![
        3 => (0..4_u32, length).prop_map(|(seed, length)| CodeSpec::Bytes { seed, length }),
        1 => storage().prop_map(|of| CodeSpec::StorageRootNode { of })
    ]
}

/// What a peer draws for, before it is known how long the chain is.
#[derive(Clone, Debug)]
struct Draft {
    /// Its head, and where it grows to, in parts of the chain.
    head: u16,
    growth: Vec<(Millis, u16)>,
    spec: PeerSpec,
    plan: PeerPlan<StateSync>,
}

/// An honest peer with all states: beside it every sync can succeed.
fn full_peer() -> impl Strategy<Value = Draft> {
    let spec = (option::weighted(0.2, 1..8_u32), prop_oneof![4 => Just(0), 1 => 1..1_000_u32])
        .prop_map(|(items_max, think_ms)| PeerSpec { items_max, think_ms, ..PeerSpec::default() });
    // Sometimes it comes late, so that the others are left to themselves.
    let late = option::weighted(0.1, 10_500..30_000_u64);
    let sessions = (sessions(), late).prop_map(|(sessions, late)| match late {
        Some(join_ms) => vec![Session { join_ms, leave_ms: None, lingers: false }],
        None => sessions,
    });
    (heads(), spec, sessions, latency(), stalls(), delays()).prop_map(
        |((head, growth), spec, sessions, latency_ms, stalls, faults)| {
            let plan = PeerPlan { sessions, latency_ms, stalls, faults, ..bare() };
            Draft { head, growth, spec, plan }
        },
    )
}

/// Any other peer.
fn other() -> impl Strategy<Value = Draft> {
    let lacks = option::weighted(0.2, (0..16_u8).prop_map(|nibble| Nibbles::new(vec![nibble])));
    let keeps = option::weighted(0.3, 1..140_u32);
    let items_max = option::weighted(0.2, 0..8_u32);
    let spec = (lacks, keeps, items_max).prop_map(|(lacks, keeps, items_max)| PeerSpec {
        lacks: lacks.unwrap_or_default(),
        keeps,
        items_max,
        ..PeerSpec::default()
    });
    let lies = prop_oneof![2 => Just(Vec::new()), 3 => vec(lie(), 1..3)];
    let faults = prop_oneof![5 => Just(Vec::new()), 1 => vec(fault(), 1..3)];
    let back = option::weighted(0.4, (prop_oneof![Just(0), 1..5_000_u64], 1..4_u32));
    (heads(), spec, sessions(), latency(), lies, faults, back).prop_map(
        |((head, growth), spec, sessions, latency_ms, lies, faults, back)| {
            let reconnect = back.map(|(after_ms, times)| Reconnect { after_ms, times });
            let plan = PeerPlan { sessions, latency_ms, lies, faults, reconnect, ..bare() };
            Draft { head, growth, spec, plan }
        },
    )
}

fn bare() -> PeerPlan<StateSync> {
    PeerPlan::honest(PeerId(0), PeerSpec::default())
}

fn heads() -> impl Strategy<Value = (u16, Vec<(Millis, u16)>)> + Clone {
    // Far enough behind the end for a pivot that goes stale while its state is synced.
    let far = (0..6_u16).prop_map(|step| step * 8 + 7);
    let head = prop_oneof![4 => Just(u16::MAX), 1 => any::<u16>(), 3 => far];
    let soon = prop_oneof![2 => 10_001..12_000_u64, 1 => instant()];
    (head, vec((soon, any::<u16>()), 0..3))
}

fn latency() -> impl Strategy<Value = Millis> + Clone {
    // Who lies without end and without delay would fill the whole run with lies.
    prop_oneof![4 => 50..200_u64, 2 => 200..1_000_u64, 2 => 1_000..8_000_u64]
}

fn sessions() -> impl Strategy<Value = Vec<Session>> + Clone {
    // Time connected, time away: so sessions never overlap.
    let gap = prop_oneof![3 => Just(0), 1 => 1..3_000_u64, 1 => 3_000..70_000_u64];
    let first = prop_oneof![4 => Just(0), 1 => 0..15_000_u64];
    let leave = option::weighted(
        0.35,
        (instant(), gap, any::<bool>(), option::weighted(0.5, 1..2_000_u64)),
    );
    (first, leave).prop_map(|(join_ms, leave)| {
        let open = |join_ms| Session { join_ms, leave_ms: None, lingers: false };
        let Some((leave_ms, gap, lingers, again)) = leave else { return vec![open(join_ms)] };
        let leave_ms = leave_ms.max(join_ms + 1);
        let mut sessions = vec![Session { join_ms, leave_ms: Some(leave_ms), lingers }];
        let mut join_ms = leave_ms + gap;
        if let Some(stay) = again {
            sessions.push(Session { join_ms, leave_ms: Some(join_ms + stay), lingers });
            join_ms += stay;
        }
        sessions.push(open(join_ms));
        sessions
    })
}

fn stalls() -> impl Strategy<Value = Vec<Stall>> + Clone {
    let stall = (instant(), prop_oneof![2 => 1..2_000_u64, 1 => 2_000..90_000_u64])
        .prop_map(|(from_ms, length)| Stall { from_ms, until_ms: from_ms + length });
    option::weighted(0.15, stall).prop_map(|stall| stall.into_iter().collect())
}

fn delays() -> impl Strategy<Value = Vec<LinkFault>> + Clone {
    let delay = (0..6_u32, option::of(1..3_u32), 1..70_000_u64).prop_map(|(from, count, by_ms)| {
        LinkFault { from, count, kind: FaultKind::Delay { by_ms } }
    });
    option::weighted(0.1, delay).prop_map(|delay| delay.into_iter().collect())
}

fn fault() -> impl Strategy<Value = LinkFault> + Clone {
    let kind = prop_oneof![
        any::<u32>().prop_map(|salt| FaultKind::Corrupt { salt }),
        (1..70_000_u64).prop_map(|by_ms| FaultKind::Delay { by_ms }),
        Just(FaultKind::Duplicate {}),
        Just(FaultKind::Drop {}),
        (0..3_u32).prop_map(|keep| FaultKind::Truncate { keep })
    ];
    (0..6_u32, 1..4_u32, any::<bool>(), kind).prop_map(|(from, count, forever, kind)| {
        let forever = forever && kind != FaultKind::Duplicate {};
        LinkFault { from, count: (!forever).then_some(count), kind }
    })
}

/// A peer that repeats itself for ever doubles the number of messages with each round trip: the
/// protocol has no request ids that count, so each answer ends a request and brings the next.
fn lie() -> impl Strategy<Value = Lie<StateSync>> + Clone {
    let how = prop_oneof![
        Just(Misbehavior::AnswerTwice {}),
        Just(Misbehavior::Empty {}),
        Just(Misbehavior::Junk {}),
        (500..70_000_u32).prop_map(|by_ms| Misbehavior::Late { by_ms }),
        (1..500_u32).prop_map(|count| Misbehavior::Padded { count }),
        (0..4_u32).prop_map(|keep| Misbehavior::Partial { keep }),
        Just(Misbehavior::Repeated {}),
        Just(Misbehavior::Reversed {}),
        Just(Misbehavior::Silent {}),
        Just(Misbehavior::Stale {}),
        Just(Misbehavior::Unasked {}),
        Just(Misbehavior::UnaskedOnly {})
    ];
    let from = prop_oneof![2 => Just(0), 1 => 1..6_u32];
    (from, 1..4_u32, any::<bool>(), how).prop_map(|(from, count, forever, how)| {
        let forever = forever && how != Misbehavior::AnswerTwice {};
        Lie { from, count: (!forever).then_some(count), how }
    })
}

fn assemble(
    profile: Profile,
    (chain, stored_state_of): (StateSpec, Option<u32>),
    full: Draft,
    others: Vec<Draft>,
    commands: Option<Vec<Millis>>,
    crashes: Option<Vec<(Millis, Millis)>>,
    (heal_ms, liars): (Millis, Liars),
) -> Scenario<StateSync> {
    let blocks = chain.blocks;
    let (mut full, mut others) = (full, others);
    // Who says that it lacks a state is not asked for it again while the sync of that state goes on,
    // even when it has it by then: geth has no answer to that but a pivot that moves. So the peer
    // that is to have everything is never behind another.
    if full.head != u16::MAX {
        for other in &mut others {
            other.head = full.head;
            other.growth.clear();
        }
    }
    // By its last word at the latest it has the whole chain.
    full.growth.push((full.growth.iter().map(|growth| growth.0).max().unwrap_or(11_000), u16::MAX));
    let mut peers: Vec<_> = std::iter::once(full).chain(others).collect();
    // Which peer has everything shall not depend on its name.
    let turn = (heal_ms % peers.len() as u64) as usize;
    peers.rotate_left(turn);
    let plan = |(id, draft): (u16, Draft)| finish_peer(PeerId(id), draft, blocks);
    let mut commands = commands.unwrap_or_default();
    commands.sort_unstable();
    let command = |at_ms| At { at_ms, what: Command::Cancel {} };
    Scenario {
        world: Spec { profile, chain, stored_state_of },
        peers: (0..).zip(peers).map(plan).collect(),
        commands: commands.into_iter().map(command).collect(),
        crashes: apart(crashes.unwrap_or_default()),
        heal: Heal { at_ms: heal_ms, liars },
        limits: Limits::default(),
    }
}

fn finish_peer(id: PeerId, draft: Draft, blocks: u32) -> PeerPlan<StateSync> {
    // Heads are where pivots are chosen and moved: near the end, or that much behind.
    let place = |part: u16| match part {
        u16::MAX => blocks,
        part => {
            let behind = [0, 1, 2, 40, 62, 64, 126, 130][usize::from(part % 8)];
            blocks.saturating_sub(behind + u32::from(part / 8) % 3)
        }
    };
    let mut growth = draft.growth;
    growth.sort_by_key(|growth| growth.0);
    let action = |(at_ms, part)| At { at_ms, what: Action::Grow { to: place(part) } };
    PeerPlan {
        id,
        has: PeerSpec { head: place(draft.head), ..draft.spec },
        actions: growth.into_iter().map(action).collect(),
        ..draft.plan
    }
}

/// Crashes by rising time, none while the subject is still down.
fn apart(mut crashes: Vec<(Millis, Millis)>) -> Vec<Crash> {
    crashes.sort_unstable();
    let mut up_at = None;
    let mut kept = Vec::new();
    for (at_ms, down_ms) in crashes {
        if up_at.is_none_or(|up_at| at_ms > up_at) {
            up_at = Some(at_ms + down_ms);
            kept.push(Crash { at_ms, down_ms });
        }
    }
    kept
}

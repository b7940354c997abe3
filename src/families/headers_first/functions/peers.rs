//! Whom btcd syncs from, and when it does.
//!
//! The rules are those of btcd v0.25.0 and v0.26.2, `netsync/manager.go`, as they are there. The
//! machine of this family is meant to be better in some of them; see its page.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::families::headers_first::Profile;

/// A pruned peer has at least so many blocks below its tip (btcd: `NodeNetworkLimitedBlockThreshold`).
const LIMITED_BLOCKS: i32 = 288;

/// What a tip may be old at most (btcd: `blockchain/chain.go`, `isCurrent`).
const CURRENT_S: i64 = 24 * 60 * 60;

/// A network, as far as a rule depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Chain {
    #[default]
    Mainnet,
    Regtest,
    Simnet,
    Testnet,
}

/// The services that a peer has said to have: names, or the bits as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Services(u64);

/// The names of the bits (BIPs 111, 144, 157, 159; btcd: `wire/protocol.go`).
const SERVICES: [(&str, u64); 6] = [
    ("network", 1),
    ("bloom", 1 << 2),
    ("witness", 1 << 3),
    ("compact_filters", 1 << 6),
    ("network_limited", 1 << 10),
    ("p2p_v2", 1 << 11),
];

impl Services {
    fn has(self, name: &str) -> bool {
        SERVICES.iter().any(|(known, bit)| *known == name && self.0 & bit != 0)
    }
}

impl Serialize for Services {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = SERVICES.iter().filter(|(_, bit)| self.0 & bit != 0);
        if named.clone().map(|(_, bit)| bit).sum::<u64>() == self.0 {
            serializer.collect_seq(named.map(|(name, _)| name))
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Services {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Services;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let names = SERVICES.map(|(name, _)| name).join(", ");
                write!(f, "the services' bits as a number, or a list of {names}")
            }

            fn visit_u64<E: Error>(self, bits: u64) -> Result<Services, E> {
                Ok(Services(bits))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Services, A::Error> {
                let mut services = Services(0);
                while let Some(name) = list.next_element::<String>()? {
                    let known = SERVICES.iter().find(|(known, _)| *known == name);
                    let (_, bit) = known.ok_or_else(|| {
                        let names = SERVICES.map(|(name, _)| name).join(", ");
                        A::Error::custom(format_args!("a service is one of {names}, got {name:?}"))
                    })?;
                    services.0 |= bit;
                }
                Ok(services)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Services {
    fn schema_name() -> Cow<'static, str> {
        "Services".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names = SERVICES.map(|(name, _)| name);
        json_schema!({
            "description": "The services of a peer: by name, or their bits as a number.",
            "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "array", "items": { "enum": names } },
            ],
        })
    }
}

const fn yes() -> bool {
    true
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CandidateGiven {
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    network: Chain,
    /// Whether segwit has activated on the own chain.
    #[serde(default = "yes")]
    segwit_active: bool,
    /// The height of the own best block.
    height: i32,
    peer: CandidatePeer,
}

/// What a peer has said of itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CandidatePeer {
    services: Services,
    /// The height of its last block.
    #[serde(default)]
    last_block: i32,
    /// Its host, without the port.
    #[serde(default = "loopback")]
    host: String,
}

fn loopback() -> String {
    "127.0.0.1".to_owned()
}

/// Whether blocks may be synced from a peer (btcd: `isSyncCandidate`).
#[expect(clippy::unnecessary_wraps, reason = "the signature of all functions")]
pub(super) fn sync_candidate(given: &CandidateGiven) -> Result<bool, String> {
    let CandidateGiven { profile, network, segwit_active, height, peer } = given;
    let can_validate = !segwit_active || peer.services.has("witness");
    // BIP 159: the next block must be among the last 288 of the peer. Go's integers wrap.
    let limit = peer.last_block.wrapping_sub(LIMITED_BLOCKS);
    let serves = peer.services.has("network")
        || peer.services.has("network_limited") && height.wrapping_add(1) > limit;
    Ok(match (profile, network) {
        // The regression tool of old was no full node.
        (Profile::Btcd025, Chain::Regtest) => matches!(&*peer.host, "127.0.0.1" | "localhost"),
        (Profile::Btcd026, Chain::Regtest | Chain::Simnet) => serves,
        _ => can_validate && serves,
    })
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HigherGiven {
    #[serde(default)]
    profile: Profile,
    /// The own height that peers are compared with: of headers or of blocks.
    height: i32,
    /// Whether segwit has activated on the own chain (btcd 0.25 asks again).
    #[serde(default)]
    segwit_active: bool,
    peers: Vec<KnownPeer>,
}

/// A peer as the manager knows it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KnownPeer {
    id: u32,
    /// Whether it was a candidate when it came.
    #[serde(default = "yes")]
    candidate: bool,
    /// Whether it serves witnesses.
    #[serde(default = "yes")]
    witness: bool,
    /// The height of its last block.
    last_block: i32,
}

/// Peers by their ids, which stand by rising value: their order means nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Higher {
    #[serde(deserialize_with = "sorted")]
    higher: Vec<u32>,
    /// Those of the same height, which btcd 0.25 falls back to.
    #[serde(default, deserialize_with = "sorted", skip_serializing_if = "Vec::is_empty")]
    equal: Vec<u32>,
    /// Those that are lower, and so no candidates any more (btcd 0.25).
    #[serde(default, deserialize_with = "sorted", skip_serializing_if = "Vec::is_empty")]
    given_up: Vec<u32>,
}

fn sorted<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let mut ids = Vec::<u32>::deserialize(deserializer)?;
    ids.sort_unstable();
    Ok(ids)
}

/// The peers with more than we have (btcd 0.26: `fetchHigherPeers`; 0.25: in `startSync`).
pub(super) fn higher_peers(given: &HigherGiven) -> Result<Higher, String> {
    check_ids(&given.peers)?;
    Ok(higher(given.profile, given.height, given.segwit_active, &given.peers))
}

fn check_ids(peers: &[KnownPeer]) -> Result<(), String> {
    for (index, peer) in peers.iter().enumerate() {
        if peers[..index].iter().any(|other| other.id == peer.id) {
            return Err(format!("peers[{index}].id: {} is there already", peer.id));
        }
    }
    Ok(())
}

fn higher(profile: Profile, height: i32, segwit_active: bool, peers: &[KnownPeer]) -> Higher {
    let mut found = Higher::default();
    for peer in peers.iter().filter(|peer| peer.candidate) {
        let skipped = profile == Profile::Btcd025 && segwit_active && !peer.witness;
        if skipped {
            continue;
        }
        match (profile, peer.last_block.cmp(&height)) {
            (_, std::cmp::Ordering::Greater) => found.higher.push(peer.id),
            (Profile::Btcd025, std::cmp::Ordering::Equal) => found.equal.push(peer.id),
            (Profile::Btcd025, std::cmp::Ordering::Less) => found.given_up.push(peer.id),
            (Profile::Btcd026, _) => {}
        }
    }
    for ids in [&mut found.higher, &mut found.equal, &mut found.given_up] {
        ids.sort_unstable();
    }
    found
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CurrentGiven {
    #[serde(default)]
    profile: Profile,
    /// The height of the best block.
    height: i32,
    /// Seconds from the time of the best block to now; negative, if it is ahead of the clock.
    tip_age_s: i64,
    /// The height of the last checkpoint, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_checkpoint: Option<i32>,
    /// The height of the sync peer's last block, if there is a sync peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sync_peer_height: Option<i32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    peers: Vec<KnownPeer>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Current {
    /// Whether the chain believes that it is current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chain: Option<bool>,
    /// Whether the manager believes so too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    manager: Option<bool>,
    /// Whether the initial download goes on; btcd 0.25 has no such word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    initial_download: Option<bool>,
}

/// Whether we are in sync (btcd: `isCurrent` of the chain, `current` and `isInIBDMode`).
pub(super) fn is_current(given: &CurrentGiven) -> Result<Current, String> {
    check_ids(&given.peers)?;
    let chain = given.last_checkpoint.is_none_or(|last| given.height >= last)
        && given.tip_age_s <= CURRENT_S;
    let manager = chain && given.sync_peer_height.is_none_or(|height| given.height >= height);
    let higher = higher(given.profile, given.height, false, &given.peers).higher;
    let initial_download =
        (given.profile == Profile::Btcd026).then_some(!chain || !higher.is_empty());
    Ok(Current { chain: Some(chain), manager: Some(manager), initial_download })
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartGiven {
    #[serde(default)]
    profile: Profile,
    #[serde(default)]
    network: Chain,
    #[serde(default)]
    segwit_active: bool,
    /// Whether there is a sync peer already.
    #[serde(default)]
    syncing: bool,
    /// Whether the chain believes that it is current.
    current: bool,
    /// The height of the best block.
    height: i32,
    /// The height of the best header; that of the best block, if absent (btcd 0.26).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header_height: Option<i32>,
    /// The height of the next checkpoint above the best block (btcd 0.25).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_checkpoint: Option<i32>,
    peers: Vec<KnownPeer>,
}

/// What a sync begins with, and the peers of which one is chosen at random.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Start {
    /// The blocks of the headers that are there are asked for.
    Blocks { among: Vec<u32> },
    /// A getblocks is sent.
    Getblocks { among: Vec<u32> },
    /// A getheaders is sent: up to this checkpoint, or as far as there are any.
    Getheaders {
        among: Vec<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        up_to: Option<i32>,
    },
    /// No sync begins.
    Nothing {},
}

/// How a sync begins (btcd: `startSync`).
pub(super) fn start_sync(given: &StartGiven) -> Result<Start, String> {
    check_ids(&given.peers)?;
    let above = |height| higher(given.profile, height, given.segwit_active, &given.peers);
    let Higher { higher: more, equal, .. } = above(given.height);
    if given.syncing || given.current && more.is_empty() {
        return Ok(Start::Nothing {});
    }
    if given.profile == Profile::Btcd026 {
        let more_headers = above(given.header_height.unwrap_or(given.height)).higher;
        return Ok(match (more_headers.is_empty(), more.is_empty()) {
            (false, _) => Start::Getheaders { among: more_headers, up_to: None },
            (true, false) => Start::Blocks { among: more },
            (true, true) => Start::Nothing {},
        });
    }
    let among = if more.is_empty() { equal } else { more };
    let up_to = given
        .next_checkpoint
        .filter(|next| given.height < *next && given.network != Chain::Regtest);
    Ok(match up_to {
        _ if among.is_empty() => Start::Nothing {},
        Some(_) => Start::Getheaders { among, up_to },
        None => Start::Getblocks { among },
    })
}

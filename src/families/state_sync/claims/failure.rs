use std::collections::{BTreeMap, BTreeSet};

use crate::families::state_sync::{Event, Profile, StateSync, SyncError};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{PeerId, Time};
use crate::primitives::ethereum_state::{Hash32, HashTable};
use crate::trace::{Step, What};

use super::watch::{Seen, Watch};

/// A sync gives up for good reason only.
pub(super) static FAILURE_IS_JUSTIFIED: Claim = Claim {
    id: "failure-is-justified",
    summary: "A sync fails for want of an item only when as many peers as are there have said that \
              they have it not.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Events,
    why: "A sync that fails too early can be made to fail by any one peer.",
    exceptions: "",
    source: "geth eth/downloader/statesync.go process: only an empty answer counts against a peer",
};

/// A sync that cannot go on says so.
pub(super) static HOPELESS_SYNC_FAILS: Claim = Claim {
    id: "hopeless-sync-fails",
    summary: "When every peer that is there has said that it does not have an item, the sync fails \
              in place of asking for ever.",
    strength: Strength::Profile(Profile::NAMES),
    needs: Needs::Events,
    why: "A state that all peers have pruned is not to be had; only a new pivot helps.",
    exceptions: "",
    source: "geth #14460: the fail counter was reset by any delivery, an endless loop",
};

pub(super) fn make_justified(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let context = context.clone();
    Box::new(Justified { context, denials: Denials::default(), judged: 0 })
}

pub(super) fn make_hopeless(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let context = context.clone();
    let (denials, came) = (Denials::default(), HashTable::default());
    Box::new(Hopeless { context, denials, came, hopeless: None, judged: 0 })
}

/// Who has said of an item that it has it not, in the sync that goes on.
#[derive(Default)]
struct Denials {
    watch: Watch,
    of: BTreeMap<Hash32, BTreeSet<PeerId>>,
}

impl Denials {
    /// Takes note of a step. Returns what an empty answer denies.
    fn see<'a>(&mut self, step: &'a Step<StateSync>) -> (Seen<'a>, Vec<Hash32>) {
        let seen = self.watch.see(step);
        let mut denied = Vec::new();
        match &seen {
            Seen::Answered { peer, blobs, request: Some(open) }
                if blobs.is_empty() && self.watch.running.is_some() =>
            {
                for hash in open.hashes.iter() {
                    self.of.entry(*hash).or_default().insert(*peer);
                    denied.push(*hash);
                }
            }
            Seen::Crashed
            | Seen::Event(Event::StateSyncStarted { .. } | Event::StateSyncStopped { .. }) => {
                // What was open then is waited for without consequences.
                self.of.clear();
                self.watch.open.clear();
            }
            _ => {}
        }
        (seen, denied)
    }
}

struct Justified {
    context: Context<StateSync>,
    denials: Denials,
    judged: u64,
}

impl Invariant<StateSync> for Justified {
    fn claim(&self) -> &'static Claim {
        &FAILURE_IS_JUSTIFIED
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        let before = match &step.what {
            What::Out { .. } => self.denials.of.clone(),
            _ => BTreeMap::new(),
        };
        let (seen, _) = self.denials.see(step);
        let Seen::Event(Event::StateSyncStopped {
            error: Some(SyncError::FailedWithAllPeers { hash, .. }),
            ..
        }) = seen
        else {
            return Ok(());
        };
        self.judged += 1;
        let peers = self.denials.watch.connected.len();
        let denials = before.get(hash).map_or(0, BTreeSet::len);
        if denials >= peers {
            return Ok(());
        }
        Err(Violation::new(
            &FAILURE_IS_JUSTIFIED,
            format!(
                "the sync goes on: {denials} of {peers} peers have said that they do not have {}",
                self.context.world.name(hash)
            ),
            format!("it fails at {}", step.at),
        ))
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

struct Hopeless {
    context: Context<StateSync>,
    denials: Denials,
    /// What somebody has sent in the sync that goes on, be it in answer to something else.
    came: HashTable<()>,
    hopeless: Option<(Hash32, Time)>,
    judged: u64,
}

impl Invariant<StateSync> for Hopeless {
    fn claim(&self) -> &'static Claim {
        &HOPELESS_SYNC_FAILS
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        if matches!(step.what, What::In { .. } | What::Crashed { .. })
            && let Some((hash, at)) = self.hopeless.take()
        {
            return Err(Violation::new(
                &HOPELESS_SYNC_FAILS,
                format!("the sync fails at {at}: no peer has {}", self.context.world.name(&hash)),
                format!("it goes on at {}", step.at),
            ));
        }
        let (seen, denied) = self.denials.see(step);
        match &seen {
            Seen::Answered { blobs, .. } => {
                self.came.extend(blobs.iter().map(|blob| (blob.hash(), ())));
            }
            Seen::Event(Event::StateSyncStarted { .. }) => self.came.clear(),
            _ => {}
        }
        let peers = &self.denials.watch.connected;
        for hash in denied.into_iter().filter(|hash| !self.came.contains_key(hash)) {
            let by = &self.denials.of[&hash];
            if peers.keys().all(|peer| by.contains(peer)) {
                self.judged += 1;
                self.hopeless = Some((hash, step.at));
            }
        }
        if matches!(seen, Seen::Event(Event::StateSyncStopped { .. })) {
            self.hopeless = None;
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

use crate::families::state_sync::StateSync;
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::primitives::ethereum_state::HashTable;
use crate::trace::Step;

use super::watch::{Durable, Seen, Watch};

/// What is there is not fetched.
pub(super) static STORED_IS_NOT_ASKED_AGAIN: Claim = Claim {
    id: "stored-is-not-asked-again",
    summary: "Nothing durable is asked for: not after the pivot has moved, not after a restart.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "A pivot moves every hour; without this each move would begin at nothing, and no sync \
          would end.",
    exceptions: "What came when its sender owed something else; code that is a trie node too, \
                 until both are stored.",
    source: "geth trie/sync.go AddSubTrie: presence check; #16224, #16280: progress lost",
};

pub(super) fn make(context: &Context<StateSync>) -> Box<dyn Invariant<StateSync>> {
    let durable = Durable::at_start(&context.world);
    let watch = Watch::default();
    Box::new(Again {
        context: context.clone(),
        watch,
        durable,
        excused: HashTable::default(),
        judged: 0,
    })
}

struct Again {
    context: Context<StateSync>,
    watch: Watch,
    durable: Durable,
    /// What came when its sender owed something else: it may be asked of others by then.
    excused: HashTable<()>,
    judged: u64,
}

impl Invariant<StateSync> for Again {
    fn claim(&self) -> &'static Claim {
        &STORED_IS_NOT_ASKED_AGAIN
    }

    fn observe(&mut self, step: &Step<StateSync>) -> Result<(), Violation> {
        match self.watch.see(step) {
            Seen::Answered { blobs, request, .. } => {
                for blob in blobs.iter() {
                    let hash = blob.hash();
                    let due = request.as_ref().is_some_and(|open| open.hashes.contains(&hash));
                    if !due {
                        self.excused.insert(hash, ());
                    }
                }
                Ok(())
            }
            Seen::Asked { peer, hashes } => {
                self.judged += 1;
                let chain = &self.context.world.chain;
                let known = hashes.iter().find(|hash| {
                    let node = self.durable.nodes.contains_key(*hash);
                    let code = self.durable.codes.contains_key(*hash);
                    let both = chain.nodes().contains_key(hash) && chain.codes().contains_key(hash);
                    (if both { node && code } else { node || code })
                        && !self.excused.contains_key(*hash)
                });
                match known {
                    None => Ok(()),
                    Some(hash) => Err(Violation::new(
                        &STORED_IS_NOT_ASKED_AGAIN,
                        format!(
                            "{} is not asked for: it is durable",
                            self.context.world.name(hash)
                        ),
                        format!("asked of {peer} at {}", step.at),
                    )
                    .about(peer)),
                }
            }
            Seen::Event(event) => {
                self.durable.write(event);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

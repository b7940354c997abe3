use crate::families::headers_first::{HeadersFirst, Message, World};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::{Input, LookupMap, Output, PeerId};
use crate::primitives::bitcoin::{BlockHash, Header};
use crate::trace::{Step, What};

use super::watch::label;

pub(super) static LOCATOR_DESCENDS: Claim = Claim {
    id: "locator-descends",
    summary: "A locator goes down one branch, from newer to older, and ends at genesis unless it \
              is a single block.",
    strength: Strength::Must,
    needs: Needs::Messages,
    why: "The receiver answers from the first block that it knows. Only a locator that goes down one \
          branch to genesis lets every honest peer find the fork; a block that nobody has finds \
          nothing.",
    exceptions: "a single block, which continues from the last header or block that the same peer \
                 sent",
    source: "Bitcoin protocol: getheaders, getblocks; bcoin e32f521a; zebra #1372",
};

pub(super) static LOCATOR_EXACT: Claim = Claim {
    id: "locator-exact",
    summary: "A full locator has the tip and the eleven blocks before it, then gaps that double, \
              then genesis.",
    strength: Strength::Profile(&["btcd-0.25", "btcd-0.26"]),
    needs: Needs::Messages,
    why: "blockLocator of chainview.go makes it so; the sizes of answers and the number of blocks \
          sent twice depend on it.",
    exceptions: "a single block",
    source: "btcd blockchain blockLocator; the same list in Bitcoin Core and bcoin",
};

pub(super) fn locator_descends(
    context: &Context<HeadersFirst>,
) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Locators::new(context, false))
}

pub(super) fn locator_exact(context: &Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Locators::new(context, true))
}

struct Locators {
    context: Context<HeadersFirst>,
    exact: bool,
    /// Headers that the world does not know, and who sent them, with work or without.
    made_up: LookupMap<BlockHash, (PeerId, bool)>,
    judged: u64,
}

impl Invariant<HeadersFirst> for Locators {
    fn claim(&self) -> &'static Claim {
        if self.exact { &LOCATOR_EXACT } else { &LOCATOR_DESCENDS }
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        if let What::In { input: Input::Message { peer, message }, .. } = &step.what
            && !self.exact
        {
            self.note_made_up(*peer, message);
        }
        let What::Out {
            output:
                Output::Send {
                    peer,
                    message:
                        Message::GetBlocks { locator, .. } | Message::GetHeaders { locator, .. },
                },
            ..
        } = &step.what
        else {
            return Ok(());
        };
        self.judged += 1;
        let world = &self.context.world;
        let broken = if self.exact { inexact(world, locator) } else { self.rising(locator) };
        match broken {
            None => Ok(()),
            Some((expected, got)) => Err(Violation::new(self.claim(), expected, got).about(*peer)),
        }
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Locators {
    fn new(context: &Context<HeadersFirst>, exact: bool) -> Self {
        Self { context: context.clone(), exact, made_up: LookupMap::default(), judged: 0 }
    }

    fn note_made_up(&mut self, peer: PeerId, message: &Message) {
        let world = &self.context.world;
        let mut note = |header: &Header| {
            if world.find(&header.hash()).is_none() {
                self.made_up.insert(header.hash(), (peer, header.meets_own_target()));
            }
        };
        match message {
            Message::Headers { headers } => headers.iter().for_each(note),
            Message::Block { block } => note(block.header()),
            _ => {}
        }
    }

    /// What is wrong with the order of a locator, as expected against got.
    fn rising(&self, locator: &[BlockHash]) -> Option<(String, String)> {
        let world = &self.context.world;
        let Some(last) = locator.last() else {
            return Some(("a locator with a block".to_owned(), "an empty one".to_owned()));
        };
        let mut newer = None;
        for hash in locator {
            let Some(id) = world.find(hash) else {
                return Some(("blocks of a valid chain".to_owned(), self.unknown(hash)));
            };
            if let Some(newer) = newer
                && (world.height(newer) <= world.height(id)
                    || world.ancestor(newer, world.height(id)) != Some(id))
            {
                return Some((
                    format!("ancestors of {} behind it", label(world, &world.hash(newer))),
                    label(world, hash),
                ));
            }
            newer = Some(id);
        }
        if locator.len() > 1 && *last != world.hash(world.genesis()) {
            return Some(("genesis at the end".to_owned(), label(world, last)));
        }
        None
    }

    /// A block of a locator that no honest peer has: what it is.
    fn unknown(&self, hash: &BlockHash) -> String {
        match self.made_up.get(hash) {
            None => format!("{hash}, which no peer has sent"),
            Some((peer, false)) => format!("{hash}, a header without work that {peer} sent"),
            Some((peer, true)) => format!("{hash}, a header on no valid chain that {peer} sent"),
        }
    }
}

/// What is wrong with the shape of a locator. A single block is a locator of its own: the one
/// that continues from the last header received.
fn inexact(world: &World, locator: &[BlockHash]) -> Option<(String, String)> {
    let first = world.find(locator.first()?)?;
    if locator.len() == 1 {
        return None;
    }
    let expected: Vec<u32> = heights_below(world.height(first));
    let got: Vec<u32> = locator
        .iter()
        .map(|hash| world.find(hash).map_or(u32::MAX, |id| world.height(id)))
        .collect();
    (expected != got).then(|| (format!("heights {expected:?}"), format!("{got:?}")))
}

/// The heights in the full locator of a block at `tip`: the first eleven gaps are 1, each later
/// gap is twice the one before, and what would fall below genesis is genesis.
fn heights_below(tip: u32) -> Vec<u32> {
    const SINGLE_GAPS: u32 = 11;
    let gap = |step: u32| 1_u64 << step.saturating_sub(SINGLE_GAPS).min(40);
    let mut heights = vec![tip];
    let mut height = u64::from(tip);
    for step in 1.. {
        if height == 0 {
            break;
        }
        height = height.saturating_sub(gap(step));
        heights.push(u32::try_from(height).expect("no height is above the tip's"));
    }
    heights
}

#[cfg(test)]
mod tests {
    use super::heights_below;

    #[test]
    fn the_locator_of_height_20_is_the_one_that_nodes_send() {
        // Seen from bcoin 1.0.2 over loopback, and by btcd's rule.
        assert_eq!(heights_below(20), [20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 7, 3, 0]);
    }

    #[test]
    fn the_locator_of_genesis_is_genesis() {
        assert_eq!(heights_below(0), [0]);
    }
}

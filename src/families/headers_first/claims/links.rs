use crate::families::headers_first::{Event, HeadersFirst};
use crate::invariant::{Claim, Context, Invariant, Needs, Strength, Violation};
use crate::machine::Output;
use crate::primitives::bitcoin::BlockHash;
use crate::trace::{Step, What};
use crate::world::BlockSet;

use super::watch::{OwnChain, label};

pub(super) static HEADERS_LINK: Claim = Claim {
    id: "headers-link",
    summary: "Every accepted header or block links to one that was accepted before, at the height \
              above it.",
    strength: Strength::Must,
    needs: Needs::Events,
    why: "Height, work, difficulty and median time of a block come from its parent, so nobody can \
          check a block without it.",
    exceptions: "an orphan, which is kept aside and not accepted",
    source: "btcd netsync handleHeadersMsg: a header that does not connect drops the peer",
};

pub(super) fn headers_link(context: &Context<HeadersFirst>) -> Box<dyn Invariant<HeadersFirst>> {
    Box::new(Links {
        own: OwnChain::new(&context.world),
        context: context.clone(),
        headers: BlockSet::default(),
        judged: 0,
    })
}

struct Links {
    context: Context<HeadersFirst>,
    own: OwnChain,
    headers: BlockSet,
    judged: u64,
}

impl Invariant<HeadersFirst> for Links {
    fn claim(&self) -> &'static Claim {
        &HEADERS_LINK
    }

    fn observe(&mut self, step: &Step<HeadersFirst>) -> Result<(), Violation> {
        if let What::Out { output: Output::Event { event }, .. } = &step.what {
            match event {
                Event::HeaderAccepted { hash, height } => self.judge(hash, *height, true)?,
                Event::BlockAccepted { hash, height } => self.judge(hash, *height, false)?,
                _ => {}
            }
        }
        self.own.see(&self.context.world, step);
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.judged
    }
}

impl Links {
    fn judge(&mut self, hash: &BlockHash, height: u32, header: bool) -> Result<(), Violation> {
        let world = &self.context.world;
        // What the world does not know is judged by `lie-never-becomes-progress`.
        let Some(id) = world.find(hash) else { return Ok(()) };
        self.judged += 1;
        if height != world.height(id) {
            return Err(Violation::new(
                &HEADERS_LINK,
                format!("{} at height {}", label(world, hash), world.height(id)),
                format!("height {height}"),
            ));
        }
        let known = world.parent(id).is_none_or(|parent| {
            self.own.has(world, parent) || (header && self.headers.contains(parent))
        });
        if !known {
            return Err(Violation::new(
                &HEADERS_LINK,
                format!("the parent of {} is accepted before it", label(world, hash)),
                "it is not".to_owned(),
            ));
        }
        if header {
            self.headers.insert(id);
        }
        Ok(())
    }
}

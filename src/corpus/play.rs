use std::collections::BTreeMap;

use crate::families::Mismatch;
use crate::machine::{Advance, Family, Outbox, Output, PeerId, Subject, SubjectError, Time};
use crate::vectors::{Moment, Script};

/// A subject that acts so often at one moment, without any output, is stopped.
const SILENT_ACTS_MAX: u32 = 100_000;

/// How outputs are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// All outputs in their order, with all that they hold. So it is for the reference.
    Exact,
    /// What each peer sees, in its order: messages, and that it is dropped, for whatever reason.
    /// The order between peers is free, and events are the subject's own.
    PerPeer,
}

/// Plays a script to a subject, by what the script says alone, and gives back the first moment at
/// which the subject does something else.
///
/// # Errors
/// When the subject fails to run.
pub fn play<F: Family>(
    script: &Script<F>,
    subject: &mut dyn Subject<F>,
    strictness: Strictness,
) -> Result<Option<Mismatch>, SubjectError> {
    let mut player =
        Player { subject, strictness, now: Time::ZERO, out: Outbox::new(), place: String::new() };
    let mismatch = player.play(script)?;
    player.subject.end()?;
    Ok(mismatch)
}

struct Player<'a, F: Family> {
    subject: &'a mut dyn Subject<F>,
    strictness: Strictness,
    now: Time,
    out: Outbox<F>,
    /// Where in the script it is, for people.
    place: String,
}

impl<F: Family> Player<'_, F> {
    fn play(&mut self, script: &Script<F>) -> Result<Option<Mismatch>, SubjectError> {
        "script.begins".clone_into(&mut self.place);
        self.subject.begin(&script.start, &mut self.out)?;
        if let Some(mismatch) = self.compare(&script.begins) {
            return Ok(Some(mismatch));
        }
        for (index, moment) in script.steps.iter().enumerate() {
            self.place = format!("script.steps[{index}]");
            if let Some(mismatch) = self.step(moment)? {
                return Ok(Some(mismatch));
            }
        }
        Ok(None)
    }

    fn step(&mut self, moment: &Moment<F>) -> Result<Option<Mismatch>, SubjectError> {
        if moment.at_ms < self.now {
            return Ok(Some(self.mismatch("a time that is not before the last", moment.at_ms)));
        }
        if moment.restart {
            // Since its process died, which may be long ago, it has not run.
            self.now = moment.at_ms;
            self.subject.restart(self.now, &mut self.out)?;
            return Ok(self.compare(&moment.expect));
        }
        for _ in 0..SILENT_ACTS_MAX {
            match self.subject.advance(self.now, moment.at_ms, &mut self.out)? {
                Advance::Acted(at) => {
                    self.now = at;
                    if self.out.is_empty() {
                        continue;
                    }
                    if moment.input.is_none() && at == moment.at_ms {
                        return Ok(self.compare(&moment.expect));
                    }
                    let got = format!("at {at}: {}", words(self.out.outputs()));
                    return Ok(Some(self.mismatch("nothing of its own", got)));
                }
                Advance::Reached => {
                    self.now = moment.at_ms;
                    let Some(input) = &moment.input else {
                        return Ok(Some(self.mismatch(words(&moment.expect), "nothing")));
                    };
                    self.subject.deliver(self.now, input.clone(), &mut self.out)?;
                    return Ok(self.compare(&moment.expect));
                }
            }
        }
        Ok(Some(self.mismatch("time to pass", "acts without end")))
    }

    fn compare(&mut self, expected: &[Output<F>]) -> Option<Mismatch> {
        let got: Vec<Output<F>> = self.out.drain().collect();
        let equal = match self.strictness {
            Strictness::Exact => got == expected,
            Strictness::PerPeer => by_peer(&got) == by_peer(expected),
        };
        (!equal).then(|| self.mismatch(words(expected), words(&got)))
    }

    fn mismatch(&self, expected: impl std::fmt::Display, got: impl std::fmt::Display) -> Mismatch {
        let place = &self.place;
        Mismatch::whole(format!("{place}: {expected}"), got.to_string())
    }
}

/// What each peer sees; `None` is the end of its connection.
fn by_peer<F: Family>(outputs: &[Output<F>]) -> BTreeMap<PeerId, Vec<Option<&F::Message>>> {
    let mut peers = BTreeMap::<_, Vec<_>>::new();
    for output in outputs {
        match output {
            Output::Disconnect { peer, .. } | Output::Refuse { peer, .. } => {
                peers.entry(*peer).or_default().push(None);
            }
            Output::Dial { .. } | Output::Event { .. } => {}
            Output::Send { peer, message } => {
                peers.entry(*peer).or_default().push(Some(message));
            }
        }
    }
    peers
}

fn words<F: Family>(outputs: &[Output<F>]) -> String {
    const SHOWN: usize = 600;
    let text = serde_json::to_string(outputs).unwrap_or_default();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

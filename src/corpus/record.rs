use std::fmt;

use crate::machine::{
    Advance, Capabilities, Family, Input, Observes, Outbox, Subject, SubjectError, Time,
};
use crate::vectors::{Moment, Script};

/// Passes everything on to a subject, and keeps a script of the last case.
pub struct Recorder<'a, F: Family> {
    subject: &'a mut dyn Subject<F>,
    script: Option<Script<F>>,
}

impl<'a, F: Family> Recorder<'a, F> {
    /// A recorder in front of `subject`.
    pub fn new(subject: &'a mut dyn Subject<F>) -> Self {
        Self { subject, script: None }
    }

    /// The script of the last case; `None` if none has begun.
    pub fn into_script(self) -> Option<Script<F>> {
        self.script
    }

    fn note(&mut self, moment: Moment<F>) {
        if let Some(script) = &mut self.script {
            script.steps.push(moment);
        }
    }
}

impl<F: Family> Subject<F> for Recorder<'_, F> {
    fn begin(&mut self, start: &F::Start, out: &mut Outbox<F>) -> Result<(), SubjectError> {
        self.subject.begin(start, out)?;
        let begins = out.outputs().to_vec();
        self.script = Some(Script { start: start.clone(), begins, steps: Vec::new() });
        Ok(())
    }

    fn deliver(
        &mut self,
        now: Time,
        input: Input<F>,
        out: &mut Outbox<F>,
    ) -> Result<(), SubjectError> {
        let before = out.outputs().len();
        self.subject.deliver(now, input.clone(), out)?;
        let expect = out.outputs()[before..].to_vec();
        self.note(Moment { at_ms: now, input: Some(input), restart: false, expect });
        Ok(())
    }

    fn advance(
        &mut self,
        now: Time,
        until: Time,
        out: &mut Outbox<F>,
    ) -> Result<Advance, SubjectError> {
        let before = out.outputs().len();
        let advance = self.subject.advance(now, until, out)?;
        let expect = out.outputs()[before..].to_vec();
        if let Advance::Acted(at) = advance
            && !expect.is_empty()
        {
            self.note(Moment { at_ms: at, input: None, restart: false, expect });
        }
        Ok(advance)
    }

    fn restart(&mut self, now: Time, out: &mut Outbox<F>) -> Result<(), SubjectError> {
        let before = out.outputs().len();
        self.subject.restart(now, out)?;
        let expect = out.outputs()[before..].to_vec();
        self.note(Moment { at_ms: now, input: None, restart: true, expect });
        Ok(())
    }

    fn end(&mut self) -> Result<(), SubjectError> {
        self.subject.end()
    }

    fn gauges(&self) -> Option<F::Gauges> {
        self.subject.gauges()
    }

    fn capabilities(&self) -> &Capabilities {
        self.subject.capabilities()
    }

    fn observes(&self) -> Observes {
        self.subject.observes()
    }
}

impl<F: Family> fmt::Debug for Recorder<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("script", &self.script).finish_non_exhaustive()
    }
}

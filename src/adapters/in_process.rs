use std::cell::RefCell;
use std::fmt;

use crate::machine::{
    Advance, Family, Input, Machine, Observes, Outbox, Subject, SubjectError, Time,
};

use super::panics::caught;

/// A machine of this process as a subject.
///
/// Virtual time passes by itself: the machine is woken at the deadline that it names. If it panics
/// the case is over, and the next one begins with a new machine.
pub struct InProcess<F: Family> {
    make: Make<F>,
    machine: Option<Box<dyn Machine<F>>>,
    observes: Observes,
    // `gauges` has no way to fail: the failure waits for the next call that has one.
    failed_gauges: RefCell<Option<SubjectError>>,
}

type Make<F> = Box<dyn Fn(&<F as Family>::Start) -> Box<dyn Machine<F>>>;

impl<F: Family> InProcess<F> {
    /// A subject that makes a new machine for each case.
    pub fn new(make: impl Fn(&F::Start) -> Box<dyn Machine<F>> + 'static) -> Self {
        Self {
            make: Box::new(make),
            machine: None,
            observes: Observes::ALL,
            failed_gauges: RefCell::new(None),
        }
    }

    /// The same subject, but the engine sees only so much of it.
    #[must_use]
    pub fn observing(mut self, observes: Observes) -> Self {
        self.observes = observes;
        self
    }

    /// When the machine next acts on its own; `None` if it waits for others only.
    ///
    /// # Errors
    /// When the machine panics, or no case has begun.
    pub fn deadline(&mut self) -> Result<Option<Time>, SubjectError> {
        self.run(|machine| machine.deadline())
    }

    fn run<T>(
        &mut self,
        work: impl FnOnce(&mut Box<dyn Machine<F>>) -> T,
    ) -> Result<T, SubjectError> {
        if let Some(error) = self.failed_gauges.get_mut().take() {
            self.machine = None;
            return Err(error);
        }
        let machine = self.machine.as_mut().ok_or_else(no_case)?;
        let result = caught(|| work(machine));
        if result.is_err() {
            self.discard();
        }
        result
    }

    /// What is left of a machine that panicked may panic again when it is dropped.
    #[cold]
    fn discard(&mut self) {
        let machine = self.machine.take();
        drop(caught(|| drop(machine)));
    }
}

impl<F: Family> Subject<F> for InProcess<F> {
    fn begin(&mut self, start: &F::Start, _out: &mut Outbox<F>) -> Result<(), SubjectError> {
        self.failed_gauges.take();
        self.machine = None;
        self.machine = Some(caught(|| (self.make)(start))?);
        Ok(())
    }

    fn deliver(
        &mut self,
        now: Time,
        input: Input<F>,
        out: &mut Outbox<F>,
    ) -> Result<(), SubjectError> {
        self.run(|machine| machine.step(now, input, out))
    }

    fn advance(
        &mut self,
        now: Time,
        until: Time,
        out: &mut Outbox<F>,
    ) -> Result<Advance, SubjectError> {
        self.run(|machine| match machine.deadline() {
            Some(deadline) if deadline <= until => {
                let at = now.max(deadline);
                machine.step(at, Input::Deadline {}, out);
                Advance::Acted(at)
            }
            _ => Advance::Reached,
        })
    }

    fn restart(&mut self, now: Time, out: &mut Outbox<F>) -> Result<(), SubjectError> {
        self.run(|machine| machine.restart(now, out))
    }

    fn end(&mut self) -> Result<(), SubjectError> {
        let machine = self.machine.take();
        let dropped = caught(|| drop(machine));
        self.failed_gauges.take().map_or(dropped, Err)
    }

    fn gauges(&self) -> Option<F::Gauges> {
        let machine = self.machine.as_ref().filter(|_| self.observes.gauges)?;
        caught(|| machine.gauges()).unwrap_or_else(|error| {
            *self.failed_gauges.borrow_mut() = Some(error);
            None
        })
    }

    fn observes(&self) -> Observes {
        self.observes
    }
}

impl<F: Family> fmt::Debug for InProcess<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess")
            .field("family", &F::NAME)
            .field("running", &self.machine.is_some())
            .finish_non_exhaustive()
    }
}

#[cold]
fn no_case() -> SubjectError {
    SubjectError::NotStarted { message: "no case has begun".to_owned() }
}

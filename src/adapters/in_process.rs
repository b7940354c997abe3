use std::cell::RefCell;
use std::fmt;

use crate::machine::{
    Advance, Capabilities, Family, Input, Machine, Observes, Outbox, Subject, SubjectError, Time,
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
    capabilities: Capabilities,
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
            capabilities: Capabilities::ALL,
            failed_gauges: RefCell::new(None),
        }
    }

    /// The same subject, but the engine sees only so much of it.
    #[must_use]
    pub fn observing(mut self, observes: Observes) -> Self {
        self.observes = observes;
        self
    }

    /// The same subject, but it can do only so much, or chooses its peers.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
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

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
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

#[cfg(test)]
mod tests {
    use crate::adapters::quiet_panics;
    use crate::adapters::toy::{Counter, HEAVY, Start, Toy, UNLUCKY};
    use crate::machine::{Output, PeerId};

    use super::*;

    const NOW: Time = Time::from_millis(5);

    fn begun() -> (InProcess<Toy>, Outbox<Toy>) {
        let mut subject = InProcess::<Toy>::new(Counter::boxed);
        let mut out = Outbox::new();
        subject.begin(&Start { delay_ms: 10 }, &mut out).unwrap();
        (subject, out)
    }

    fn number(message: u32) -> Input<Toy> {
        Input::Message { peer: PeerId(1), message }
    }

    #[test]
    fn time_passes_to_the_deadline_and_no_further() {
        let (mut subject, mut out) = begun();
        subject.deliver(NOW, number(1), &mut out).unwrap();
        let at = |millis| Time::from_millis(millis);
        assert_eq!(subject.advance(NOW, at(14), &mut out), Ok(Advance::Reached));
        assert_eq!(subject.advance(NOW, at(15), &mut out), Ok(Advance::Acted(at(15))));
        assert_eq!(subject.advance(at(15), at(99), &mut out), Ok(Advance::Reached));
        let outputs: Vec<_> = out.drain().collect();
        let sent = Output::Send { peer: PeerId(1), message: 2 };
        assert_eq!(outputs, [sent, Output::Event { event: 1 }]);
    }

    #[test]
    fn a_deadline_that_has_passed_is_now() {
        let (mut subject, mut out) = begun();
        subject.deliver(NOW, number(1), &mut out).unwrap();
        let late = Time::from_millis(50);
        assert_eq!(subject.advance(late, late, &mut out), Ok(Advance::Acted(late)));
    }

    #[test]
    fn a_panic_is_the_machines_failure() {
        quiet_panics();
        let (mut subject, mut out) = begun();
        let error = subject.deliver(NOW, number(UNLUCKY), &mut out).unwrap_err();
        let SubjectError::Panicked { message } = &error else { panic!("{error}") };
        assert!(message.contains("this number is unlucky"), "{message}");
        assert!(message.contains("toy.rs:"), "{message}");
        let error = subject.deliver(NOW, number(1), &mut out).unwrap_err();
        assert!(matches!(error, SubjectError::NotStarted { .. }), "{error}");
        subject.begin(&Start { delay_ms: 10 }, &mut out).unwrap();
        subject.deliver(NOW, number(1), &mut out).unwrap();
    }

    #[test]
    fn a_panic_of_the_gauges_is_not_lost() {
        quiet_panics();
        let (mut subject, mut out) = begun();
        subject.deliver(NOW, number(HEAVY), &mut out).unwrap();
        assert_eq!(subject.gauges(), None);
        let error = subject.end().unwrap_err();
        assert!(error.to_string().contains("too much to hold"), "{error}");
    }
}

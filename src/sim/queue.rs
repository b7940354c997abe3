use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::machine::{Family, Time};
use crate::scenario::FaultKind;

/// What waits for its time.
#[derive(Debug)]
pub(super) enum Due<F: Family> {
    /// A point of the plan.
    Plan(Point),
    /// A message on its way.
    Message(Flight<F>),
}

/// A point of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Point {
    /// A peer does something: peer index, action index.
    Act(usize, usize),
    /// A command is given.
    Command(usize),
    /// The subject dies.
    Crash(usize),
    /// The subject sees that a connection which it closed is gone.
    Dropped(usize),
    /// A peer that the subject has dialled answers, or does not.
    Dialled(usize),
    /// The network is repaired.
    Heal,
    /// A peer connects; `Some` for a session of its plan.
    Join(usize, Option<usize>),
    /// A peer leaves at the end of a session of its plan.
    Leave(usize, usize),
    /// A command is given again, if it has not been followed yet.
    Repeat(usize),
    /// A peer that the subject has dropped connects again; `Some` for a session of its plan.
    Return(usize, Option<usize>),
    /// The subject is back after a crash.
    Up,
}

/// A message on its way.
#[derive(Debug)]
pub(super) struct Flight<F: Family> {
    pub(super) peer: usize,
    /// The connection that carries it.
    pub(super) session: u64,
    pub(super) to_subject: bool,
    pub(super) message: F::Message,
    /// The step that sent it, or brought it about.
    pub(super) cause: Option<u64>,
    pub(super) lie: Option<usize>,
    pub(super) fault: Option<FaultKind>,
}

/// Orders what is due by `(time, order of scheduling)`.
///
/// Messages of one stream have rising times, so only the head of each stream stands in the heap.
#[derive(Debug)]
pub(super) struct Queue<F: Family> {
    heap: BinaryHeap<Reverse<(Time, u64, Source)>>,
    streams: Vec<Stream<F>>,
    order: u64,
    in_flight: u64,
    from_subject: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Point(Point),
    Stream(usize),
}

#[derive(Debug)]
struct Stream<F: Family> {
    last: Time,
    waiting: VecDeque<(Time, u64, Flight<F>)>,
}

/// The name of a stream: one direction of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StreamId(usize);

impl<F: Family> Queue<F> {
    pub(super) fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            streams: Vec::new(),
            order: 0,
            in_flight: 0,
            from_subject: 0,
        }
    }

    /// A stream for a new connection; one that has run empty is used again.
    pub(super) fn open(&mut self, reuse: Option<StreamId>) -> StreamId {
        if let Some(StreamId(index)) = reuse
            && self.streams[index].waiting.is_empty()
        {
            self.streams[index].last = Time::ZERO;
            return StreamId(index);
        }
        self.streams.push(Stream { last: Time::ZERO, waiting: VecDeque::new() });
        StreamId(self.streams.len() - 1)
    }

    /// When a message sent now for `at` can arrive behind those before it.
    pub(super) fn earliest(&self, stream: StreamId, at: Time) -> Time {
        at.max(self.streams[stream.0].last)
    }

    pub(super) fn push_message(&mut self, stream: StreamId, at: Time, flight: Flight<F>) {
        let at = self.earliest(stream, at);
        let order = self.next_order();
        let queue = &mut self.streams[stream.0];
        queue.last = at;
        self.in_flight += 1;
        self.from_subject += u64::from(!flight.to_subject);
        if queue.waiting.is_empty() {
            self.heap.push(Reverse((at, order, Source::Stream(stream.0))));
        }
        queue.waiting.push_back((at, order, flight));
    }

    pub(super) fn push_point(&mut self, at: Time, point: Point) {
        let order = self.next_order();
        self.heap.push(Reverse((at, order, Source::Point(point))));
    }

    /// When the next thing is due.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, _, _))| *at)
    }

    pub(super) fn pop(&mut self) -> Option<Due<F>> {
        let Reverse((_, _, source)) = self.heap.pop()?;
        match source {
            Source::Point(point) => Some(Due::Plan(point)),
            Source::Stream(index) => {
                let waiting = &mut self.streams[index].waiting;
                let (_, _, flight) = waiting.pop_front()?;
                if let Some((at, order, _)) = waiting.front() {
                    self.heap.push(Reverse((*at, *order, Source::Stream(index))));
                }
                self.in_flight -= 1;
                self.from_subject -= u64::from(!flight.to_subject);
                Some(Due::Message(flight))
            }
        }
    }

    /// How many messages are on their way.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// How many of them the subject has sent.
    pub(super) fn sent_by_subject(&self) -> u64 {
        self.from_subject
    }

    fn next_order(&mut self) -> u64 {
        self.order += 1;
        self.order
    }
}

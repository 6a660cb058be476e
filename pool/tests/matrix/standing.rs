//! What the contract gives to a caller, by where it stands. Every expectation of the matrix is in here.

use drainpool::{Refusal, WaitError};

/// Where the code that calls the pool stands towards it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is a piece of the pool's work, on whatever thread. What it submits is nested (C4): accepted
    /// after close as well, without waiting and without taking room, unless the pool is over. What it
    /// waits for it runs itself, if nobody has begun that (C11). It is told that it cannot wait for
    /// rest, and does not wait for the end.
    AtWork,
    /// It is called by the pool, not by a piece of its work. What it submits is accepted if the pool
    /// is open and has room, and comes back at once if not. Everything else is as at work.
    Inside,
    /// It is called by the pool, in the course of a piece of its work: what it submits may count as that
    /// work's or as the pool's. It never waits.
    Either,
    /// It is none of the pool's business: it waits for room, for rest and for the end, as anybody does.
    Outside,
}

/// How the pool is when the call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Open, and with room.
    Open,
    /// Open, with a full queue.
    Full,
    /// Closed, and kept from its end.
    Closed,
    /// Closed, and without threads.
    Over,
}

/// What became of a submit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    Closed,
    Full,
    NoThread,
    /// One that the facade does not know yet.
    Other,
}

impl Verdict {
    pub(crate) fn of(reason: &Refusal) -> Self {
        match reason {
            Refusal::Closed => Self::Closed,
            Refusal::Full => Self::Full,
            Refusal::NoThread(_) => Self::NoThread,
            _ => Self::Other,
        }
    }
}

/// What a submit does if there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfFull {
    Waits,
    Fails,
    RunsHere,
}

/// What is known of the place besides.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    pub(crate) standing: Standing,
    pub(crate) state: State,
    /// No worker is at work that could run what is submitted from outside.
    pub(crate) alone: bool,
    /// That the queue was full may be over by the time of the call.
    pub(crate) room_may_come: bool,
}

impl Circumstances {
    /// How a submit may end.
    pub(crate) fn submit(self, if_full: IfFull) -> Vec<Verdict> {
        use Standing::{AtWork, Either, Inside, Outside};
        use Verdict::{Accepted, Closed, Full, NoThread};
        let mut allowed = match (self.standing, self.state) {
            (_, State::Over) => vec![Closed],
            (AtWork, _) => vec![Accepted],
            (Either, State::Closed) => vec![Accepted, Closed],
            (Inside | Outside, State::Closed) => vec![Closed],
            (_, State::Open) => vec![Accepted],
            (_, State::Full) if if_full == IfFull::RunsHere => vec![Accepted],
            (Inside, State::Full) if !self.room_may_come => vec![Full],
            (Inside | Either, State::Full) => vec![Accepted, Full],
            (Outside, State::Full) if if_full == IfFull::Fails => vec![Accepted, Full],
            (Outside, State::Full) => vec![Accepted],
        };
        if self.alone && !matches!(self.state, State::Closed | State::Over) {
            allowed.push(NoThread);
        }
        allowed
    }

    /// How an install may end: inside of the pool it is an ordinary call.
    pub(crate) fn install(self) -> Vec<Verdict> {
        if self.is_outside() { self.submit(IfFull::Waits) } else { vec![Verdict::Accepted] }
    }

    /// What waiting for rest says.
    pub(crate) fn wait_idle(self) -> Result<(), WaitError> {
        if self.is_outside() { Ok(()) } else { Err(WaitError::InsideJob) }
    }

    /// Whether a shutdown waits for the end, so that its report is the last word.
    pub(crate) fn waits_for_the_end(self) -> bool {
        self.is_outside()
    }

    fn is_outside(self) -> bool {
        self.standing == Standing::Outside
    }
}

//! The gate: accept and close, decided on one atomic word.

use crate::sync::{AtomicU64, Relaxed};

const CLOSED: u64 = 1;
const DORMANT: u64 = 2;
/// The pool has observers, which are to be told of what is accepted.
const OBSERVED: u64 = 4;
/// One accepted job.
const ONE: u64 = 8;

/// The reason why the gate accepts nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Barred {
    /// The pool is closed, for good.
    Closed,
    /// The pool has no worker; one must have started before anything is accepted.
    Dormant,
    /// The pool is observed: jobs are to be counted in by [`Gate::accept_observed`].
    Observed,
}

impl Barred {
    #[cold]
    fn by(word: u64) -> Self {
        match word {
            _ if word & CLOSED != 0 => Self::Closed,
            _ if word & DORMANT != 0 => Self::Dormant,
            _ => Self::Observed,
        }
    }
}

/// The word that counts the jobs accepted from outside, with three flags in its lowest bits.
///
/// Everything that must be one decision is one read-modify-write of this word. A submit is either counted
/// or sees `CLOSED` (C1, C6). The last worker to leave either finds that nothing was accepted since it
/// looked, or stays (the race of C7 that keep-alive brings).
///
/// Every access is `Relaxed`: the decisions need only the word's own modification order, and no other
/// memory hangs on it. Jobs travel through the queue, which orders them itself. Sums with the workers'
/// counts are taken under the lock that those workers parked under.
#[derive(Debug)]
pub(crate) struct Gate(AtomicU64);

impl Gate {
    /// Returns a gate without workers behind it: dormant until [`Gate::open`].
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(DORMANT))
    }

    /// Counts `jobs` in and returns the sequence number of the first.
    #[inline]
    pub(crate) fn accept(&self, jobs: u64) -> Result<u64, Barred> {
        self.accept_unless(CLOSED | DORMANT | OBSERVED, jobs)
    }

    /// The same for a pool that is observed, whose observers the caller tells.
    pub(crate) fn accept_observed(&self, jobs: u64) -> Result<u64, Barred> {
        self.accept_unless(CLOSED | DORMANT, jobs)
    }

    #[inline]
    fn accept_unless(&self, bars: u64, jobs: u64) -> Result<u64, Barred> {
        let mut word = self.0.load(Relaxed);
        loop {
            if word & bars != 0 {
                return Err(Barred::by(word));
            }
            match self.0.compare_exchange_weak(word, word + jobs * ONE, Relaxed, Relaxed) {
                Ok(_) => return Ok(word / ONE),
                Err(now) => word = now,
            }
        }
    }

    /// Has each acceptance told to observers: [`accept`](Self::accept) accepts nothing from here on.
    pub(crate) fn observe(&self) {
        self.0.fetch_or(OBSERVED, Relaxed);
    }

    /// Closes the gate: nothing is accepted from outside from here on.
    pub(crate) fn close(&self) {
        self.0.fetch_or(CLOSED, Relaxed);
    }

    /// Reads the word: the number of accepted jobs and whether more may be, of one moment.
    pub(crate) fn read(&self) -> Word {
        Word(self.0.load(Relaxed))
    }

    /// Goes dormant, unless anything has changed since `seen` was read.
    pub(crate) fn go_dormant(&self, seen: Word) -> bool {
        self.0.compare_exchange(seen.0, seen.0 | DORMANT, Relaxed, Relaxed).is_ok()
    }

    /// Goes dormant, whatever was accepted: there is no worker, and the next submit must start one.
    pub(crate) fn lose_workers(&self) {
        self.0.fetch_or(DORMANT, Relaxed);
    }

    /// Opens the gate: there is a worker.
    pub(crate) fn open(&self) {
        self.0.fetch_and(!DORMANT, Relaxed);
    }
}

/// The value of a [`Gate`]'s word at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word(u64);

impl Word {
    /// The number of jobs that were ever accepted.
    pub(crate) fn accepted(self) -> u64 {
        self.0 / ONE
    }

    pub(crate) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    pub(crate) fn is_dormant(self) -> bool {
        self.0 & DORMANT != 0
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_are_dense_and_stop_at_close() {
        let gate = Gate::new();
        assert_eq!(gate.accept(1), Err(Barred::Dormant));
        gate.open();
        assert_eq!(gate.accept(1), Ok(0));
        assert_eq!(gate.accept(3), Ok(1));
        assert_eq!(gate.accept(1), Ok(4));
        gate.close();
        assert_eq!(gate.accept(1), Err(Barred::Closed));
        assert_eq!(gate.read().accepted(), 5);
        assert!(gate.read().is_closed());
    }

    #[test]
    fn an_observed_gate_accepts_for_those_who_tell() {
        let gate = Gate::new();
        gate.observe();
        assert_eq!(gate.accept(1), Err(Barred::Dormant));
        gate.open();
        assert_eq!(gate.accept(1), Err(Barred::Observed));
        assert_eq!((gate.accept_observed(2), gate.accept_observed(1)), (Ok(0), Ok(2)));
        gate.close();
        assert_eq!(gate.accept_observed(1), Err(Barred::Closed));
        assert_eq!(gate.read().accepted(), 3);
    }

    #[test]
    fn falls_dormant_only_on_the_word_it_was_shown() {
        let gate = Gate::new();
        gate.open();
        let before = gate.read();
        gate.accept(2).unwrap();
        assert!(!gate.go_dormant(before));
        assert!(!gate.read().is_dormant());
        assert!(gate.go_dormant(gate.read()));
        assert_eq!(gate.accept(1), Err(Barred::Dormant));
        gate.close();
        assert_eq!(gate.accept(1), Err(Barred::Closed), "closed outranks dormant");
    }
}

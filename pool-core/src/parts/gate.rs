//! The gate: accept and close, decided on one atomic word for each stripe of submitting threads.

use crate::id::JobId;
use crate::parts::thread_number::thread_number;
use crate::sync::{AtomicU64, CachePadded, Relaxed};

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

/// The words that count the jobs accepted from outside, with three flags in their lowest bits.
///
/// There is a word for each *stripe*. Each submitting thread has its stripe, so threads that submit at the same time
/// write to different cache lines.
///
/// Everything that must be one decision is one read-modify-write of the submitter's word. A submit is either counted
/// or sees `CLOSED` (C1, C6); the gate is closed when all its words are. The last worker to leave makes one word
/// after the other `DORMANT`, as long as each is what it was when all jobs were seen to be taken; otherwise it
/// opens them again, and stays (the race of C7 that keep-alive brings). Both are done under the sleep lock, for which
/// a submit that finds its word dormant waits.
///
/// # Sums
///
/// The counts only grow, so a sum of them, read one by one, is at least what they were together when the first was
/// read. What was taken is never more than what was accepted. So if the sum equals what was taken, it was exact at
/// that moment; and if all words were closed, for good.
///
/// Every access is `Relaxed`: each decision needs only its word's own modification order, and no other memory hangs
/// on it. Jobs travel through the queue, which orders them itself: who has taken a job sees that it was counted. Sums
/// with the workers' counts are taken under the lock that those workers parked under.
// On cache lines of its own: each submit reads where the stripes are, and what lies beside it is written.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Gate {
    /// A power of two of them.
    stripes: Box<[CachePadded<AtomicU64>]>,
}

impl Gate {
    /// Returns a gate without workers behind it: dormant until [`Gate::open`]. The number of stripes is
    /// rounded to what is possible; with one, jobs are numbered without gaps.
    pub(crate) fn new(stripes: usize) -> Self {
        let stripes = stripes.clamp(1, JobId::MAX_STRIPES).next_power_of_two();
        let word = || CachePadded(AtomicU64::new(DORMANT));
        Self { stripes: (0..stripes).map(|_| word()).collect() }
    }

    /// The stripe of the present thread.
    #[inline]
    fn own(&self) -> usize {
        thread_number() & (self.stripes.len() - 1)
    }

    /// Counts `jobs` in and returns the id of the first. Those of the others follow it.
    #[inline]
    pub(crate) fn accept(&self, jobs: u64) -> Result<JobId, Barred> {
        self.accept_unless(CLOSED | DORMANT | OBSERVED, jobs)
    }

    /// The same for a pool that is observed, whose observers the caller tells.
    pub(crate) fn accept_observed(&self, jobs: u64) -> Result<JobId, Barred> {
        self.accept_unless(CLOSED | DORMANT, jobs)
    }

    #[inline]
    fn accept_unless(&self, bars: u64, jobs: u64) -> Result<JobId, Barred> {
        let stripe = self.own();
        let atomic = &self.stripes[stripe].0;
        let mut word = atomic.load(Relaxed);
        loop {
            if word & bars != 0 {
                return Err(Barred::by(word));
            }
            match atomic.compare_exchange_weak(word, word + jobs * ONE, Relaxed, Relaxed) {
                Ok(_) => return Ok(JobId::in_stripe(stripe, word / ONE)),
                Err(now) => word = now,
            }
        }
    }

    /// Has each acceptance told to observers: [`accept`](Self::accept) accepts nothing from here on.
    pub(crate) fn observe(&self) {
        self.set(OBSERVED);
    }

    /// Closes the gate: nothing is accepted from outside from here on.
    pub(crate) fn close(&self) {
        self.set(CLOSED);
    }

    /// Goes dormant, whatever was accepted: there is no worker, and the next submit must start one.
    pub(crate) fn lose_workers(&self) {
        self.set(DORMANT);
    }

    fn set(&self, flag: u64) {
        self.stripes.iter().for_each(|stripe| _ = stripe.0.fetch_or(flag, Relaxed));
    }

    /// Opens the gate: there is a worker.
    pub(crate) fn open(&self) {
        self.reopen(self.stripes.len());
    }

    /// Opens the first stripes.
    fn reopen(&self, count: usize) {
        self.stripes[..count].iter().for_each(|stripe| _ = stripe.0.fetch_and(!DORMANT, Relaxed));
    }

    /// Goes dormant, unless anything has changed since `seen` was read.
    pub(crate) fn go_dormant(&self, seen: &Words) -> bool {
        for (index, stripe) in self.stripes.iter().enumerate() {
            let word = seen.words[index];
            if stripe.0.compare_exchange(word, word | DORMANT, Relaxed, Relaxed).is_err() {
                self.reopen(index);
                return false;
            }
        }
        true
    }

    /// Whether the gate is closed, for the jobs of the present thread.
    pub(crate) fn is_closed(&self) -> bool {
        self.stripes[self.own()].0.load(Relaxed) & CLOSED != 0
    }

    /// Whether the gate is dormant. Certain under the sleep lock.
    pub(crate) fn is_dormant(&self) -> bool {
        self.stripes[self.own()].0.load(Relaxed) & DORMANT != 0
    }

    /// Reads the words.
    pub(crate) fn read(&self) -> Words {
        let mut words = [0; JobId::MAX_STRIPES];
        for (word, stripe) in words.iter_mut().zip(&self.stripes) {
            *word = stripe.0.load(Relaxed);
        }
        Words { words, count: self.stripes.len() }
    }
}

/// The values of a [`Gate`]'s words, read one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    words: [u64; JobId::MAX_STRIPES],
    count: usize,
}

impl Words {
    fn iter(&self) -> impl Iterator<Item = u64> {
        self.words.into_iter().take(self.count)
    }

    /// The number of jobs that were ever accepted.
    pub(crate) fn accepted(&self) -> u64 {
        self.iter().map(|word| word / ONE).sum()
    }

    /// Whether nothing more is accepted.
    pub(crate) fn is_closed(&self) -> bool {
        self.iter().all(|word| word & CLOSED != 0)
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    fn number(id: Result<JobId, Barred>) -> Result<u64, Barred> {
        id.map(JobId::as_u64)
    }

    #[test]
    fn with_one_stripe_numbers_are_dense_and_stop_at_close() {
        let gate = Gate::new(1);
        assert_eq!(gate.accept(1), Err(Barred::Dormant));
        gate.open();
        assert_eq!(number(gate.accept(1)), Ok(0));
        assert_eq!(number(gate.accept(3)), Ok(1));
        assert_eq!(number(gate.accept(1)), Ok(4));
        gate.close();
        assert_eq!(gate.accept(1), Err(Barred::Closed));
        assert_eq!(gate.read().accepted(), 5);
        assert!(gate.is_closed() && gate.read().is_closed());
    }

    #[test]
    fn an_observed_gate_accepts_for_those_who_tell() {
        let gate = Gate::new(1);
        gate.observe();
        assert_eq!(gate.accept(1), Err(Barred::Dormant));
        gate.open();
        assert_eq!(gate.accept(1), Err(Barred::Observed));
        assert_eq!(
            (number(gate.accept_observed(2)), number(gate.accept_observed(1))),
            (Ok(0), Ok(2))
        );
        gate.close();
        assert_eq!(gate.accept_observed(1), Err(Barred::Closed));
        assert_eq!(gate.read().accepted(), 3);
    }

    #[test]
    fn falls_dormant_only_on_the_words_it_was_shown() {
        for stripes in [1, 4] {
            let gate = Gate::new(stripes);
            gate.open();
            let before = gate.read();
            assert!(gate.accept(2).is_ok());
            assert!(!gate.go_dormant(&before));
            assert!(!gate.is_dormant());
            assert!(gate.go_dormant(&gate.read()));
            assert_eq!(gate.accept(1), Err(Barred::Dormant));
            gate.close();
            assert_eq!(gate.accept(1), Err(Barred::Closed), "closed outranks dormant");
        }
    }

    #[test]
    fn threads_of_different_stripes_share_no_number() {
        let gate = Gate::new(4);
        gate.open();
        let accept_some = || (0..100).map(|_| gate.accept(1).unwrap()).collect::<Vec<_>>();
        let ids: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(accept_some)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|ids| ids.is_sorted()), "in order for one thread");
        let all: std::collections::HashSet<_> = ids.concat().into_iter().collect();
        assert_eq!((all.len(), gate.read().accepted()), (800, 800));
    }

    #[test]
    fn an_impossible_number_of_stripes_is_rounded() {
        let stripes = |wanted| Gate::new(wanted).stripes.len();
        assert_eq!([0, 1, 3, 16, usize::MAX].map(stripes), [1, 1, 4, 16, 16]);
    }
}

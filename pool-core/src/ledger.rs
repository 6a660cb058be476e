//! Who accepted, took and finished how many jobs.

use crate::gate::{Gate, Word};
use crate::sync::{Acquire, AtomicU64, CachePadded, Relaxed, Release};

/// Ids of nested jobs are handed to the workers in blocks of this many, which start at its
/// multiples.
pub(crate) const ID_BLOCK: u64 = 1024;
/// Set in the id of a nested job, so that it can not meet one that was submitted from outside.
const NESTED: u64 = 1 << 63;

/// One worker's own counts. Only that worker writes them, so an increment is a plain load and
/// store; whoever adds them up does so under the lock that the worker has slept on since, which
/// makes them exact, or takes them for statistics, where a moment's delay is no harm.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Jobs that this worker's jobs submitted.
    pub(crate) pushed: Count,
    /// Jobs that this worker took from the queue.
    pub(crate) popped: Count,
    /// Jobs that returned.
    pub(crate) done: Count,
    /// Jobs that panicked.
    pub(crate) panicked: Count,
    /// Outcomes that the sink did not take.
    pub(crate) undelivered: Count,
}

/// A count with a single writer.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    #[inline]
    pub(crate) fn bump(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The books of one pool.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Accepts jobs from outside, and counts them.
    pub(crate) gate: CachePadded<Gate>,
    /// Jobs that were accepted from outside but that the queue then refused and gave back.
    refused: AtomicU64,
    /// The next block of nested ids.
    next_block: AtomicU64,
    workers: Box<[CachePadded<Counters>]>,
}

/// The sums of a [`Ledger`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) accepted: u64,
    pub(crate) popped: u64,
    pub(crate) done: u64,
    pub(crate) panicked: u64,
    pub(crate) undelivered: u64,
}

impl Ledger {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            gate: CachePadded(Gate::new()),
            refused: AtomicU64::new(0),
            next_block: AtomicU64::new(0),
            workers: (0..workers).map(|_| CachePadded::default()).collect(),
        }
    }

    #[inline]
    pub(crate) fn worker(&self, index: usize) -> &Counters {
        &self.workers[index].0
    }

    /// A job was counted in, but the queue would not have it.
    pub(crate) fn refuse(&self) {
        self.refused.fetch_add(1, Release);
    }

    /// To be read before the gate's word: whatever was refused by then is counted there. Acquire and
    /// release see to that across the two.
    fn refused(&self) -> u64 {
        self.refused.load(Acquire)
    }

    /// The first of a fresh block of [`ID_BLOCK`] ids for one worker's nested jobs.
    pub(crate) fn nested_ids(&self) -> u64 {
        NESTED | self.next_block.fetch_add(ID_BLOCK, Relaxed)
    }

    /// If every accepted job was taken: the gate's word by which that is so. Whatever follows from
    /// it must be decided on this word and not on a later one, before which more may have come in.
    /// An unequal sum means that a submit is on its way, which will look for sleepers when it
    /// arrives.
    ///
    /// Exact only while every worker sleeps or has left, under the lock they sleep on.
    pub(crate) fn balanced(&self) -> Option<Word> {
        let refused = self.refused();
        let word = self.gate.0.read();
        let mut open = word.accepted().wrapping_sub(refused);
        for CachePadded(worker) in &self.workers {
            open = open.wrapping_add(worker.pushed.get()).wrapping_sub(worker.popped.get());
        }
        (open == 0).then_some(word)
    }

    pub(crate) fn sums(&self) -> Sums {
        let mut sums = Sums { accepted: 0, popped: 0, done: 0, panicked: 0, undelivered: 0 };
        // Ends before beginnings: with jobs still running, no end is seen without its beginning.
        for CachePadded(worker) in &self.workers {
            sums.done += worker.done.get();
            sums.panicked += worker.panicked.get();
            sums.undelivered += worker.undelivered.get();
        }
        for CachePadded(worker) in &self.workers {
            sums.popped += worker.popped.get();
        }
        for CachePadded(worker) in &self.workers {
            sums.accepted += worker.pushed.get();
        }
        let refused = self.refused();
        sums.accepted += self.gate.0.read().accepted().saturating_sub(refused);
        sums
    }
}

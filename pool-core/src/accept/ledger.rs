//! Who accepted, took and finished how many jobs.

use crate::accept::gate::{Gate, Word};
use crate::sync::{Acquire, AtomicU64, CachePadded, Relaxed, Release};

/// Ids of nested jobs are handed to the workers in blocks of this many, which start at its
/// multiples.
pub(crate) const ID_BLOCK: u64 = 1024;

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
    /// Jobs whose time was over when their turn came.
    pub(crate) expired: Count,
    /// Outcomes that the sink did not take.
    pub(crate) undelivered: Count,
}

/// How a job ended that ran or was dropped because of its handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Done,
    Panicked,
    Cancelled,
    Expired,
}

/// Jobs that were not a worker's to take, because somebody else had the means and the right: the
/// holder of a handle, who cancels a job or runs it. Any thread writes these.
#[derive(Debug, Default)]
struct Outside {
    /// Jobs that such jobs submitted while they ran.
    pushed: AtomicU64,
    taken: AtomicU64,
    done: AtomicU64,
    panicked: AtomicU64,
    cancelled: AtomicU64,
    expired: AtomicU64,
    undelivered: AtomicU64,
}

impl Outside {
    fn of(&self, how: Ended) -> &AtomicU64 {
        match how {
            Ended::Done => &self.done,
            Ended::Panicked => &self.panicked,
            Ended::Cancelled => &self.cancelled,
            Ended::Expired => &self.expired,
        }
    }

    /// Jobs that were taken and have ended. Acquire, against the release in
    /// [`Ledger::settle_outside`]: whoever sees an end sees that the job was accepted.
    fn settled(&self) -> u64 {
        let ends = [&self.done, &self.panicked, &self.cancelled, &self.expired];
        ends.into_iter().fold(0, |sum, end| sum.wrapping_add(end.load(Acquire)))
    }
}

/// A count with a single writer.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    #[inline]
    pub(crate) fn bump(&self) {
        self.add(1);
    }

    #[inline]
    pub(crate) fn add(&self, count: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(count), Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
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
    outside: CachePadded<Outside>,
    workers: Box<[CachePadded<Counters>]>,
}

/// The sums of a [`Ledger`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) accepted: u64,
    pub(crate) popped: u64,
    pub(crate) done: u64,
    pub(crate) panicked: u64,
    pub(crate) cancelled: u64,
    pub(crate) expired: u64,
    pub(crate) undelivered: u64,
}

impl Sums {
    /// Jobs that have their outcome.
    pub(crate) fn ended(&self) -> u64 {
        self.done + self.panicked + self.cancelled + self.expired
    }
}

impl Ledger {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            gate: CachePadded(Gate::new()),
            refused: AtomicU64::new(0),
            next_block: AtomicU64::new(0),
            outside: CachePadded::default(),
            workers: (0..workers).map(|_| CachePadded::default()).collect(),
        }
    }

    #[inline]
    pub(crate) fn worker(&self, index: usize) -> &Counters {
        &self.workers[index].0
    }

    /// Jobs were counted in, but the queue would not have them.
    pub(crate) fn refuse(&self, jobs: u64) {
        self.refused.fetch_add(jobs, Release);
    }

    /// Somebody who is no worker takes a job. Until [`settle_outside`](Self::settle_outside) the
    /// books do not balance, so the pool is not at rest while it runs.
    pub(crate) fn take_outside(&self) {
        self.outside.0.taken.fetch_add(1, Relaxed);
    }

    /// A job that runs so submits jobs itself (C4). Nothing bars them: it keeps the pool from coming
    /// to rest, so the workers are there.
    pub(crate) fn push_outside(&self, jobs: u64) {
        self.outside.0.pushed.fetch_add(jobs, Relaxed);
    }

    /// A job that was taken so has ended, and its outcome can be seen. The caller must look whether
    /// the pool has come to rest.
    pub(crate) fn settle_outside(&self, how: Ended) {
        self.outside.0.of(how).fetch_add(1, Release);
    }

    /// Outcomes that somebody who is no worker delivered found no taker.
    pub(crate) fn undelivered_outside(&self, outcomes: u64) {
        self.outside.0.undelivered.fetch_add(outcomes, Relaxed);
    }

    /// To be read before the gate's word: whatever was refused by then is counted there. Acquire and
    /// release see to that across the two.
    fn refused(&self) -> u64 {
        self.refused.load(Acquire)
    }

    /// The first of so many fresh ids for nested jobs, rounded up to whole blocks of [`ID_BLOCK`].
    pub(crate) fn nested_ids(&self, count: u64) -> u64 {
        self.next_block.fetch_add(count.next_multiple_of(ID_BLOCK), Relaxed)
    }

    /// If every accepted job was taken: the gate's word by which that is so. Whatever follows from
    /// it must be decided on this word and not on a later one, before which more may have come in.
    /// An unequal sum means that a submit is on its way, which will look for sleepers when it
    /// arrives.
    ///
    /// Exact only while every worker sleeps or has left, under the lock they sleep on.
    pub(crate) fn balanced(&self) -> Option<Word> {
        let gone = self.refused().wrapping_add(self.outside.0.settled());
        let word = self.gate.0.read();
        let pushed = self.outside.0.pushed.load(Relaxed);
        let mut open = word.accepted().wrapping_add(pushed).wrapping_sub(gone);
        for CachePadded(worker) in &self.workers {
            open = open.wrapping_add(worker.pushed.get()).wrapping_sub(worker.popped.get());
        }
        (open == 0).then_some(word)
    }

    pub(crate) fn sums(&self) -> Sums {
        let Outside { pushed, taken, done, panicked, cancelled, expired, undelivered } =
            &self.outside.0;
        // Ends before beginnings: with jobs still running, no end is seen without its beginning.
        let mut sums = Sums {
            accepted: 0,
            popped: 0,
            done: done.load(Acquire),
            panicked: panicked.load(Acquire),
            cancelled: cancelled.load(Acquire),
            expired: expired.load(Acquire),
            undelivered: undelivered.load(Relaxed),
        };
        for CachePadded(worker) in &self.workers {
            sums.done += worker.done.get();
            sums.panicked += worker.panicked.get();
            sums.expired += worker.expired.get();
            sums.undelivered += worker.undelivered.get();
        }
        sums.popped = taken.load(Relaxed);
        for CachePadded(worker) in &self.workers {
            sums.popped += worker.popped.get();
        }
        for CachePadded(worker) in &self.workers {
            sums.accepted += worker.pushed.get();
        }
        sums.accepted += pushed.load(Relaxed);
        let refused = self.refused();
        sums.accepted += self.gate.0.read().accepted().saturating_sub(refused);
        sums
    }
}

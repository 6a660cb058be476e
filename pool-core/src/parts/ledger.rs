//! Who accepted, took and finished how many jobs.

use crate::parts::gate::{Gate, Word};
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
    /// The weight of the queue's entries that this worker made stale; see
    /// [`Stale`](crate::parts::stale::Stale).
    pub(crate) stale: Count,
}

/// This often a reader tries to see a worker between two of its jobs.
const LOOKS: usize = 16;

impl Counters {
    /// The worker has ended a job. The only place where a worker's outcomes are counted.
    #[inline]
    pub(crate) fn count(&self, how: Ended) {
        match how {
            Ended::Done => self.done.bump(),
            Ended::Panicked => self.panicked.bump(),
            Ended::Expired => self.expired.bump(),
            // Nobody cancels in a worker's name.
            Ended::Cancelled => {}
        }
    }

    /// How many jobs the worker took, and how those ended that have.
    ///
    /// The ends are read between two looks at the beginnings. If those agree, all is of one moment. If
    /// the worker is too fast for that, the earlier look counts, as if those that began since then had
    /// not: a job that runs may be overlooked, and none is counted twice.
    fn read(&self) -> (u64, Sums) {
        let look = || {
            // Acquire, so that what follows is not read before it.
            let popped = self.popped.0.load(Acquire);
            let part = Sums {
                done: self.done.0.load(Acquire),
                panicked: self.panicked.0.load(Acquire),
                expired: self.expired.0.load(Acquire),
                undelivered: self.undelivered.get(),
                ..Sums::default()
            };
            (popped, part)
        };
        let mut last = look();
        for _ in 1..LOOKS {
            if self.popped.get() == last.0 {
                break;
            }
            last = look();
        }
        last
    }
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

    /// How many jobs were taken, and how those ended that have. In this order, as for a worker's.
    fn read(&self) -> (u64, Sums) {
        let taken = self.taken.load(Acquire);
        let part = Sums {
            done: self.done.load(Acquire),
            panicked: self.panicked.load(Acquire),
            cancelled: self.cancelled.load(Acquire),
            expired: self.expired.load(Acquire),
            undelivered: self.undelivered.load(Relaxed),
            ..Sums::default()
        };
        (taken, part)
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) accepted: u64,
    pub(crate) running: u64,
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

    /// Jobs that wait to be started.
    pub(crate) fn queued(&self) -> u64 {
        self.accepted.saturating_sub(self.ended() + self.running)
    }

    fn add(&mut self, taken: u64, part: Self) {
        self.running += taken.saturating_sub(part.ended());
        self.done += part.done;
        self.panicked += part.panicked;
        self.cancelled += part.cancelled;
        self.expired += part.expired;
        self.undelivered += part.undelivered;
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
    pub(crate) fn all_taken(&self) -> Option<Word> {
        let gone = self.refused().wrapping_add(self.outside.0.settled());
        let word = self.gate.0.read();
        let pushed = self.outside.0.pushed.load(Relaxed);
        let mut open = word.accepted().wrapping_add(pushed).wrapping_sub(gone);
        for CachePadded(worker) in &self.workers {
            open = open.wrapping_add(worker.pushed.get()).wrapping_sub(worker.popped.get());
        }
        (open == 0).then_some(word)
    }

    /// How many jobs wait to be started, or a few more.
    pub(crate) fn pending(&self) -> u64 {
        let workers = self.workers.iter().map(|worker| worker.0.popped.get());
        let taken = workers.sum::<u64>() + self.outside.0.taken.load(Acquire);
        self.accepted().saturating_sub(taken)
    }

    fn accepted(&self) -> u64 {
        let refused = self.refused();
        let outside = self.gate.0.read().accepted() + self.outside.0.pushed.load(Relaxed);
        let pushed: u64 = self.workers.iter().map(|worker| worker.0.pushed.get()).sum();
        (outside + pushed).saturating_sub(refused)
    }

    /// The sums, such that they do not contradict each other: no job is seen running twice, or both
    /// running and ended.
    pub(crate) fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        let (taken, outside) = self.outside.0.read();
        sums.add(taken, outside);
        for CachePadded(worker) in &self.workers {
            let (popped, part) = worker.read();
            sums.add(popped, part);
        }
        // Last: whatever was seen to begin or to end is seen to have been accepted.
        sums.accepted = self.accepted();
        sums
    }
}

//! The ledger: the books of a pool, in which the jobs are counted that were accepted, taken and ended.

use crate::id::JobId;
pub(crate) use crate::observer::Ended;
use crate::parts::gate::{Gate, Words};
use crate::sync::{Acquire, AtomicU64, CachePadded, Relaxed, Release};

/// The number of ids of nested jobs in the blocks that workers get, which start at its multiples.
pub(crate) const ID_BLOCK: u64 = 1024;

/// One worker's own counts. Only that worker writes them, so an increment is a plain load and store. A
/// reader adds them up under the lock that the worker has parked under since, which makes them exact; or
/// for statistics, which may be late.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// The number of jobs that this worker's jobs submitted.
    pub(crate) pushed: Count,
    /// The number of jobs that this worker took from the queue.
    pub(crate) popped: Count,
    /// The number of jobs that returned.
    pub(crate) done: Count,
    /// The number of jobs that panicked.
    pub(crate) panicked: Count,
    /// The number of jobs that had expired when their turn came.
    pub(crate) expired: Count,
    /// The number of jobs that were given back unrun when their turn came.
    pub(crate) returned: Count,
    /// The number of outcomes that the sink did not take.
    pub(crate) undelivered: Count,
    /// The number of times that this worker found a job elsewhere than at its own end.
    pub(crate) steals: Count,
    /// The weight of the queue's entries that this worker made stale; see
    /// [`Stale`](crate::parts::stale::Stale).
    pub(crate) stale: Count,
}

/// The maximum number of times that a reader tries to see a worker between two of its jobs.
const LOOKS: usize = 16;

impl Counters {
    /// Counts a job that this worker has ended. The only place where a worker's outcomes are counted.
    #[inline]
    pub(crate) fn count(&self, how: Ended) {
        match how {
            Ended::Done => self.done.bump(),
            Ended::Panicked => self.panicked.bump(),
            Ended::Expired => self.expired.bump(),
            Ended::Returned => self.returned.bump(),
            // A worker never cancels in its own name.
            Ended::Cancelled => {}
        }
    }

    /// Whether the worker has taken a job that has not ended. The ends are read first: so it is not missed that a
    /// job runs throughout.
    pub(crate) fn is_at_work(&self) -> bool {
        let ends = [&self.done, &self.panicked, &self.expired, &self.returned];
        // Acquire, so that what follows is not read before it.
        let ended = ends.into_iter().fold(0_u64, |sum, end| sum.wrapping_add(end.0.load(Acquire)));
        self.popped.get() != ended
    }

    /// Returns the number of jobs that the worker took, and the sums of those that have ended.
    ///
    /// The ends are read between two looks at the beginnings. If those agree, all is of one moment. If the
    /// worker is too fast for that, the earlier look counts, as if the jobs that began since had not: a
    /// running job may be missed, and none is counted twice.
    fn read(&self) -> (u64, Sums) {
        let look = || {
            // Acquire, so that what follows is not read before it.
            let popped = self.popped.0.load(Acquire);
            let part = Sums {
                done: self.done.0.load(Acquire),
                panicked: self.panicked.0.load(Acquire),
                expired: self.expired.0.load(Acquire),
                returned: self.returned.0.load(Acquire),
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

/// The counts of jobs that were ended by threads that are no workers: cancelled, expired, given back, or run
/// by the thread that waits for them or submits them. Any thread writes these.
#[derive(Debug, Default)]
struct Outside {
    /// The number of jobs that such jobs submitted while they ran.
    pushed: AtomicU64,
    taken: AtomicU64,
    done: AtomicU64,
    panicked: AtomicU64,
    cancelled: AtomicU64,
    expired: AtomicU64,
    returned: AtomicU64,
    undelivered: AtomicU64,
}

impl Outside {
    fn of(&self, how: Ended) -> &AtomicU64 {
        match how {
            Ended::Done => &self.done,
            Ended::Panicked => &self.panicked,
            Ended::Cancelled => &self.cancelled,
            Ended::Expired => &self.expired,
            Ended::Returned => &self.returned,
        }
    }

    /// Returns the number of jobs that were taken, and the sums of those that have ended. Read in this
    /// order, as for a worker.
    fn read(&self) -> (u64, Sums) {
        let taken = self.taken.load(Acquire);
        let part = Sums {
            done: self.done.load(Acquire),
            panicked: self.panicked.load(Acquire),
            cancelled: self.cancelled.load(Acquire),
            expired: self.expired.load(Acquire),
            returned: self.returned.load(Acquire),
            undelivered: self.undelivered.load(Relaxed),
            ..Sums::default()
        };
        (taken, part)
    }

    /// The number of jobs that were taken and have ended. Acquire, for the release in
    /// [`Ledger::end_outside`]: a thread that sees an end sees that the job was accepted.
    fn ended(&self) -> u64 {
        let ends = [&self.done, &self.panicked, &self.cancelled, &self.expired, &self.returned];
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

/// The books of one pool: the counts of its jobs.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Accepts jobs from outside, and counts them.
    pub(crate) gate: Gate,
    /// The number of jobs that were accepted from outside, and that the queue then refused.
    refused: AtomicU64,
    /// The number of jobs that were given back to their submitter.
    turned_away: AtomicU64,
    /// The start of the next block of nested ids.
    next_block: AtomicU64,
    /// The lowest of the nested ids that were given out from the top.
    ids_from_top: AtomicU64,
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
    pub(crate) returned: u64,
    pub(crate) undelivered: u64,
}

impl Sums {
    /// The number of jobs that have their outcome.
    pub(crate) fn ended(&self) -> u64 {
        self.done + self.panicked + self.cancelled + self.expired + self.returned
    }

    /// The number of jobs that wait to be started.
    pub(crate) fn queued(&self) -> u64 {
        self.accepted.saturating_sub(self.ended() + self.running)
    }

    fn add(&mut self, taken: u64, part: Self) {
        self.running += taken.saturating_sub(part.ended());
        self.done += part.done;
        self.panicked += part.panicked;
        self.cancelled += part.cancelled;
        self.expired += part.expired;
        self.returned += part.returned;
        self.undelivered += part.undelivered;
    }
}

impl Ledger {
    /// Returns the books of a pool with at most this many workers, whose gate has this many stripes.
    pub(crate) fn new(workers: usize, stripes: usize) -> Self {
        Self {
            gate: Gate::new(stripes),
            refused: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
            next_block: AtomicU64::new(0),
            ids_from_top: AtomicU64::new(JobId::NUMBERS - 1),
            outside: CachePadded::default(),
            workers: (0..workers).map(|_| CachePadded::default()).collect(),
        }
    }

    #[inline]
    pub(crate) fn worker(&self, index: usize) -> &Counters {
        &self.workers[index].0
    }

    /// Counts jobs that were counted in, and that the queue refused.
    pub(crate) fn refuse(&self, jobs: u64) {
        self.refused.fetch_add(jobs, Release);
    }

    /// Counts jobs that go back to their submitter.
    pub(crate) fn turn_away(&self, jobs: u64) {
        self.turned_away.fetch_add(jobs, Relaxed);
    }

    /// The number of jobs that went back to their submitter.
    pub(crate) fn turned_away(&self) -> u64 {
        self.turned_away.load(Relaxed)
    }

    /// The number of times that a worker found a job elsewhere than at its own end.
    pub(crate) fn steals(&self) -> u64 {
        self.workers.iter().map(|worker| worker.0.steals.get()).sum()
    }

    /// Counts jobs that a thread takes which is no worker. Until [`end_outside`](Self::end_outside)
    /// the books do not balance, so the pool is not quiescent.
    pub(crate) fn take_outside(&self, jobs: u64) {
        self.outside.0.taken.fetch_add(jobs, Relaxed);
    }

    /// Counts jobs that such a job submits (C4). They are always accepted: that job keeps the pool from
    /// quiescence, so the workers are there.
    pub(crate) fn push_outside(&self, jobs: u64) {
        self.outside.0.pushed.fetch_add(jobs, Relaxed);
    }

    /// Counts the ends of such jobs, whose outcomes can be seen. The caller must check for quiescence.
    pub(crate) fn end_outside(&self, how: Ended, jobs: u64) {
        self.outside.0.of(how).fetch_add(jobs, Release);
    }

    /// Counts outcomes of such threads that the sink did not take.
    pub(crate) fn undelivered_outside(&self, outcomes: u64) {
        self.outside.0.undelivered.fetch_add(outcomes, Relaxed);
    }

    /// The number of refused jobs. To be read before the gate's words, which have then counted them all: that
    /// is what the acquire and the release are for.
    fn refused(&self) -> u64 {
        self.refused.load(Acquire)
    }

    /// Returns the first id of a fresh block of [`ID_BLOCK`] ids for nested jobs.
    pub(crate) fn nested_block(&self) -> u64 {
        self.next_block.fetch_add(ID_BLOCK, Relaxed)
    }

    /// Returns the first of this many fresh ids for nested jobs, counted down from the top: a block for
    /// each call would use the numbers up.
    pub(crate) fn nested_ids(&self, count: u64) -> u64 {
        self.ids_from_top.fetch_sub(count, Relaxed) - count
    }

    /// Returns the gate's words, if by those words every accepted job was taken. What follows from it must be
    /// decided on these words and not on later ones, before which more may have come in. Unequal sums mean
    /// that a submit is on its way, which will look for sleepers when it arrives.
    ///
    /// Exact only while every worker is parked or has left, under the lock that they park under.
    pub(crate) fn all_taken(&self) -> Option<Words> {
        let gone = self.refused().wrapping_add(self.outside.0.ended());
        let words = self.gate.read();
        let pushed = self.outside.0.pushed.load(Relaxed);
        let mut open = words.accepted().wrapping_add(pushed).wrapping_sub(gone);
        for CachePadded(worker) in &self.workers {
            open = open.wrapping_add(worker.pushed.get()).wrapping_sub(worker.popped.get());
        }
        (open == 0).then_some(words)
    }

    /// The number of jobs that wait to be started, or a few more.
    pub(crate) fn pending(&self) -> u64 {
        let workers = self.workers.iter().map(|worker| worker.0.popped.get());
        let taken = workers.sum::<u64>() + self.outside.0.taken.load(Acquire);
        self.accepted().saturating_sub(taken)
    }

    fn accepted(&self) -> u64 {
        let refused = self.refused();
        let outside = self.gate.read().accepted() + self.outside.0.pushed.load(Relaxed);
        let pushed: u64 = self.workers.iter().map(|worker| worker.0.pushed.get()).sum();
        (outside + pushed).saturating_sub(refused)
    }

    /// Returns the sums, such that they do not contradict each other: no job is counted as running twice,
    /// or as both running and ended.
    pub(crate) fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        let (taken, outside) = self.outside.0.read();
        sums.add(taken, outside);
        for CachePadded(worker) in &self.workers {
            let (popped, part) = worker.read();
            sums.add(popped, part);
        }
        // Last, so that most jobs that were seen to begin or to end are seen to have been accepted. Nested ones
        // may not be: they are counted when they are in the queue, from where others may have taken them by then.
        sums.accepted = self.accepted().max(sums.ended() + sums.running);
        sums
    }
}

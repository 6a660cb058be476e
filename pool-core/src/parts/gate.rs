//! The gate: accepts jobs from outside or not, and counts them.

use crate::id::JobId;
use crate::parts::thread_number::thread_number;
use crate::sync::{AtomicU8, AtomicU64, CachePadded, Relaxed, SeqCst, fence_in_models};

const CLOSED: u8 = 1;
const DORMANT: u8 = 2;
/// The pool has observers, which are to be told of what is accepted.
const OBSERVED: u8 = 4;

/// The reason why the gate accepts nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Barred {
    /// The pool is closed, for good.
    Closed,
    /// The pool has no worker; one must have started before anything is accepted.
    Dormant,
    /// The pool is observed: jobs are to be counted in by [`Gate::accept_observed`].
    Observed,
    /// The pool was closed or went dormant while the jobs were counted in under this id and the next ones. The
    /// caller must count them out again, then look for the reason.
    Late(JobId),
}

/// The flags that say whether jobs from outside are accepted, and the counts of those that were.
///
/// There is a count for each *stripe*. Each submitting thread has its stripe, so threads that submit at the same
/// time write to different cache lines. The flags change seldom: each processor keeps a copy of their line.
///
/// # One decision
///
/// A submit first counts its jobs and then reads the flags. Whoever closes the gate, or makes it dormant, first
/// sets the flag and then reads the counts. All four accesses are `SeqCst`, so at least one of the two sees the
/// other (as in Dekker's algorithm). If the submit sees no flag, its jobs are accepted, and are in every sum that is
/// taken after the flag was set (C1, C6). If it sees one, it counts its jobs out again; the sum was too high
/// meanwhile, and never too low. Thus:
///
/// * With `CLOSED` seen first, a sum that equals what was taken is final: no accepted job is on its way.
/// * The last worker to leave sets `DORMANT` and adds up once more. Either nothing was accepted, or it stays (the
///   race of C7 that keep-alive brings).
///
/// No other memory hangs on these words. Jobs travel through the queue, which orders them itself.
///
/// # Sums
///
/// The counts only grow, so a sum of them, read one by one, is at least what they were together when the first was
/// read. What was taken is never more than what was accepted. So if the sum equals what was taken, it was exact at
/// that moment. Sums with the workers' counts are taken under the lock that those workers parked under.
#[derive(Debug)]
pub(crate) struct Gate {
    flags: AtomicU8,
    /// A power of two of them.
    stripes: Box<[CachePadded<AtomicU64>]>,
}

impl Gate {
    /// Returns a gate without workers behind it: dormant until [`Gate::open`]. The number of stripes is
    /// rounded to what is possible; with one, jobs are numbered without gaps.
    pub(crate) fn new(stripes: usize) -> Self {
        let stripes = stripes.clamp(1, JobId::MAX_STRIPES).next_power_of_two();
        Self {
            flags: AtomicU8::new(DORMANT),
            stripes: (0..stripes).map(|_| CachePadded::default()).collect(),
        }
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
    fn accept_unless(&self, bars: u8, jobs: u64) -> Result<JobId, Barred> {
        // A look first: most of what is barred need not be counted out again.
        let flags = self.flags.load(Relaxed);
        if flags & bars != 0 {
            return Err(barred_by(flags));
        }
        let stripe = thread_number() & (self.stripes.len() - 1);
        let sequence = self.stripes[stripe].0.fetch_add(jobs, SeqCst);
        fence_in_models();
        let first = JobId::in_stripe(stripe, sequence);
        if self.flags.load(SeqCst) & bars == 0 { Ok(first) } else { Err(Barred::Late(first)) }
    }

    /// Has each acceptance told to observers: [`accept`](Self::accept) accepts nothing from here on. To be called
    /// before the gate opens for the first time.
    pub(crate) fn observe(&self) {
        self.flags.fetch_or(OBSERVED, Relaxed);
    }

    /// Closes the gate: nothing is accepted from outside from here on.
    pub(crate) fn close(&self) {
        self.set(CLOSED);
    }

    /// Makes the gate dormant: there is no worker, and the next submit must start one.
    pub(crate) fn go_dormant(&self) {
        self.set(DORMANT);
    }

    fn set(&self, flag: u8) {
        self.flags.fetch_or(flag, SeqCst);
        fence_in_models();
    }

    /// Opens the gate: there is a worker.
    pub(crate) fn open(&self) {
        self.flags.fetch_and(!DORMANT, SeqCst);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.flags.load(SeqCst) & CLOSED != 0
    }

    pub(crate) fn is_dormant(&self) -> bool {
        self.flags.load(SeqCst) & DORMANT != 0
    }

    /// The number of jobs that were ever counted in, or more if submits are under way.
    pub(crate) fn accepted(&self) -> u64 {
        self.stripes.iter().fold(0, |sum, stripe| sum.wrapping_add(stripe.0.load(SeqCst)))
    }
}

#[cold]
fn barred_by(flags: u8) -> Barred {
    match flags {
        _ if flags & CLOSED != 0 => Barred::Closed,
        _ if flags & DORMANT != 0 => Barred::Dormant,
        _ => Barred::Observed,
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
        assert_eq!(gate.accepted(), 5);
        assert!(gate.is_closed());
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
        assert_eq!(gate.accepted(), 3);
    }

    #[test]
    fn closed_outranks_dormant() {
        let gate = Gate::new(1);
        gate.open();
        assert!(gate.accept(2).is_ok());
        gate.go_dormant();
        assert_eq!(gate.accept(1), Err(Barred::Dormant));
        gate.close();
        assert_eq!(gate.accept(1), Err(Barred::Closed));
        assert_eq!(gate.accepted(), 2);
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
        assert_eq!((all.len(), gate.accepted()), (800, 800));
    }

    #[test]
    fn an_impossible_number_of_stripes_is_rounded() {
        let stripes = |wanted| Gate::new(wanted).stripes.len();
        assert_eq!([0, 1, 3, 16, usize::MAX].map(stripes), [1, 1, 4, 16, 16]);
    }
}

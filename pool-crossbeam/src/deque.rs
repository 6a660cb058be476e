//! One worker's lock-free deque, for its owner and for the other workers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_deque::{Steal, Stealer as Thief, Worker};
use pool_stealing::{Busy, Injector, OwnDeque, Stealer};

use crate::entries::Entries::{self, Boxed, Inline};
use crate::entries::{LARGE, entries};
use crate::injector::ReturningInjector;

/// The order in which a worker takes the jobs that its own jobs submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LocalOrder {
    /// The newest first. A tree of jobs is then walked depth first, in little memory and with warm
    /// caches. Other workers steal the oldest.
    #[default]
    Lifo,
    /// The oldest first.
    Fifo,
}

/// The number of jobs beyond which a deque may have grown: it has room for as many at first.
const MANY: usize = 64;

/// The number of jobs of a last-in, first-out deque that are looked through at a time when stale ones are
/// removed: the jobs that stay are out of sight meanwhile.
const PORTION: usize = 1_024;

/// A worker's own deque without a lock, in either [`LocalOrder`].
///
/// It shrinks when its worker pops, but neither when others steal nor when it is empty. So a deque that
/// others have emptied stays as large as it ever was: because its worker was busy with the job that
/// submitted all these, or because they were stale and [removed](pool_core::WorkQueue::retain). Therefore
/// an idle worker takes a new deque if this one was seen to be long.
///
/// Only its owner can put jobs into it. So [`retain`](OwnDeque::retain) takes all jobs out, and gives those
/// that stay to the injector, as the owner does when it leaves.
///
/// # Examples
///
/// See [`CrossbeamQueue`](crate::CrossbeamQueue).
#[derive(Debug)]
pub struct ChaseLev<J> {
    entries: Entries<Worker<J>, Worker<Box<J>>>,
    order: LocalOrder,
    was_long: Arc<AtomicBool>,
    /// Holds jobs from outside on their way to the deque; empty otherwise.
    intake: VecDeque<J>,
}

/// The other workers' access to a [`ChaseLev`] deque.
///
/// # Examples
///
/// See [`CrossbeamQueue`](crate::CrossbeamQueue).
#[derive(Debug)]
pub struct ChaseLevStealer<J> {
    entries: Entries<Thief<J>, Thief<Box<J>>>,
    order: LocalOrder,
    was_long: Arc<AtomicBool>,
}

impl<J> ChaseLev<J> {
    /// The number of jobs for which the empty intake keeps room: the injector's ring changes hands as it
    /// is.
    const ROOM: usize = match size_of::<J>() {
        0..64 => 256,
        size if size <= LARGE => 16_384 / size,
        _ => 0,
    };
}

impl<J> OwnDeque<J, ReturningInjector<J>> for ChaseLev<J> {
    type Order = LocalOrder;
    type Stealer = ChaseLevStealer<J>;

    fn new(order: LocalOrder, _former: Option<&ChaseLevStealer<J>>) -> Self {
        fn worker<E>(order: LocalOrder) -> Worker<E> {
            match order {
                LocalOrder::Lifo => Worker::new_lifo(),
                LocalOrder::Fifo => Worker::new_fifo(),
            }
        }
        let large = size_of::<J>() > LARGE;
        let entries = if large { Boxed(worker(order)) } else { Inline(worker(order)) };
        Self { entries, order, was_long: Arc::default(), intake: VecDeque::new() }
    }

    fn stealer(&self) -> ChaseLevStealer<J> {
        let entries = match &self.entries {
            Inline(jobs) => Inline(jobs.stealer()),
            Boxed(boxes) => Boxed(boxes.stealer()),
        };
        ChaseLevStealer { entries, order: self.order, was_long: Arc::clone(&self.was_long) }
    }

    #[inline]
    fn push(&mut self, job: J) {
        entries! {
            &self.entries, jobs of J, forget job;
            Inline(jobs) => jobs.push(job),
            Boxed(boxes) => boxes.push(Box::new(job)),
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<J> {
        entries! {
            &self.entries, jobs of J;
            Inline(jobs) => jobs.pop(),
            Boxed(boxes) => boxes.pop().map(|job| *job),
        }
    }

    /// Jobs that were returned count as the worker's own.
    fn pop_oldest(&mut self, injector: &ReturningInjector<J>) -> Option<J> {
        injector.pop_last_returned().or_else(|| match &self.entries {
            Inline(jobs) => insist(|| jobs.stealer().steal()),
            Boxed(boxes) => insist(|| boxes.stealer().steal()).map(|job| *job),
        })
    }

    /// One only: further ones would be out of sight on their way.
    fn pop_outside(&mut self, injector: &ReturningInjector<J>, _workers: usize) -> Option<J> {
        injector.pop_outside()
    }

    /// Moves jobs that were returned, or else some from outside, and keeps their order.
    fn take_in(&mut self, injector: &ReturningInjector<J>, workers: usize) -> Option<J>
    where
        ReturningInjector<J>: Injector<J>,
    {
        injector.take(workers, (&mut self.intake).into());
        let first = self.intake.pop_front()?;
        let mut intake = std::mem::take(&mut self.intake);
        match self.order {
            LocalOrder::Lifo => intake.drain(..).rev().for_each(|job| self.push(job)),
            LocalOrder::Fifo => intake.drain(..).for_each(|job| self.push(job)),
        }
        if intake.capacity() <= Self::ROOM {
            self.intake = intake;
        }
        Some(first)
    }

    fn steal_from(&mut self, victim: &ChaseLevStealer<J>) -> Result<Option<J>, Busy> {
        match (&victim.entries, &self.entries) {
            (Inline(jobs), Inline(own)) => stolen(jobs.steal_batch_and_pop(own)),
            (Boxed(boxes), Boxed(own)) => {
                Ok(stolen(boxes.steal_batch_and_pop(own))?.map(|job| *job))
            }
            _ => unreachable!("all entries of one queue are of one kind"),
        }
    }

    /// Empties the deque. The jobs to keep go to the injector, in the order in which the owner would have
    /// popped them; there every worker looks before it takes jobs from outside. The jobs of one worker come
    /// as a whole before those of another. They are out of sight on their way.
    fn retain(
        deque: &ChaseLevStealer<J>,
        injector: &ReturningInjector<J>,
        keep: &mut impl FnMut(&mut J) -> bool,
    ) {
        // No more than this: it may grow at the same time.
        let mut left = deque.len();
        while left > 0 {
            // With the newest first, later steals go in front of this portion. With the oldest first, they
            // would have to go behind it, which is too late once others take from there.
            let portion = match deque.order {
                LocalOrder::Lifo => left.min(PORTION),
                LocalOrder::Fifo => left,
            };
            let stolen = (0..portion).map_while(|_| deque.steal());
            let mut kept: Vec<_> =
                stolen.filter_map(|mut job| keep(&mut job).then_some(job)).collect();
            if deque.order == LocalOrder::Lifo {
                kept.reverse();
            }
            injector.give_back(kept);
            left -= portion;
        }
    }

    /// Returns a new deque if this is empty but has kept the room of jobs that others have taken, which may
    /// be much.
    fn renewed(&self) -> Option<Self> {
        // `Relaxed`: only the memory hangs on it, and an owner that misses it sees it the next time.
        let hollow = self.was_long.load(Ordering::Relaxed)
            && match &self.entries {
                Inline(jobs) => jobs.is_empty(),
                Boxed(boxes) => boxes.is_empty(),
            };
        hollow.then(|| Self::new(self.order, None))
    }

    /// The remaining jobs go where the other workers find them.
    fn leave(&mut self, injector: &ReturningInjector<J>) -> bool {
        Self::retain(&self.stealer(), injector, &mut |_| true);
        true
    }
}

impl<J> Stealer<J> for ChaseLevStealer<J> {
    fn len(&self) -> usize {
        let len = match &self.entries {
            Inline(jobs) => jobs.len(),
            Boxed(boxes) => boxes.len(),
        };
        if len > MANY && !self.was_long.load(Ordering::Relaxed) {
            self.was_long.store(true, Ordering::Relaxed);
        }
        len
    }

    fn steal(&self) -> Option<J> {
        if self.is_empty() {
            return None;
        }
        match &self.entries {
            Inline(jobs) => insist(|| jobs.steal()),
            Boxed(boxes) => insist(|| boxes.steal()).map(|job| *job),
        }
    }
}

// Not derived: the jobs need not be `Clone`.
impl<J> Clone for ChaseLevStealer<J> {
    fn clone(&self) -> Self {
        let Self { entries, order, was_long } = self;
        Self { entries: entries.clone(), order: *order, was_long: Arc::clone(was_long) }
    }
}

fn stolen<E>(steal: Steal<E>) -> Result<Option<E>, Busy> {
    match steal {
        Steal::Success(job) => Ok(Some(job)),
        Steal::Empty => Ok(None),
        Steal::Retry => Err(Busy),
    }
}

/// Repeats a steal while another thread was quicker and jobs may be left.
fn insist<E>(mut steal: impl FnMut() -> Steal<E>) -> Option<E> {
    loop {
        match stolen(steal()) {
            Ok(job) => return job,
            Err(Busy) => std::hint::spin_loop(),
        }
    }
}

#[cfg(test)]
mod tests;

//! The capacity bound: a maximum number of jobs from outside in a pool's queue. Submitters wait for room in
//! the order of arrival.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::panics::{drop_quietly, guarded};
use crate::parts::backoff::spin_then_yield;
use crate::parts::parker::Parker;
use crate::sync::{Acquire, AtomicU64, Mutex, Relaxed, Release, lock};

/// Set while a submitter waits: freed places are handed to the waiters.
const HAS_WAITERS: u64 = 1;
/// One free place.
const FREE: u64 = 2;

/// How long a submitter waits for room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    Forever,
    Until(Instant),
    Never,
    /// It has a place, which goes to the job, or back if the job is refused.
    Reserved,
}

impl Wait {
    /// The moment until which it waits, if it ends by itself.
    pub(crate) fn deadline(self) -> Option<Instant> {
        match self {
            Self::Until(deadline) => Some(deadline),
            Self::Forever | Self::Never | Self::Reserved => None,
        }
    }

    /// Returns what a thread may do that must not wait.
    pub(crate) fn without_waiting(self) -> Self {
        if self == Self::Reserved { self } else { Self::Never }
    }

    /// Returns the same wait, but not beyond this moment.
    pub(crate) fn at_most(self, until: Instant) -> Self {
        match self {
            Self::Forever => Self::Until(until),
            Self::Until(deadline) => Self::Until(deadline.min(until)),
            Self::Never | Self::Reserved => self,
        }
    }
}

/// The outcome of a request for room.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// The caller has a place, which must be used or given back.
    Granted,
    /// There was none for as long as the caller would wait.
    Full,
    /// The pool was closed.
    Closed,
}

/// The bound: counts the free places of the queue.
///
/// While no submitter waits, taking and giving back a place are one read-modify-write each. As soon as one
/// waits, places are handed over under the lock in the order of arrival, and no later submitter can take
/// one before the waiters.
///
/// `Relaxed` throughout: the word guards nothing but itself. Jobs travel through the queue.
#[derive(Debug)]
pub(crate) struct Capacity {
    /// The free places and [`HAS_WAITERS`]; while that is set, none is free.
    word: AtomicU64,
    line: Mutex<Line>,
}

#[derive(Debug, Default)]
struct Line {
    waiters: VecDeque<(Arc<Waiter>, Waker)>,
    closed: bool,
}

impl Line {
    fn position(&self, waiter: &Arc<Waiter>) -> Option<usize> {
        self.waiters.iter().position(|(other, _)| Arc::ptr_eq(other, waiter))
    }
}

/// One waiting submitter: a thread, or a future.
#[derive(Debug)]
pub(crate) struct Waiter {
    /// One of the three below. Changed under the lock, with release. The waiter reads it with acquire, and
    /// then sees what the pool's closing did.
    state: AtomicU64,
}

const COMING: u64 = 0;
const GRANTED: u64 = 1;
const CLOSED: u64 = 2;

impl Waiter {
    fn is_over(&self) -> bool {
        self.state.load(Acquire) != COMING
    }
}

/// Wakes a submitter whose state has changed. Its waker may be foreign code.
fn wake(waker: Waker) {
    let _ = guarded(|| waker.wake()).map_err(drop_quietly);
}

impl Capacity {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { word: AtomicU64::new(capacity as u64 * FREE), line: Mutex::default() }
    }

    /// Takes up to `wanted` places without waiting, and returns their number.
    pub(crate) fn try_acquire(&self, wanted: u64) -> u64 {
        let mut word = self.word.load(Relaxed);
        loop {
            let granted = (word / FREE).min(wanted);
            if granted == 0 || word & HAS_WAITERS != 0 {
                return 0;
            }
            match self.word.compare_exchange_weak(word, word - granted * FREE, Relaxed, Relaxed) {
                Ok(_) => return granted,
                Err(now) => word = now,
            }
        }
    }

    /// Takes a place, and waits for it if need be: `park` waits until the parker is unparked and the turn
    /// is over, or until a deadline.
    pub(crate) fn acquire(
        &self,
        wait: Wait,
        park: impl FnOnce(&Arc<Parker>, Option<Instant>, &dyn Fn() -> bool) -> bool,
    ) -> Room {
        if self.try_acquire(1) == 1 {
            return Room::Granted;
        }
        let deadline = match wait {
            Wait::Forever => None,
            Wait::Until(deadline) => Some(deadline),
            Wait::Never | Wait::Reserved => return Room::Full,
        };
        // In a full queue a place comes free as soon as a job is taken, often too soon to park for it.
        if spin_then_yield(|| (self.try_acquire(1) == 1).then_some(())).is_some() {
            return Room::Granted;
        }
        let parker = Parker::own();
        let waiter = match self.queue_up(parker.waker()) {
            Ok(waiter) => waiter,
            Err(room) => return room,
        };
        // The guard leaves the row also if the clock, which is foreign code, panics.
        let waited = WaiterGuard { capacity: self, waiter, has_left: false };
        park(&parker, deadline, &|| waited.waiter.is_over());
        waited.leave()
    }

    /// Takes a place for a future, or has this waker woken when its turn has come: `waiter` is its place in
    /// the row, once it has one. A future that is dropped before that [withdraws](Self::withdraw).
    pub(crate) fn poll_acquire(
        &self,
        waiter: &mut Option<Arc<Waiter>>,
        waker: &Waker,
    ) -> Poll<Room> {
        let Some(waiting) = waiter else {
            if self.try_acquire(1) == 1 {
                return Poll::Ready(Room::Granted);
            }
            return match self.queue_up(waker.clone()) {
                Ok(queued) => {
                    *waiter = Some(queued);
                    Poll::Pending
                }
                Err(room) => Poll::Ready(room),
            };
        };
        // Cloned and dropped without the lock: both are foreign code.
        let mut waker = waker.clone();
        let mut line = lock(&self.line);
        if let Some(at) = line.position(waiting) {
            mem::swap(&mut line.waiters[at].1, &mut waker);
            drop(line);
            return Poll::Pending;
        }
        drop(line);
        let room = self.give_up_waiting(waiting);
        *waiter = None;
        Poll::Ready(room)
    }

    /// Leaves the row, and gives back the place that was granted meanwhile.
    pub(crate) fn withdraw(&self, waiter: &Arc<Waiter>) {
        if self.give_up_waiting(waiter) == Room::Granted {
            self.release();
        }
    }

    /// Joins the row of waiters, unless that is not necessary.
    fn queue_up(&self, waker: Waker) -> Result<Arc<Waiter>, Room> {
        let mut line = lock(&self.line);
        if line.closed {
            return Err(Room::Closed);
        }
        let mut word = self.word.load(Relaxed);
        // The flag is set and cleared only under the lock.
        while word & HAS_WAITERS == 0 {
            let (next, taken) =
                if word >= FREE { (word - FREE, true) } else { (HAS_WAITERS, false) };
            match self.word.compare_exchange_weak(word, next, Relaxed, Relaxed) {
                Ok(_) if taken => return Err(Room::Granted),
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        let waiter = Arc::new(Waiter { state: AtomicU64::new(COMING) });
        line.waiters.push_back((Arc::clone(&waiter), waker));
        Ok(waiter)
    }

    /// Leaves the row, unless the turn has come meanwhile.
    fn give_up_waiting(&self, waiter: &Arc<Waiter>) -> Room {
        let mut line = lock(&self.line);
        match waiter.state.load(Acquire) {
            GRANTED => Room::Granted,
            CLOSED => Room::Closed,
            _ => {
                let left = line.position(waiter).and_then(|at| line.waiters.remove(at));
                if line.waiters.is_empty() {
                    self.word.fetch_and(!HAS_WAITERS, Relaxed);
                }
                drop(line);
                drop(left);
                Room::Full
            }
        }
    }

    /// Whether a submitter waits.
    pub(crate) fn is_waited(&self) -> bool {
        self.word.load(Relaxed) & HAS_WAITERS != 0
    }

    /// The number of submitters that wait.
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.line).waiters.len()
    }

    /// Gives a place back: to the first waiter, if there is one.
    #[inline]
    pub(crate) fn release(&self) {
        let mut word = self.word.load(Relaxed);
        while word & HAS_WAITERS == 0 {
            match self.word.compare_exchange_weak(word, word + FREE, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.hand_over();
    }

    #[cold]
    fn hand_over(&self) {
        let mut line = lock(&self.line);
        let Some((waiter, waker)) = line.waiters.pop_front() else {
            self.word.fetch_add(FREE, Relaxed);
            return;
        };
        // Under the lock, where a waiter that gives up looks whether its turn has come.
        waiter.state.store(GRANTED, Release);
        if line.waiters.is_empty() {
            self.word.fetch_and(!HAS_WAITERS, Relaxed);
        }
        drop(line);
        wake(waker);
    }

    /// Refuses all waiters, now and later. To be called after the gate was closed.
    pub(crate) fn close(&self) {
        let mut line = lock(&self.line);
        line.closed = true;
        let waiters = std::mem::take(&mut line.waiters);
        waiters.iter().for_each(|(waiter, _)| waiter.state.store(CLOSED, Release));
        self.word.fetch_and(!HAS_WAITERS, Relaxed);
        drop(line);
        waiters.into_iter().for_each(|(_, waker)| wake(waker));
    }
}

/// A waiter in the row. It leaves the row when dropped, if it has not left.
struct WaiterGuard<'a> {
    capacity: &'a Capacity,
    waiter: Arc<Waiter>,
    has_left: bool,
}

impl WaiterGuard<'_> {
    fn leave(mut self) -> Room {
        self.has_left = true;
        self.capacity.give_up_waiting(&self.waiter)
    }
}

impl Drop for WaiterGuard<'_> {
    fn drop(&mut self) {
        if !self.has_left {
            self.capacity.withdraw(&self.waiter);
        }
    }
}

//! The capacity bound: a maximum number of jobs from outside in a pool's queue. Submitters wait for room in
//! the order of arrival.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::panics::{drop_quietly, wake_quietly};
use crate::parts::backoff::spin_then_yield;
use crate::parts::parker::Parker;
use crate::sync::{Acquire, AtomicU64, Mutex, Relaxed, Release, lock};

/// Set while a submitter waits: freed places are handed to the waiters.
const HAS_WAITERS: u64 = 1;
/// One free place.
const FREE: u64 = 2;
/// The length of a row of waiters whose memory is kept for the next one.
const KEPT: usize = 64;

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
    /// In the order of their tickets.
    waiters: VecDeque<(Arc<Waiter>, Waker)>,
    next_ticket: u64,
    closed: bool,
}

impl Line {
    fn position(&self, waiter: &Waiter) -> Option<usize> {
        self.waiters.binary_search_by_key(&waiter.ticket, |(other, _)| other.ticket).ok()
    }
}

/// One waiting submitter: a thread, or a future.
#[derive(Debug)]
pub(crate) struct Waiter {
    /// The order of arrival.
    ticket: u64,
    /// One of the three below. Changed under the lock, with release. The waiter reads it with acquire, and
    /// then sees what the pool's closing did.
    state: AtomicU64,
}

const COMING: u64 = 0;
const GRANTED: u64 = 1;
const CLOSED: u64 = 2;

impl Waiter {
    /// Its place in the order of arrival.
    pub(crate) fn ticket(&self) -> u64 {
        self.ticket
    }

    fn is_over(&self) -> bool {
        self.state.load(Acquire) != COMING
    }
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
        match waiter {
            Some(waiting) if self.set_waker(waiting, waker) => Poll::Pending,
            Some(_) => Poll::Ready(self.acquire_now(waiter)),
            None if self.try_acquire(1) == 1 => Poll::Ready(Room::Granted),
            None => match self.queue_up(waker.clone()) {
                Ok(queued) => {
                    *waiter = Some(queued);
                    Poll::Pending
                }
                Err(room) => Poll::Ready(room),
            },
        }
    }

    /// Takes a place for a future that waits no longer: the one that was granted, if it is in the row, which
    /// it leaves.
    pub(crate) fn acquire_now(&self, waiter: &mut Option<Arc<Waiter>>) -> Room {
        match waiter.take() {
            Some(waiting) => self.give_up_waiting(&waiting),
            None if self.try_acquire(1) == 1 => Room::Granted,
            None => Room::Full,
        }
    }

    /// Has this waker woken when the turn of this waiter has come, and no other. Returns whether it still
    /// waits.
    fn set_waker(&self, waiter: &Waiter, waker: &Waker) -> bool {
        if waiter.is_over() {
            return false;
        }
        let line = lock(&self.line);
        match line.position(waiter) {
            Some(at) if line.waiters[at].1.will_wake(waker) => return true,
            Some(_) => drop(line),
            None => return false,
        }
        // Cloned and dropped without the lock: both are foreign code.
        let mut waker = waker.clone();
        let mut line = lock(&self.line);
        let at = line.position(waiter);
        if let Some(at) = at {
            mem::swap(&mut line.waiters[at].1, &mut waker);
        }
        drop(line);
        drop_quietly(waker);
        at.is_some()
    }

    /// Leaves the row, and gives back the place that was granted meanwhile.
    pub(crate) fn withdraw(&self, waiter: &Waiter) {
        if self.give_up_waiting(waiter) == Room::Granted {
            self.release_and_wake();
        }
    }

    /// Joins the row of waiters, unless that is not necessary.
    fn queue_up(&self, waker: Waker) -> Result<Arc<Waiter>, Room> {
        let mut line = lock(&self.line);
        let room = match line.closed {
            true => Some(Room::Closed),
            false => self.acquire_or_announce().then_some(Room::Granted),
        };
        if let Some(room) = room {
            drop(line);
            // A place that was taken must not be lost with a waker that panics.
            drop_quietly(waker);
            return Err(room);
        }
        let waiter = Arc::new(Waiter { ticket: line.next_ticket, state: AtomicU64::new(COMING) });
        line.next_ticket += 1;
        line.waiters.push_back((Arc::clone(&waiter), waker));
        Ok(waiter)
    }

    /// Takes a place, or notes that a submitter waits. To be called under the lock. Returns whether it has a
    /// place.
    fn acquire_or_announce(&self) -> bool {
        let mut word = self.word.load(Relaxed);
        // The flag is set and cleared only under the lock.
        while word & HAS_WAITERS == 0 {
            let (next, taken) =
                if word >= FREE { (word - FREE, true) } else { (HAS_WAITERS, false) };
            match self.word.compare_exchange_weak(word, next, Relaxed, Relaxed) {
                Ok(_) => return taken,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Leaves the row, unless the turn has come meanwhile.
    fn give_up_waiting(&self, waiter: &Waiter) -> Room {
        let mut line = lock(&self.line);
        match waiter.state.load(Acquire) {
            GRANTED => Room::Granted,
            CLOSED => Room::Closed,
            _ => {
                let left = line.position(waiter).and_then(|at| line.waiters.remove(at));
                self.settle(&mut line);
                drop(line);
                drop_quietly(left);
                Room::Full
            }
        }
    }

    /// If the row is empty by now, notes that no submitter waits, and gives a burst's memory back (C9).
    fn settle(&self, line: &mut Line) {
        if line.waiters.is_empty() {
            self.word.fetch_and(!HAS_WAITERS, Relaxed);
            if line.waiters.capacity() > KEPT {
                line.waiters = VecDeque::new();
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

    /// Gives a place back: to the first waiter, if there is one. The caller wakes it, where foreign code may
    /// run.
    #[inline]
    #[must_use]
    pub(crate) fn release(&self) -> Option<Waker> {
        let mut word = self.word.load(Relaxed);
        while word & HAS_WAITERS == 0 {
            match self.word.compare_exchange_weak(word, word + FREE, Relaxed, Relaxed) {
                Ok(_) => return None,
                Err(now) => word = now,
            }
        }
        self.hand_over()
    }

    /// Gives back a place of the present thread's own.
    pub(crate) fn release_and_wake(&self) {
        if let Some(waker) = self.release() {
            wake_quietly(waker);
        }
    }

    #[cold]
    fn hand_over(&self) -> Option<Waker> {
        let mut line = lock(&self.line);
        let Some((waiter, waker)) = line.waiters.pop_front() else {
            self.word.fetch_add(FREE, Relaxed);
            return None;
        };
        // Under the lock, where a waiter that gives up looks whether its turn has come.
        waiter.state.store(GRANTED, Release);
        self.settle(&mut line);
        Some(waker)
    }

    /// Refuses all waiters, now and later. To be called after the gate was closed.
    pub(crate) fn close(&self) {
        let mut line = lock(&self.line);
        line.closed = true;
        let waiters = mem::take(&mut line.waiters);
        waiters.iter().for_each(|(waiter, _)| waiter.state.store(CLOSED, Release));
        self.settle(&mut line);
        drop(line);
        waiters.into_iter().for_each(|(_, waker)| wake_quietly(waker));
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

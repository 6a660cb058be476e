//! How a join runs its two closures, and a thread's pending joins.
//!
//! The second closure of a join is a stack job. As a rule it only costs an entry in a row of its thread. One of
//! them is shared only if other threads want work.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::mem::{self, ManuallyDrop};
use std::panic::resume_unwind;
use std::ptr;
use std::thread;

use crate::id::PoolId;
use crate::panics::{drop_quietly, guarded};
use crate::parts::context;
use crate::runtime::join::stack_job::{AbortOnUnwind, Header, Outcome, StackJob, StackJobRef};
use crate::runtime::pool_state::Guest;
use crate::sync::thread_locals;

thread_locals! {
    static PENDING_JOINS: PendingJoins = PendingJoins::new();
    /// The memory of the pending joins. Apart from them, since it has a destructor, which would make each look at
    /// them cost more.
    static ROOM: Room = Room(RefCell::new(Vec::new()));
}

/// The pending joins of one thread, whose second closures have not been run: a row of stack jobs, the newest last.
/// Those in the present pool come after those that were put aside.
pub(crate) struct PendingJoins {
    /// The pool, if the thread is known to be at work for it: as a worker, or as a guest with a join under
    /// way.
    pool: Cell<PoolId>,
    /// The number of them all: the next one's place.
    top: Cell<usize>,
    /// The place of the oldest that was not shared, or `top`.
    next: Cell<usize>,
    /// The last that was shared; null after it was taken back.
    shared: Cell<*const Header>,
    /// The memory.
    room: Cell<*const Place>,
    /// The number of places in it.
    size: Cell<usize>,
}

type Place = Cell<*const Header>;

/// The memory of one thread's pending joins. It grows with the depth of the joins.
struct Room(RefCell<Vec<Place>>);

/// The number of pending joins for which a thread has memory at first.
const FIRST_ROOM: usize = 64;

/// Ends with its thread, which has no join under way. One that comes later, in the destructor of another
/// thread-local, finds no memory and shares nothing.
impl Drop for Room {
    fn drop(&mut self) {
        let _ = PENDING_JOINS.try_with(|joins| {
            joins.pool.set(PoolId::NONE);
            joins.move_to(&[]);
        });
    }
}

/// The place where a thread shares its pending joins with others.
pub(crate) trait Share {
    /// The pool whose workers they are shared with.
    fn pool(&self) -> PoolId;

    /// Makes the present thread a guest of the pool, unless it is at work for it.
    fn enter(&self) -> Guest<'_>;

    /// Shares the oldest that was not shared yet: [`PendingJoins::share_next`].
    fn share(&self, joins: &PendingJoins);

    /// Takes back what was shared last, unless it was stolen.
    fn take_back(&self) -> Option<StackJobRef>;

    /// Waits until the closure that was shared last has ended.
    fn wait(&self, has_ended: &dyn Fn() -> bool);
}

/// Runs `a` while `b` can be stolen, and then `b`, unless it was stolen. When this returns or resumes a
/// panic, both have ended.
// Always inlined, so that the second closure is made where it stays: a copy would wait for the stores that it reads,
// which takes as long as all the rest. Not so without optimisation, where a function with several joins would have
// room for each of their jobs in its frame at the same time.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn join<A, B, RA, RB>(slot: &impl Share, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let job = StackJob::new(b);
    let joins = PENDING_JOINS.with(ptr::from_ref);
    // SAFETY: a thread-local without a destructor stays until its thread ends, and this does not leave the thread.
    let joins = unsafe { &*joins };
    if joins.pool.get() == slot.pool() {
        // SAFETY: the job is new, and nothing touches it afterwards.
        unsafe { join_job(joins, slot, a, &job) }
    } else {
        // SAFETY: the same.
        unsafe { join_elsewhere(joins, slot, a, &job) }
    }
}

/// Joins on a thread that is not known to be at work for this pool, and makes it known.
///
/// # Safety
///
/// As for [`join_job`].
#[cold]
unsafe fn join_elsewhere<A, B, RA, RB>(
    joins: &PendingJoins,
    slot: &impl Share,
    a: A,
    job: &StackJob<B, RB>,
) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let _elsewhere = Elsewhere::enter(joins, slot);
    // SAFETY: as for the caller.
    unsafe { join_job(joins, slot, a, job) }
}

/// Joins on a thread whose pending joins, which are these, are in the pool of this slot. The job is the second closure.
///
/// # Safety
///
/// The job must be new, and must be left alone afterwards.
#[inline]
unsafe fn join_job<A, B, RA, RB>(
    joins: &PendingJoins,
    slot: &impl Share,
    a: A,
    job: &StackJob<B, RB>,
) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let place = joins.top.get();
    if place >= joins.size.get() && !joins.grow() {
        // SAFETY: no other thread knows the job.
        return both(guarded(a), Outcome::Unrun(unsafe { job.take() }));
    }
    // From here on nothing may leave this function before the job has ended.
    let stay = AbortOnUnwind;
    // SAFETY: there is room in this place, which is the next. The job is taken out below.
    unsafe { joins.push(place, job.header()) };
    if joins.may_share() {
        slot.share(joins);
    }
    let first = guarded(a);
    // All newer ones were taken out before `a` returned.
    let was_shared = joins.pop(place);
    // No further join of this thread may come before it is back at the oldest closure.
    if !was_shared && joins.may_share() {
        slot.share(joins);
    }
    match first {
        Ok(first) if !was_shared => {
            mem::forget(stay);
            let first = DropQuietly::new(first);
            // Called where it lies, without a copy.
            // SAFETY: it was never shared.
            let second = unsafe { job.take() }();
            (first.keep(), second)
        }
        first => {
            if was_shared {
                bring_back(slot, job.header(), &|| job.has_ended());
            }
            mem::forget(stay);
            // SAFETY: no other thread will touch it: it was never shared, or `bring_back` saw its end.
            both(first, unsafe { job.end() })
        }
    }
}

/// A value that is dropped quietly if a panic passes: otherwise the process would abort if its drop panicked as well.
pub(crate) struct DropQuietly<T>(ManuallyDrop<T>);

impl<T> DropQuietly<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }

    #[inline]
    pub(crate) fn keep(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: neither this nor the drop, which does not come, takes it again.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl<T> Drop for DropQuietly<T> {
    #[inline]
    fn drop(&mut self) {
        if mem::needs_drop::<T>() {
            // SAFETY: a drop comes once, and not after `keep`.
            drop_quietly(unsafe { ManuallyDrop::take(&mut self.0) });
        }
    }
}

/// Returns the results of both closures, of which the second may not have run. Resumes a panic, that of the
/// first closure if both panicked.
#[cold]
fn both<A, B, T>(first: thread::Result<A>, second: Outcome<B, T>) -> (A, T)
where
    B: FnOnce() -> T,
{
    let second = match second {
        // Run even if the first closure panicked, as it would be if it had been stolen.
        Outcome::Unrun(b) => guarded(b),
        Outcome::Ran(second) => second,
    };
    match (first, second) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(payload), other) => {
            drop_quietly(other);
            resume_unwind(payload)
        }
        (first, Err(payload)) => {
            drop_quietly(first);
            resume_unwind(payload)
        }
    }
}

/// Takes a shared job back, or waits for its end: no other thread touches it any more. Nobody has stolen one that
/// has ended unrun: a join further in, on the way back from another pool, has shared its own in the same slot.
#[cold]
fn bring_back(slot: &impl Share, job: *const Header, has_ended: &dyn Fn() -> bool) {
    match slot.take_back() {
        Some(back) if back.is_to(job) => drop(back),
        other => {
            drop(other);
            // SAFETY: it is on the caller's stack.
            if !unsafe { &*job }.is_unrun() {
                slot.wait(has_ended);
            }
        }
    }
    assert!(has_ended(), "a thread that waits for a job's end sees it");
}

/// A thread known to be at work for a pool, with the joins in another pool that are under way on it put aside. They come
/// back when this is dropped.
struct Elsewhere<'a> {
    joins: &'a PendingJoins,
    /// The pool that the thread is known to be at work for afterwards.
    pool: PoolId,
    next: usize,
    shared: *const Header,
    /// Dropped after the joins came back.
    _guest: Guest<'a>,
}

impl<'a> Elsewhere<'a> {
    /// Makes the present thread, whose pending joins these are, known to be at work for the pool of this slot.
    fn enter(joins: &'a PendingJoins, slot: &'a impl Share) -> Self {
        let guest = slot.enter();
        let next = joins.next.replace(joins.top.get());
        let shared = joins.shared.replace(ptr::null());
        let around = joins.pool.replace(slot.pool());
        // A worker of this pool stays here, where its next join will be, too.
        let stays = around == PoolId::NONE && context::worker_index(slot.pool()).is_some();
        let pool = if stays { slot.pool() } else { around };
        Self { joins, pool, next, shared, _guest: guest }
    }
}

/// To be dropped when all joins that came later were taken out.
impl Drop for Elsewhere<'_> {
    fn drop(&mut self) {
        self.joins.pool.set(self.pool);
        self.joins.next.set(self.next);
        self.joins.shared.set(self.shared);
    }
}

/// Ends what is known of the present thread's pool: its next join enters the pool anew. To be called with
/// no join under way.
pub(crate) fn forget_pool() {
    let _ = PENDING_JOINS.try_with(|joins| joins.pool.set(PoolId::NONE));
}

impl PendingJoins {
    const fn new() -> Self {
        Self {
            pool: Cell::new(PoolId::NONE),
            top: Cell::new(0),
            next: Cell::new(0),
            shared: Cell::new(ptr::null()),
            room: Cell::new(ptr::null()),
            size: Cell::new(0),
        }
    }

    /// Makes room for as many again. Returns `false` if the thread is about to end.
    #[cold]
    fn grow(&self) -> bool {
        let grow = |Room(room): &Room| {
            let mut room = room.borrow_mut();
            let size = (2 * room.len()).max(FIRST_ROOM);
            room.resize(size, Cell::new(ptr::null()));
            self.move_to(&room);
        };
        ROOM.try_with(grow).is_ok()
    }

    /// Goes on in this memory, to which the entries were copied.
    fn move_to(&self, room: &[Place]) {
        self.room.set(room.as_ptr());
        self.size.set(room.len());
    }

    /// Adds a job in this place.
    ///
    /// # Safety
    ///
    /// It must be the next place, and less than the size. The job must be on this thread's stack, and stay there
    /// until [`pop`](Self::pop) takes it out.
    #[inline]
    unsafe fn push(&self, place: usize, job: *const Header) {
        // SAFETY: the caller vouches for the place; the room stays until it is replaced.
        unsafe { &*self.room.get().add(place) }.set(job);
        self.top.set(place + 1);
    }

    /// Takes out the newest job, which is in this place: told by the caller, it is not read back, which would wait
    /// for the store. Returns whether it was shared.
    #[inline]
    fn pop(&self, place: usize) -> bool {
        self.top.set(place);
        // The shared ones are the oldest: the newest is shared only if all are.
        let was_shared = self.next.get() > place;
        if was_shared {
            self.next.set(place);
            self.shared.set(ptr::null());
        }
        was_shared
    }

    /// Whether it is time to share one: what was shared last was stolen.
    #[inline]
    fn may_share(&self) -> bool {
        let shared = self.shared.get();
        // SAFETY: it is pending: `pop` resets `shared` when it takes it out.
        shared.is_null() || !unsafe { &*shared }.is_pending()
    }

    /// Marks the oldest job that was not shared as shared, and returns the right to it.
    pub(crate) fn share_next(&self) -> Option<StackJobRef> {
        let next = self.next.get();
        if next == self.top.get() {
            return None;
        }
        // SAFETY: it comes before `top`, so a `push` has written it.
        let job = unsafe { &*self.room.get().add(next) }.get();
        self.next.set(next + 1);
        self.shared.set(job);
        // SAFETY: it stays on the stack until it is taken out, by a join that waits for its end. This is
        // the only right to it, since no job is shared twice.
        Some(unsafe { StackJobRef::new(job) })
    }
}

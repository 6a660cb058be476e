//! How a join runs its two closures, and the list of a thread's pending joins.
//!
//! The second closure of a join is a stack job. As a rule it only costs an entry in a list through its
//! thread's stack. One of them is shared only if other threads want work.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem;
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
}

/// The pending joins of one thread in one pool, whose second closures have not been run: a list of stack
/// jobs.
pub(crate) struct PendingJoins {
    /// The pool, if the thread is known to be at work for it: as a worker, or as a guest with a join under
    /// way.
    pool: Cell<PoolId>,
    newest: Cell<*const Header>,
    /// The oldest that was not shared.
    next: Cell<*const Header>,
    /// The last that was shared; null after it was taken back.
    shared: Cell<*const Header>,
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
#[inline]
pub(crate) fn join<A, B, RA, RB>(slot: &impl Share, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    if PENDING_JOINS.with(|joins| joins.pool.get()) != slot.pool() {
        return join_elsewhere(slot, a, b);
    }
    let job = StackJob::new(b);
    let header = (&raw const job).cast::<Header>();
    // From here on nothing may leave this function before the job has ended.
    let stay = AbortOnUnwind;
    // SAFETY: the job does not move until `pop` takes it out, below.
    if PENDING_JOINS.with(|joins| unsafe { joins.push(header) }) {
        PENDING_JOINS.with(|joins| slot.share(joins));
    }
    let first = guarded(a);
    // SAFETY: `push` put it in above, and all newer ones were taken out before `a` returned.
    let untouched = PENDING_JOINS.with(|joins| unsafe { joins.pop(header) });
    if !untouched {
        bring_back(slot, header, &|| job.has_ended());
    }
    mem::forget(stay);
    // No further join of this thread may come before it is back at the oldest closure.
    if PENDING_JOINS.with(PendingJoins::may_share_more) {
        PENDING_JOINS.with(|joins| slot.share(joins));
    }
    if untouched && let Ok(first) = first {
        // Called where it lies, without a copy, which would wait for the stores.
        // SAFETY: `pop` said that it was never shared.
        return (first, unsafe { job.take() }());
    }
    // SAFETY: no other thread will touch it: it was never shared, or `bring_back` saw its end.
    both(first, unsafe { job.end() })
}

/// Takes a shared job back, or waits for its end: no other thread touches it any more.
#[cold]
fn bring_back(slot: &impl Share, job: *const Header, has_ended: &dyn Fn() -> bool) {
    match slot.take_back() {
        Some(back) if back.is_to(job) => drop(back),
        other => {
            drop(other);
            slot.wait(has_ended);
        }
    }
    assert!(has_ended(), "a thread that waits for a job's end sees it");
}

/// Joins on a thread that is not known to be at work for this pool, and makes it known. Joins in another
/// pool that are under way are put aside meanwhile.
#[cold]
fn join_elsewhere<A, B, RA, RB>(slot: &impl Share, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let _guest = slot.enter();
    let stays = context::worker_index(slot.pool()).is_some();
    let around = PENDING_JOINS.with(|joins| joins.change_to(slot.pool()));
    let _aside = Aside { around, stays };
    join(slot, a, b)
}

/// The joins that are put aside while the thread joins in another pool.
struct Aside {
    /// The joins in another pool that are under way.
    around: Option<Box<PendingJoins>>,
    /// Whether the thread is a worker of the present pool, where its next join will be, too.
    stays: bool,
}

impl Drop for Aside {
    fn drop(&mut self) {
        match &self.around {
            Some(around) => PENDING_JOINS.with(|joins| joins.swap(around)),
            None if self.stays => {}
            None => forget_pool(),
        }
    }
}

/// Ends what is known of the present thread's pool: its next join enters the pool anew. To be called with
/// no join under way.
pub(crate) fn forget_pool() {
    let _ = PENDING_JOINS.try_with(|joins| joins.pool.set(PoolId::NONE));
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
    let (payload, other) = match (first, second) {
        (Ok(first), Ok(second)) => return (first, second),
        (Err(payload), other) => (payload, other.err()),
        (Ok(_), Err(payload)) => (payload, None),
    };
    drop_quietly(other);
    resume_unwind(payload)
}

impl PendingJoins {
    const fn new() -> Self {
        Self {
            pool: Cell::new(PoolId::NONE),
            newest: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            shared: Cell::new(ptr::null()),
        }
    }

    /// Adds a job. Returns whether it is time to share one.
    ///
    /// # Safety
    ///
    /// The job must be on this thread's stack, and stay there until [`pop`](Self::pop) takes it out.
    #[inline]
    unsafe fn push(&self, job: *const Header) -> bool {
        let older = self.newest.replace(job);
        // SAFETY: the caller vouches for the job.
        unsafe { &*job }.older.set(older);
        if self.next.get().is_null() {
            self.next.set(job);
        } else {
            // SAFETY: it is in the list, since an unshared one is, and the newest is never older than that.
            unsafe { &*older }.newer.set(job);
        }
        self.may_share()
    }

    /// Takes out the newest job, which is this one. Returns whether it was never shared.
    ///
    /// # Safety
    ///
    /// The job must be in the list.
    #[inline]
    unsafe fn pop(&self, job: *const Header) -> bool {
        // SAFETY: the caller vouches for the job.
        let header = unsafe { &*job };
        self.newest.set(header.older.get());
        // The shared ones are the oldest: the newest is shared only if all are.
        if self.next.get().is_null() {
            self.shared.set(ptr::null());
            return false;
        }
        if ptr::eq(self.next.get(), job) {
            self.next.set(ptr::null());
        }
        true
    }

    /// Whether it is time to share one: what was shared last was stolen.
    #[inline]
    fn may_share(&self) -> bool {
        let shared = self.shared.get();
        // SAFETY: it is in the list: `pop` resets `shared` when it takes it out.
        shared.is_null() || !unsafe { &*shared }.is_pending()
    }

    /// Whether, after one was taken out, another is left to be shared, and it is time.
    #[inline]
    fn may_share_more(&self) -> bool {
        !self.next.get().is_null() && self.may_share()
    }

    /// Marks the oldest job that was not shared as shared, and returns the right to it.
    pub(crate) fn share_next(&self) -> Option<StackJobRef> {
        let next = self.next.get();
        // SAFETY: it is in the list, or null.
        let header = unsafe { next.as_ref() }?;
        let newest = ptr::eq(next, self.newest.get());
        // The `newer` of the newest is out of date.
        self.next.set(if newest { ptr::null() } else { header.newer.get() });
        self.shared.set(next);
        // SAFETY: it stays on the stack until it is taken out, by a join that waits for its end. This is
        // the only right to it, since no job is shared twice.
        Some(unsafe { StackJobRef::new(next) })
    }

    /// Makes room for joins in another pool. Returns the joins that are under way around them.
    #[cold]
    fn change_to(&self, pool: PoolId) -> Option<Box<Self>> {
        let around = Self::new();
        around.pool.set(pool);
        self.swap(&around);
        (!around.newest.get().is_null()).then(|| Box::new(around))
    }

    #[cold]
    fn swap(&self, other: &Self) {
        self.pool.swap(&other.pool);
        self.newest.swap(&other.newest);
        self.next.swap(&other.next);
        self.shared.swap(&other.shared);
    }
}

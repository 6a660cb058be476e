//! The pending joins of a thread, in a list through its stack; and how a join runs its two closures.
//!
//! The second closure of a join stays on its thread's stack and, as a rule, costs an entry in a list
//! through that stack. Only if other threads want work is one of them shared.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem;
use std::panic::resume_unwind;
use std::ptr;
use std::thread;

use crate::panics::{drop_quietly, guarded};
use crate::parts::context::{self, PoolId};
use crate::runtime::join::stack_job::{AbortOnUnwind, Header, Outcome, StackJob, StackJobRef};
use crate::runtime::pool_state::Guest;
use crate::sync::thread_locals;

thread_locals! {
    static PENDING_JOINS: PendingJoins = PendingJoins::new();
}

/// The joins of one thread in one pool whose second closure has not been run: a list of stack jobs.
pub(crate) struct PendingJoins {
    /// The pool, if the thread is known to be at work for it: a worker, or a guest with a join under way.
    pool: Cell<PoolId>,
    newest: Cell<*const Header>,
    /// The oldest that was not shared.
    next: Cell<*const Header>,
    /// The last that was shared; null after it was taken back.
    shared: Cell<*const Header>,
}

/// Where a thread shares its pending joins with others.
pub(crate) trait Share {
    /// The pool to whose workers they are shared.
    fn pool(&self) -> PoolId;

    /// Makes the present thread a guest of the pool, unless it is at work for it.
    fn enter(&self) -> Guest<'_>;

    /// Shares the oldest that was not: [`PendingJoins::share_next`].
    fn share(&self, joins: &PendingJoins);

    /// Takes back what was shared last, if nobody has stolen it.
    fn take_back(&self) -> Option<StackJobRef>;

    /// Waits until the answer is yes: the closure that was shared last has ended.
    fn wait(&self, has_ended: &dyn Fn() -> bool);
}

/// Runs `a` while `b` is on offer to the workers, and then `b`, if nobody has taken it. Both have ended
/// when this returns or throws on what one of them threw.
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
    // SAFETY: the job stays where it is until it is taken out again, below.
    if PENDING_JOINS.with(|joins| unsafe { joins.push(header) }) {
        PENDING_JOINS.with(|joins| slot.share(joins));
    }
    let first = guarded(a);
    // SAFETY: it was put in above, and everything newer has been taken out before `a` returned.
    let untouched = PENDING_JOINS.with(|joins| unsafe { joins.pop(header) });
    if !untouched {
        bring_back(slot, header, &|| job.has_ended());
    }
    mem::forget(stay);
    // This thread may have no more joins to come before it is back at the oldest closure.
    if PENDING_JOINS.with(PendingJoins::may_share_more) {
        PENDING_JOINS.with(|joins| slot.share(joins));
    }
    if untouched && let Ok(first) = first {
        // Called where it lies, and not before somewhere else: a copy would wait for the stores.
        // SAFETY: it was never given to anybody.
        return (first, unsafe { job.take() }());
    }
    // SAFETY: it has ended.
    both(first, unsafe { job.end() })
}

/// After a job was shared: sees to it that nobody else touches it any more.
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

/// Joins on a thread that is not known to be at work for this pool. It is from here on; joins in
/// another pool that are under way are put aside for as long as this one is.
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

/// What a thread did before it joined in the present pool.
struct Aside {
    /// Joins in another pool that are under way.
    around: Option<Box<PendingJoins>>,
    /// The thread is a worker of the present pool, whose next join will be there, too.
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

/// The present thread is not at work any more for the pool that it last joined in: its next join enters the
/// pool anew. To be called with no join under way.
pub(crate) fn forget_pool() {
    let _ = PENDING_JOINS.try_with(|joins| joins.pool.set(PoolId::NONE));
}

/// The results of both closures, of which the second may not have run. Throws what was thrown, the
/// first closure's if both did.
#[cold]
fn both<A, B, T>(first: thread::Result<A>, second: Outcome<B, T>) -> (A, T)
where
    B: FnOnce() -> T,
{
    let second = match second {
        // It is run even if the first one threw, as it would be had somebody else taken it.
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

    /// Adds a job. Whether it is time to share one.
    ///
    /// # Safety
    ///
    /// The job must be on this thread's stack, and stay there until it is taken out by
    /// [`pop`](Self::pop).
    #[inline]
    unsafe fn push(&self, job: *const Header) -> bool {
        let older = self.newest.replace(job);
        // SAFETY: the caller vouches for it.
        unsafe { &*job }.older.set(older);
        if self.next.get().is_null() {
            self.next.set(job);
        } else {
            // SAFETY: it is in the list, as one that was not shared is and the newest is never older
            // than that.
            unsafe { &*older }.newer.set(job);
        }
        self.may_share()
    }

    /// Takes out the newest, which is this one. Whether it was never shared.
    ///
    /// # Safety
    ///
    /// It must be in the list.
    #[inline]
    unsafe fn pop(&self, job: *const Header) -> bool {
        // SAFETY: the caller vouches for it.
        let header = unsafe { &*job };
        self.newest.set(header.older.get());
        // Those that were shared are the oldest: the newest is one of them only if all are.
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
        // SAFETY: it is in the list: `pop` takes it out of both.
        shared.is_null() || !unsafe { &*shared }.is_pending()
    }

    /// The same after one was taken out: whether there is one left to be shared, too.
    #[inline]
    fn may_share_more(&self) -> bool {
        !self.next.get().is_null() && self.may_share()
    }

    /// The oldest that was not shared.
    pub(crate) fn share_next(&self) -> Option<StackJobRef> {
        let next = self.next.get();
        // SAFETY: it is in the list, or null.
        let header = unsafe { next.as_ref() }?;
        let newest = ptr::eq(next, self.newest.get());
        // What the newest says of one yet newer is long gone.
        self.next.set(if newest { ptr::null() } else { header.newer.get() });
        self.shared.set(next);
        // SAFETY: it stays on the stack until it is taken out, by a join that waits for its end; and this is
        // the one right to it, as nothing that was shared is shared again.
        Some(unsafe { StackJobRef::new(next) })
    }

    /// Makes room for joins in another pool. Returns those under way around them.
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

//! Closures that stay on the stack of the thread that lends them, while others may run them: what they
//! borrow outlives them, because whoever lends waits.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::Cell;
use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::panic::resume_unwind;
use std::ptr;

use crate::hub::{Guest, PoolId};
use crate::panics::{drop_quietly, guarded};
use crate::sync::{Acquire, AtomicU64, Relaxed, Release, UnsafeCell, thread_locals};
use crate::worker::current;

thread_locals! {
    static FORKS: Forks = Forks::new();
}

/// What a piece of code returned, or what it threw.
pub(crate) type Thrown<T> = Result<T, Box<dyn Any + Send>>;

/// A closure on the stack of the thread that waits for it, and later what it returned.
///
/// `repr(C)`, so that a pointer to the loan is one to its head.
#[repr(C)]
struct Loan<B, T> {
    head: Head,
    /// There until somebody runs it.
    closure: UnsafeCell<ManuallyDrop<B>>,
    /// There once the loan has [`RAN`].
    result: UnsafeCell<MaybeUninit<Thrown<T>>>,
}

/// What can be done with a loan without knowing what it is.
struct Head {
    /// Runs the closure if told so, and ends the loan. Whether the closure threw.
    settle: unsafe fn(*const Head, bool) -> bool,
    /// How the loan stands.
    state: AtomicU64,
    /// Its neighbours in its thread's [`Forks`]; used by that thread alone.
    older: Cell<*const Head>,
    newer: Cell<*const Head>,
}

/// Nobody has begun to run the closure.
const LENT: u64 = 0;
/// Somebody else has it and will run it.
const TAKEN: u64 = 1;
/// It will not be run by others.
const UNUSED: u64 = 2;
/// It was run, and the result is there.
const RAN: u64 = 3;

/// The right to run a closure that lies on another thread's stack. Whoever has it runs it, gives it
/// back to the lender, or drops it, in which case the closure is not run.
pub(crate) struct Lent(*const Head);

// SAFETY: a closure is only lent, and its result only fetched, between threads if both are `Send`:
// see the bounds of `Loan`'s makers. Of the head, others use the state and the function.
unsafe impl Send for Lent {}

impl Lent {
    fn head(&self) -> &Head {
        // SAFETY: the loan is there until it is ended, which only this right to it can do.
        unsafe { &*self.0 }
    }

    /// Lets the lender know that this is out of its reach. `Relaxed`: a hint that it is time to show
    /// another.
    pub(crate) fn taken(self) -> Self {
        self.head().state.store(TAKEN, Relaxed);
        self
    }

    /// Runs the closure. What it throws goes to the lender; whether it threw.
    pub(crate) fn run(self) -> bool {
        let this = ManuallyDrop::new(self);
        let settle = this.head().settle;
        // SAFETY: the loan is ended once: a `Lent` is not cloned, and this one is not dropped.
        unsafe { settle(this.0, true) }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let settle = self.head().settle;
        // SAFETY: as in `run`, which does not get here.
        unsafe { settle(self.0, false) };
    }
}

impl<B: FnOnce() -> T + Send, T: Send> Loan<B, T> {
    #[inline]
    fn new(closure: B) -> Self {
        let head = Head {
            settle: Self::settle,
            state: AtomicU64::new(LENT),
            older: Cell::new(ptr::null()),
            newer: Cell::new(ptr::null()),
        };
        Self {
            head,
            closure: UnsafeCell::new(ManuallyDrop::new(closure)),
            result: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// # Safety
    ///
    /// `this` must point to the head of such a loan, which nobody has ended, and be the only right to
    /// it.
    unsafe fn settle(this: *const Head, run: bool) -> bool {
        // SAFETY: the caller vouches for the loan. It lives until its state says that it has ended.
        let loan = unsafe { &*this.cast::<Self>() };
        if !run {
            loan.head.state.store(UNUSED, Release);
            return false;
        }
        // SAFETY: the lender touches neither of the two before the loan has ended, and whoever has
        // the only right to it uses that right once.
        let closure = loan.closure.with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) });
        let result = guarded(closure);
        let threw = result.is_err();
        // SAFETY: as before.
        loan.result.with_mut(|slot| unsafe { (*slot).write(result) });
        // Release, against the acquire of the lender, who may be gone right after. It is told by
        // other means, which it does not own, that it is worth a look.
        loan.head.state.store(RAN, Release);
        threw
    }

    /// Whether nobody else will touch this any more.
    fn has_ended(&self) -> bool {
        self.head.state.load(Acquire) >= UNUSED
    }

    /// After it was shown: sees to it that nobody else touches this any more.
    #[cold]
    fn bring_back(&self, stall: &impl Show) {
        match stall.take_back() {
            Some(back) if ptr::eq(back.0, &raw const self.head) => drop(back),
            other => {
                drop(other);
                stall.wait(&|| self.has_ended());
            }
        }
        assert!(self.has_ended(), "whoever waits for a loan's end sees it");
    }

    /// What became of the closure.
    ///
    /// # Safety
    ///
    /// For the lender, once, after the loan has ended.
    #[inline]
    unsafe fn end(&self) -> Returned<B, T> {
        if self.head.state.load(Acquire) == RAN {
            // SAFETY: the result was written before the state was, and nobody else reads it.
            let result = self.result.with_mut(|slot| unsafe { (*slot).assume_init_read() });
            Returned::Ran(result)
        } else {
            // SAFETY: only running it takes the closure, which did not happen.
            Returned::Unused(unsafe { self.take() })
        }
    }

    /// # Safety
    ///
    /// For the lender, once, when nobody has run the closure nor will.
    #[inline]
    unsafe fn take(&self) -> B {
        // SAFETY: the caller has the closure for itself.
        self.closure.with_mut(|closure| unsafe { ManuallyDrop::take(&mut *closure) })
    }
}

/// What became of a closure that was lent.
pub(crate) enum Returned<B, T> {
    /// Nobody has run it.
    Unused(B),
    /// Somebody has.
    Ran(Thrown<T>),
}

/// Lends `closure` to whoever gets hold of the [`Lent`] that `meanwhile` is called with, and which has
/// ended the loan when that returns. A panic in it ends the process, since others may be using this
/// stack.
pub(crate) fn lend<A, B, T>(closure: B, meanwhile: impl FnOnce(Lent) -> A) -> (A, Returned<B, T>)
where
    B: FnOnce() -> T + Send,
    T: Send,
{
    let loan = Loan::new(closure);
    // From here on nothing may leave this function before the loan has ended: `loan` is on its stack.
    let stay = Stay;
    let first = meanwhile(Lent((&raw const loan).cast()));
    assert!(loan.has_ended(), "whoever has borrowed is done");
    mem::forget(stay);
    // SAFETY: it has ended.
    (first, unsafe { loan.end() })
}

/// The closures that one thread lends at present, in a list through its stack: the second closures of
/// its joins under way in one pool.
pub(crate) struct Forks {
    /// The pool, if the thread is known to be at work for it: a worker, or a guest with a join under way.
    pool: Cell<PoolId>,
    newest: Cell<*const Head>,
    /// The oldest that was not shown.
    next: Cell<*const Head>,
    /// The last that was shown; null after it was taken back.
    shown: Cell<*const Head>,
}

/// Where closures are shown to others, if a thread has any to spare.
pub(crate) trait Show {
    /// The pool to whose workers they are shown.
    fn pool(&self) -> PoolId;

    /// Makes the present thread a guest of the pool, unless it is at work for it.
    fn enter(&self) -> Guest<'_>;

    /// Puts the oldest closure on show that was not: [`Forks::show_next`].
    fn show(&self, forks: &Forks);

    /// Takes back what was shown last, if nobody else has taken it.
    fn take_back(&self) -> Option<Lent>;

    /// Waits until the answer is yes: the closure that was shown last has ended.
    fn wait(&self, has_ended: &dyn Fn() -> bool);
}

/// Runs `a` while `b` is on offer to the workers, and then `b`, if nobody has taken it. Both have ended
/// when this returns or throws on what one of them threw.
#[inline]
pub(crate) fn fork<A, B, RA, RB>(stall: &impl Show, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    if FORKS.with(|forks| forks.pool.get()) != stall.pool() {
        return fork_elsewhere(stall, a, b);
    }
    let loan = Loan::new(b);
    let head = (&raw const loan).cast::<Head>();
    // From here on nothing may leave this function before the loan has ended.
    let stay = Stay;
    // SAFETY: the loan stays where it is until it is taken out again, below.
    if FORKS.with(|forks| unsafe { forks.push(head) }) {
        FORKS.with(|forks| stall.show(forks));
    }
    let first = guarded(a);
    // SAFETY: it was put in above, and everything newer has been taken out before `a` returned.
    let untouched = FORKS.with(|forks| unsafe { forks.pop(head) });
    if !untouched {
        loan.bring_back(stall);
    }
    mem::forget(stay);
    // This thread may have no more joins to come before it is back at the oldest closure.
    if FORKS.with(Forks::may_show_more) {
        FORKS.with(|forks| stall.show(forks));
    }
    if untouched && let Ok(first) = first {
        // Called where it lies, and not before somewhere else: a copy would wait for the stores.
        // SAFETY: it was never given to anybody.
        return (first, unsafe { loan.take() }());
    }
    // SAFETY: it has ended.
    settle_both(first, unsafe { loan.end() })
}

/// The same for a thread that is not known to be at work for this pool. It is from here on; joins in
/// another pool that are under way are put aside for as long as this one is.
#[cold]
fn fork_elsewhere<A, B, RA, RB>(stall: &impl Show, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    let _guest = stall.enter();
    let stays = current::worker_index(stall.pool()).is_some();
    let around = FORKS.with(|forks| forks.change_to(stall.pool()));
    let _aside = Aside { around, stays };
    fork(stall, a, b)
}

/// What a thread did before it joined in the present pool.
struct Aside {
    /// Joins in another pool that are under way.
    around: Option<Box<Forks>>,
    /// The thread is a worker of the present pool, whose next join will be there, too.
    stays: bool,
}

impl Drop for Aside {
    fn drop(&mut self) {
        match &self.around {
            Some(around) => FORKS.with(|forks| forks.swap(around)),
            None if self.stays => {}
            None => forget_pool(),
        }
    }
}

/// The present thread is not at work any more for the pool that it last joined in: its next join enters the
/// pool anew. To be called with no join under way.
pub(crate) fn forget_pool() {
    let _ = FORKS.try_with(|forks| forks.pool.set(PoolId::NONE));
}

/// The results of both closures, of which the second may not have run. Throws what was thrown, the
/// first closure's if both did.
#[cold]
fn settle_both<A, B: FnOnce() -> T, T>(first: Thrown<A>, second: Returned<B, T>) -> (A, T) {
    let second = match second {
        // It is run even if the first one threw, as it would be had somebody else taken it.
        Returned::Unused(b) => guarded(b),
        Returned::Ran(second) => second,
    };
    let (payload, other) = match (first, second) {
        (Ok(first), Ok(second)) => return (first, second),
        (Err(payload), other) => (payload, other.err()),
        (Ok(_), Err(payload)) => (payload, None),
    };
    drop_quietly(other);
    resume_unwind(payload)
}

impl Forks {
    const fn new() -> Self {
        Self {
            pool: Cell::new(PoolId::NONE),
            newest: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            shown: Cell::new(ptr::null()),
        }
    }

    /// Adds a loan. Whether it is time to show one.
    ///
    /// # Safety
    ///
    /// The loan must be on this thread's stack, and stay there until it is taken out by
    /// [`pop`](Self::pop).
    #[inline]
    unsafe fn push(&self, loan: *const Head) -> bool {
        let older = self.newest.replace(loan);
        // SAFETY: the caller vouches for it.
        unsafe { &*loan }.older.set(older);
        if self.next.get().is_null() {
            self.next.set(loan);
        } else {
            // SAFETY: it is in the list, as one that was not shown is and the newest is never older
            // than that.
            unsafe { &*older }.newer.set(loan);
        }
        self.may_show()
    }

    /// Takes out the newest, which is this one. Whether it was never shown.
    ///
    /// # Safety
    ///
    /// It must be in the list.
    #[inline]
    unsafe fn pop(&self, loan: *const Head) -> bool {
        // SAFETY: the caller vouches for it.
        let head = unsafe { &*loan };
        self.newest.set(head.older.get());
        // Those that were shown are the oldest: the newest is one of them only if all are.
        if self.next.get().is_null() {
            self.shown.set(ptr::null());
            return false;
        }
        if ptr::eq(self.next.get(), loan) {
            self.next.set(ptr::null());
        }
        true
    }

    /// Whether it is time to show one: what was shown last was taken.
    #[inline]
    fn may_show(&self) -> bool {
        let shown = self.shown.get();
        // SAFETY: it is in the list: `pop` takes it out of both.
        shown.is_null() || unsafe { &*shown }.state.load(Relaxed) != LENT
    }

    /// The same after one was taken out: whether there is one left to be shown, too.
    #[inline]
    fn may_show_more(&self) -> bool {
        !self.next.get().is_null() && self.may_show()
    }

    /// The oldest that was not shown.
    pub(crate) fn show_next(&self) -> Option<Lent> {
        let next = self.next.get();
        // SAFETY: it is in the list, or null.
        let head = unsafe { next.as_ref() }?;
        let newest = ptr::eq(next, self.newest.get());
        // What the newest says of one yet newer is long gone.
        self.next.set(if newest { ptr::null() } else { head.newer.get() });
        self.shown.set(next);
        // The one right to it, as nothing that was shown is shown again.
        Some(Lent(next))
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
        self.shown.swap(&other.shown);
    }
}

/// Keeps a panic from leaving a stack that others use.
struct Stay;

impl Drop for Stay {
    fn drop(&mut self) {
        std::process::abort();
    }
}

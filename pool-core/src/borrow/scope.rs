//! Work that borrows: what a scope's children and a join's closures borrow outlives them, because
//! whoever lends it waits for them.
#![allow(unsafe_code)]

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::resume_unwind;
use std::sync::Arc;

use crate::borrow::children::Children;
use crate::handle::Handle;
use crate::job::Job;
use crate::panics::{drop_quietly, guarded};
use crate::queue::WorkQueue;
use crate::sync::{Acquire, AtomicBool, Release, UnsafeCell};
use crate::task::Task;

/// Where jobs can be spawned that borrow from the stack; see [`Handle::scope`].
pub struct Scope<'scope, 'env: 'scope> {
    children: Arc<Children>,
    /// Invariant in both, as in the standard library's scopes: a scope that could pass for a longer
    /// or a shorter one would let children borrow from each other's locals.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a job that ends before the scope does. It may borrow whatever outlives the scope, and
    /// the scope itself, to spawn more.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use pool_core::{Scope, ThreadPoolBuilder};
    /// use pool_std::StdQueue;
    ///
    /// fn tree<'scope>(scope: &'scope Scope<'scope, '_>, leaves: &'scope AtomicU32, depth: u32) {
    ///     if depth == 0 {
    ///         leaves.fetch_add(1, Ordering::Relaxed);
    ///         return;
    ///     }
    ///     for _ in 0..2 {
    ///         scope.spawn(move || tree(scope, leaves, depth - 1));
    ///     }
    /// }
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build()?;
    /// # pool.execute(|| ())?;
    /// let leaves = AtomicU32::new(0);
    /// pool.scope(|scope| tree(scope, &leaves, 10));
    /// assert_eq!(leaves.into_inner(), 1024);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn<F>(&'scope self, closure: F)
    where
        F: FnOnce() + Send + 'scope,
    {
        // SAFETY: the closure may borrow what lives for `'scope`. A `Scope` is only made by
        // `Handle::scope`, on its own stack and for others to borrow, so the children outlive every
        // `'scope` there can be. `Handle::scope` leaves `'scope` only after `Children::finish`, which
        // has then seen every child that was ever added run to its end; nothing else drops or keeps
        // one. A child can only be added by somebody who holds a `&'scope Scope`: the scope's closure,
        // which has returned by then, or a child, which counts itself.
        let job = unsafe { Task::borrowing(closure) };
        self.children.add(job);
    }
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Handle<J, Q> {
    /// Lets jobs borrow from the stack: calls `f` with a [`Scope`] to spawn them in, and returns when
    /// all of them have ended.
    ///
    /// It can be called from outside of the pool, in its jobs and in scopes. The caller works instead
    /// of idling: it runs the jobs of its scope that no worker has begun, the newest first, and no
    /// others (C11). So a scope needs no free worker, nor an open pool.
    ///
    /// Its jobs are a part of whatever the caller does: they have no outcome of their own for the
    /// sink and are not among the [counted](crate::ShutdownReport) ones, nor bound by a
    /// [capacity](crate::ThreadPoolBuilder::capacity).
    ///
    /// # Panics
    ///
    /// If `f` or one of the jobs panics, the first panic is thrown on here, after all jobs have ended
    /// (C8).
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::ThreadPoolBuilder;
    /// use pool_std::StdQueue;
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build()?;
    /// # pool.execute(|| ())?;
    /// let mut numbers = vec![1, 2, 3, 4, 5, 6];
    /// pool.scope(|scope| {
    ///     for half in numbers.chunks_mut(3) {
    ///         scope.spawn(move || half.iter_mut().for_each(|n| *n *= 10));
    ///     }
    /// });
    /// assert_eq!(numbers, [10, 20, 30, 40, 50, 60]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn scope<'env, F, T>(&self, f: F) -> T
    where
        F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
    {
        let children = Children::new(self.shared.clone(), self.num_threads());
        let scope = Scope { children, scope: PhantomData, env: PhantomData };
        // Nothing may leave this function between here and `finish`.
        let result = guarded(|| f(&scope));
        let thrown = scope.children.finish();
        match (result, thrown) {
            (Ok(result), None) => result,
            (Ok(result), Some(payload)) => {
                drop_quietly(result);
                resume_unwind(payload)
            }
            (Err(payload), other) => {
                drop_quietly(other);
                resume_unwind(payload)
            }
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// What a piece of code returned, or what it threw.
pub(crate) type Thrown<T> = Result<T, Box<dyn Any + Send>>;

/// A closure on the stack of the thread that waits for it, and later what it returned.
struct Loan<B, T> {
    closure: UnsafeCell<Option<B>>,
    result: UnsafeCell<Option<Thrown<T>>>,
    /// The one who ran it will not come back here.
    ended: AtomicBool,
}

/// The right to run a closure that lies on another thread's stack. Whoever has it runs it, gives it
/// back to [`lend`], or drops it, in which case the closure is not run.
pub(crate) struct Lent {
    loan: *const (),
    /// Runs the closure if told so, and ends the loan. Whether the closure threw.
    settle: unsafe fn(*const (), bool) -> bool,
}

// SAFETY: a closure is only lent, and its result only fetched, between threads if both are `Send`:
// see the bounds of `lend`.
unsafe impl Send for Lent {}

impl Lent {
    /// Runs the closure. What it throws goes to the lender; whether it threw.
    pub(crate) fn run(self) -> bool {
        let this = mem::ManuallyDrop::new(self);
        // SAFETY: the loan is there until it is ended, see `lend`. It is ended once: a `Lent` is not
        // cloned, and this one is not dropped.
        unsafe { (this.settle)(this.loan, true) }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: as in `run`, which does not get here.
        unsafe { (self.settle)(self.loan, false) };
    }
}

impl<B: FnOnce() -> T, T> Loan<B, T> {
    /// # Safety
    ///
    /// `this` must point to a loan that nobody has ended, and be the only right to it.
    unsafe fn settle(this: *const (), run: bool) -> bool {
        // SAFETY: the caller vouches for the loan. It lives until `ended` is set, below.
        let loan = unsafe { &*this.cast::<Self>() };
        let mut threw = false;
        if run {
            // SAFETY: the lender touches neither of the two before `ended` is set.
            let closure = loan.closure.with_mut(|closure| unsafe { (*closure).take() });
            let result = closure.map(|closure| guarded(closure));
            threw = matches!(result, Some(Err(_)));
            // SAFETY: as before.
            loan.result.with_mut(|slot| unsafe { *slot = result });
        }
        // Release, against the acquire of the lender, who may be gone right after. It is told by
        // other means, which it does not own, that it is worth a look.
        loan.ended.store(true, Release);
        threw
    }
}

/// What became of a closure that was lent.
pub(crate) enum Returned<B, T> {
    /// Nobody has run it.
    Unused(B),
    /// Somebody has.
    Ran(Thrown<T>),
}

/// Lends `closure` to whoever gets hold of the [`Lent`] that `meanwhile` is called with. Unless
/// `meanwhile` returns it, `wait` is called with a question, and must not return before the answer is
/// yes: the loan has ended. A panic in either of the two ends the process, since others may be using
/// this stack.
#[inline]
pub(crate) fn lend<A, B, T>(
    closure: B,
    meanwhile: impl FnOnce(Lent) -> (A, Option<Lent>),
    wait: impl FnOnce(&dyn Fn() -> bool),
) -> (A, Returned<B, T>)
where
    B: FnOnce() -> T + Send,
    T: Send,
{
    let loan = Loan {
        closure: UnsafeCell::new(Some(closure)),
        result: UnsafeCell::new(None),
        ended: AtomicBool::new(false),
    };
    let address = (&raw const loan).cast::<()>();
    // From here on nothing may leave this function before the loan has ended: `loan` is on its stack.
    let stay = Stay;
    let (first, back) = meanwhile(Lent { loan: address, settle: Loan::<B, T>::settle });
    match back {
        // All there is of a right to the closure.
        Some(lent) if lent.loan == address => mem::forget(lent),
        other => {
            drop(other);
            wait(&|| loan.ended.load(Acquire));
            assert!(loan.ended.load(Acquire), "whoever waits for a loan's end sees it");
        }
    }
    mem::forget(stay);
    // SAFETY: the one right to the loan has come back, or was used up and acquire has brought us what
    // was done with it.
    let (closure, result) = unsafe {
        let closure = loan.closure.with_mut(|closure| (*closure).take());
        (closure, loan.result.with_mut(|result| (*result).take()))
    };
    match (closure, result) {
        (_, Some(result)) => (first, Returned::Ran(result)),
        (Some(closure), None) => (first, Returned::Unused(closure)),
        (None, None) => unreachable!("a closure that was run has a result"),
    }
}

/// Keeps a panic from leaving a stack that others use.
struct Stay;

impl Drop for Stay {
    fn drop(&mut self) {
        std::process::abort();
    }
}

//! Scopes: jobs that borrow from the stack, which is safe because the scope waits for them. A job's panic is
//! resumed by the scope.
#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::sync::Arc;

use crate::api::handle::Handle;
use crate::job_context::{Bound, JobContext};
use crate::panics::{drop_quietly, guarded};
use crate::queue::WorkQueue;
use crate::runtime::job::Job;
use crate::runtime::scope_state::ScopeState;
use crate::task::Task;

/// A scope, in which jobs can be spawned that borrow from the stack; see [`Handle::scope`].
pub struct Scope<'scope, 'env: 'scope> {
    children: Arc<ScopeState>,
    /// Binds a child to its context, if there is one.
    bind: Option<fn(Task) -> Task>,
    /// Invariant in both lifetimes, as in the standard library's scopes: with a longer or a shorter one,
    /// children could borrow from each other's locals.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a job that ends before the scope does. It may borrow anything that outlives the scope, and
    /// the scope itself, to spawn more.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use drainpool::{Scope, ThreadPoolBuilder};
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
    /// let pool = ThreadPoolBuilder::new().build()?;
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
        // `Handle::scope`, on its own stack and lent by reference, so the children outlive every possible
        // `'scope`. `Handle::scope` leaves `'scope` only after `ScopeState::finish`. By then every child
        // that was ever added has run to its end; nothing else drops or keeps one. Only code with a
        // `&'scope Scope` can add a child: the scope's closure, which has returned by then, or a child,
        // which is counted itself.
        let job = unsafe { Task::borrowing(closure) };
        self.children.add(match self.bind {
            Some(bind) => bind(job),
            None => job,
        });
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Calls `f` with a [`Scope`] in which it can spawn jobs that borrow from the stack, and returns when
    /// all of them have ended.
    ///
    /// It can be called from outside of the pool, in its jobs and in scopes. The caller works instead of
    /// idling: it runs the jobs of its scope that no worker has begun, the newest first, and no others
    /// (C11). So a scope needs neither a free worker nor an open pool.
    ///
    /// Wherever a job of the scope runs, it is inside of the pool, even on a thread from outside: what it
    /// submits is nested (C4), and the pool is not idle meanwhile. A pool that has ended has no inside. `f`
    /// itself is the caller's own code, and may wait for the pool.
    ///
    /// The jobs of a scope are a part of the caller's work: they have no outcome of their own for the sink,
    /// are not [counted](crate::ShutdownReport), and not bound by a
    /// [capacity](crate::ThreadPoolBuilder::capacity).
    ///
    /// # Panics
    ///
    /// If `f` or one of the jobs panics, the first panic is resumed here, after all jobs have ended (C8).
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
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
        let children = ScopeState::new(self.inner.clone(), self.max_threads());
        let bind = binder(Q::capture_context);
        let scope = Scope { children, bind, scope: PhantomData, env: PhantomData };
        // Nothing may leave this function between here and `finish`.
        let result = guarded(|| f(&scope));
        let thrown = scope.children.finish(&self.inner.state);
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

/// Returns what binds a task to the context that this captures, if there is one.
fn binder<Q, C: JobContext>(_: impl Fn(&Q) -> C) -> Option<fn(Task) -> Task> {
    let bind = |task: Task| {
        let bound = Bound::new(C::capture, move || task.run());
        Task::new(move || bound.run())
    };
    if C::IS_NONE { None } else { Some(bind) }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

//! Joining: two closures, perhaps at the same time.

use crate::api::handle::Handle;
use crate::queue::WorkQueue;
use crate::runtime::job::Job;
use crate::runtime::join::pending_joins::join;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Runs two closures, perhaps at the same time, and returns what they return: the first on this
    /// thread, the second on a worker of the pool if one comes for it in time, else on this thread
    /// as well.
    ///
    /// Meant for dividing work into two halves, and each of these again, until the pieces are small.
    /// It allocates nothing, whatever the queue, and costs some nanoseconds where no other thread
    /// wants work. Like a [`scope`](Self::scope) it can be called from anywhere, needs no free worker
    /// nor an open pool, runs nothing but its own two closures, or pieces of them, on this thread while
    /// it waits (C11), and counts as a part of whatever the caller does. Wherever a closure runs, it is
    /// inside of the pool, also on a caller that is not: what it submits is nested (C4), and the pool is
    /// not idle before both have ended. Only of a pool that has come to its end nobody is inside.
    ///
    /// Neither closure may wait for the other: they may run one after the other.
    ///
    /// # Panics
    ///
    /// If a closure panics, that panic is thrown on after both have ended; if both do, the first
    /// closure's.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{Handle, Job, Task, ThreadPoolBuilder, WorkQueue};
    ///
    /// fn fib<Q: WorkQueue<Job<Task>>>(pool: &Handle<Task, (), Q>, n: u32) -> u32 {
    ///     if n < 2 {
    ///         return n;
    ///     }
    ///     let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    ///     a + b
    /// }
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// assert_eq!(fib(&pool, 20), 6_765);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA,
        B: FnOnce() -> RB + Send,
        RB: Send,
    {
        join(&self.inner, a, b)
    }
}

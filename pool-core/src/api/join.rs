//! Join: two closures, perhaps at the same time.

use crate::api::handle::Handle;
use crate::queue::WorkQueue;
use crate::runtime::job::Job;
use crate::runtime::join::pending_joins::{DropQuietly, join};

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Runs two closures, perhaps at the same time, and returns both results. The first runs on this
    /// thread. The second runs on a worker of the pool if one takes it in time, else on this thread as
    /// well.
    ///
    /// Meant for dividing work into two halves, and each of these again, until the pieces are small. It
    /// allocates nothing, whatever the queue, but for a thread's first joins and its deepest; and costs some nanoseconds
    /// where no other thread wants work.
    ///
    /// Like a [`scope`](Self::scope) it can be called from anywhere, and needs neither a free worker nor an
    /// open pool. While it waits, it runs nothing on this thread but its own two closures, or pieces of
    /// them (C11). It counts as a part of the caller's work. Wherever a closure runs, it is inside of the
    /// pool, even on a thread from outside: what it submits is nested (C4), and the pool is not idle before
    /// both have ended. A pool that has ended has no inside.
    ///
    /// Neither closure may wait for the other: they may run one after the other.
    ///
    /// A level of joins takes some 200 bytes of the stack, 2 KiB without optimisation, and what the closures have there.
    /// Halves of halves are never deep. Splitting off one piece at a time is: some thousand pieces fill a stack.
    ///
    /// The function in the example takes a pool with any queue. One for the default queue takes `&drainpool::Handle`,
    /// without parameters.
    ///
    /// # Panics
    ///
    /// If a closure panics, that panic is resumed after both have ended; if both do, that of the first.
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
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA,
        B: FnOnce() -> RB + Send,
        RB: Send,
    {
        // The capture of a context may panic.
        let a = DropQuietly::new(a);
        let bound = self.bind(b);
        let a = a.keep();
        join(&self.inner, a, move || bound.run())
    }
}

//! Parallel iterators on a pool of `drainpool`: those of [`orx_parallel`], run by the pool's workers and the
//! thread that asks.
//!
//! [`par_runner`](ParallelExt::par_runner) is all that most programs need: what they hand to `runner(...)` of a
//! parallel iterator. [`parallel`](ParallelExt::parallel) is the pool as `orx_parallel` sees it, for its other
//! runners and its `run_all`. Most users enable the feature `parallel-iterators` of the facade crate `drainpool`,
//! which re-exports all of this, and `orx_parallel` with it.
//!
//! # Example
//!
//! ```
//! use drainpool::orx_parallel::*;
//! use drainpool::{ParallelExt, ThreadPoolBuilder};
//!
//! let pool = ThreadPoolBuilder::new().num_threads(4).build()?;
//! let words = vec!["drain", "then", "exit"];
//!
//! // Borrows the words, and a local of this function.
//! let least = 5;
//! let long = words.par().runner(pool.par_runner()).filter(|word| word.len() >= least).count();
//! assert_eq!(long, 1);
//!
//! let squares: Vec<usize> = (0..1_000).into_par().runner(pool.par_runner()).map(|n| n * n).collect();
//! assert_eq!(squares[999], 998_001);
//!
//! let mut numbers = vec![1_u64; 10_000];
//! numbers.par_mut().runner(pool.par_runner()).for_each(|n| *n += 1);
//! assert_eq!(numbers.into_par().runner(pool.par_runner()).sum(), 20_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What the pool makes of it
//!
//! A computation is a [scope](pool_core::Handle::scope) with as many jobs as the pool has
//! [threads](pool_core::Handle::num_threads), or fewer if the input is short or
//! [`num_threads`](orx_parallel::Par::num_threads) says so. Each takes chunks of the input until there are none.
//! So what holds for a scope holds here:
//!
//! * **The caller works**, too: it runs the jobs that no worker has begun (C11), and at most that many threads
//!   are at it together. Neither a free worker nor an open pool is needed. While the pool is paused, and after it
//!   was closed or shut down, the caller does all by itself. Nothing is refused, so there is no error.
//! * **From anywhere**: from outside, in a job, in the closure of another computation. Nothing waits for a worker
//!   that is busy.
//! * **A part of the caller's work.** It is not counted, not bound by a capacity, and has no outcome for the sink.
//! * **Panics.** If a closure panics, that panic is resumed at the caller after all jobs have ended (C8). The
//!   others go on to the end of the input; what was computed, and what was left of an input by value, is dropped.
//!
//! # Pitfalls
//!
//! * **Without `runner`**, a parallel iterator is run by the default pool of `orx_parallel`, not by this one. Here that
//!   is the caller's thread alone. If another crate enables the feature `std` of `orx_parallel`, it is a global pool
//!   whose threads start at the first `par()`, with a `runner` or without.
//! * **Closures are `Copy`**: they capture by reference, or, with `move`, what is `Copy`.
//! * **Ranges are of `usize`**, and an array is asked for its slice first: `[1, 2, 3].as_slice().par()`.
//! * **An iterator behind [`iter_into_par`](orx_parallel::IterIntoParIter::iter_into_par) must be `Send`.** The threads take
//!   its items in turns, and `orx_parallel` 4.1 does not have the compiler check that it may change threads: one that
//!   holds an `Rc` is undefined behaviour. If its `next` panics, it may be asked again by another thread.
//! * **The order of side effects** is any. Results are in the order of the input, unless
//!   [`iteration_order`](orx_parallel::Par::iteration_order) gives that up.

mod pool;

use orx_parallel::{ParRunner, Runner};
use pool_core::{Handle, Job, WorkQueue};

pub use orx_parallel;
pub use pool::{ParallelPool, ParallelScope};

/// Parallel iterators on a pool.
///
/// # Examples
///
/// ```
/// use drainpool::orx_parallel::*;
/// use drainpool::{Handle, Job, ParallelExt, Task, ThreadPoolBuilder, WorkQueue};
///
/// // Over any queue, and in jobs as well as outside.
/// fn norm<Q: WorkQueue<Job<Task>>>(pool: &Handle<Task, (), Q>, vector: &[f64]) -> f64 {
///     let squares = vector.par().runner(pool.par_runner()).map(|x| x * x);
///     squares.reduce(|a, b| a + b).unwrap_or(0.0).sqrt()
/// }
///
/// let pool = ThreadPoolBuilder::new().num_threads(2).build()?;
/// assert_eq!(norm(&pool, &[3.0, 4.0]), 5.0);
/// let in_a_job = pool.handle();
/// assert_eq!(pool.spawn(move || norm(&in_a_job, &[5.0, 12.0]))?.join()?, 13.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ParallelExt<J, R, Q>
where
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
{
    /// Returns a runner that has a parallel iterator run by this pool, in chunks of a size that is fixed before
    /// it begins: about a thousand items, or a quarter of a thread's share if that is less.
    /// [`chunk_size`](orx_parallel::Par::chunk_size) sets another: some 16,000 for items of a nanosecond, 1 for those
    /// that take long and unequally so.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::orx_parallel::*;
    /// use drainpool::{ParallelExt, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let text = "a line\nand another\n";
    /// let lines: Vec<&str> = text.lines().collect();
    /// let words = lines.par().runner(pool.par_runner()).flat_map(|line| line.split(' ')).count();
    /// assert_eq!(words, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn par_runner(&self) -> impl ParRunner {
        Runner::fixed_with_pool(self.parallel())
    }

    /// Returns the pool as one of [`orx_parallel`]'s: for its other runners, and for its `run_all`.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::orx_parallel::{self, TaskQueue, ThreadPool, tasks};
    /// use drainpool::{ParallelExt, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let (mut least, mut most) = (0, 0);
    /// let numbers = [4, 8, 15, 16, 23, 42];
    /// pool.parallel().run_all(tasks![
    ///     || least = numbers.into_iter().fold(100, i32::min),
    ///     || most = numbers.into_iter().fold(0, i32::max),
    /// ]);
    /// assert_eq!((least, most), (4, 42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn parallel(&self) -> ParallelPool<'_, J, R, Q>;
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> ParallelExt<J, R, Q> for Handle<J, R, Q> {
    fn parallel(&self) -> ParallelPool<'_, J, R, Q> {
        ParallelPool::new(self)
    }
}

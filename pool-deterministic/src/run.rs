//! A run: what a body has to build pools, start threads, and control time.

use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use pool_core::{JoinHandle, ThreadPoolBuilder, WorkerThread, set_thread_number};

use crate::clock::RunClock;
use crate::queue::SeededBackend;
use crate::schedule::Schedule;
use crate::turns::{self, InTurn};

/// The time between two polls of a future after its run is over.
const LATE_POLL: Duration = Duration::from_millis(10);

/// One run of a body under a seed; see [`check`](crate::check).
///
/// Clones are the same run.
#[derive(Clone)]
pub struct Run {
    seed: u64,
    schedule: Arc<Schedule>,
}

impl Run {
    pub(crate) fn new(seed: u64, schedule: Arc<Schedule>) -> Self {
        Self { seed, schedule }
    }

    /// The seed of this run.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Returns a builder of pools that belong to this run: a [`SeededQueue`](crate::SeededQueue), the run's
    /// [clock](Self::clock), and threads that take turns. Everything else is set as usual, the number of
    /// workers, a capacity, handlers, sinks; one that is given another queue, clock or thread factory belongs
    /// to the run no more.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::current_worker;
    /// use drainpool::deterministic::check;
    ///
    /// check(0..20, |run| {
    ///     let pool = run.builder().num_threads(4).capacity(2).build().unwrap();
    ///     let jobs: Vec<_> = (0..8).map(|n| pool.spawn(move || (n, current_worker())).unwrap()).collect();
    ///     for (n, job) in jobs.into_iter().enumerate() {
    ///         let (result, worker) = job.join().unwrap();
    ///         assert_eq!(result, n);
    ///         assert!(worker.unwrap().index() < 4);
    ///     }
    /// });
    /// ```
    pub fn builder(&self) -> ThreadPoolBuilder<SeededBackend> {
        let seed = self.schedule.draw(|random| random.u64(..));
        self.adopt(ThreadPoolBuilder::with_backend(SeededBackend::new(seed)))
    }

    /// Has the pools of this builder belong to this run, over the queue that the builder has: for code under
    /// test whose types name a queue. It is given the run's [clock](Self::clock), and threads that take turns.
    ///
    /// Such a queue keeps its own order, and passes no turn on. So threads go on in another order only where they
    /// wait and where they [yield](crate::yield_now), and fewer orders are met than with a
    /// [`SeededQueue`](crate::SeededQueue). A run is a function of its seed over every queue that depends on
    /// nothing but its calls, as those of drainpool do.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{ThreadPool, ThreadPoolBuilder};
    /// use drainpool::deterministic::{check, yield_now};
    ///
    /// struct Server {
    ///     pool: ThreadPool,
    /// }
    ///
    /// check(0..20, |run| {
    ///     let builder = run.adopt(ThreadPoolBuilder::new().num_threads(2));
    ///     let server = Server { pool: builder.build().unwrap() };
    ///     let answer = server.pool.spawn(|| { yield_now(); 42 }).unwrap();
    ///     assert_eq!(answer.join().unwrap(), 42);
    /// });
    /// ```
    pub fn adopt<B, S>(&self, builder: ThreadPoolBuilder<B, S>) -> ThreadPoolBuilder<B, S> {
        let schedule = Arc::clone(&self.schedule);
        builder.clock(self.clock()).thread_factory(move |worker| start(&schedule, worker))
    }

    /// Returns the clock of this run, for pools and for the code under test.
    #[must_use]
    pub fn clock(&self) -> RunClock {
        RunClock { schedule: Arc::clone(&self.schedule) }
    }

    /// Draws a number below `n` from the seed, for choices of the body: how many jobs, which of them fails.
    ///
    /// # Panics
    ///
    /// If `n` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::deterministic::check;
    ///
    /// check(0..20, |run| {
    ///     let pool = run.builder().num_threads(1 + run.draw(4)).build().unwrap();
    ///     let jobs = run.draw(10);
    ///     pool.execute_batch((0..jobs).map(|_| || ())).unwrap();
    ///     assert_eq!(pool.shutdown().done, jobs as u64);
    /// });
    /// ```
    #[must_use]
    pub fn draw(&self, n: usize) -> usize {
        assert!(n > 0, "there is no number below zero to draw");
        self.schedule.draw(|random| random.usize(..n))
    }

    /// Has jobs run without a break: others run between jobs, and where a job waits for the pool, but not
    /// where it submits or [yields](crate::yield_now). For jobs that submit while they hold a lock that other
    /// jobs want. To be called before the first pool is built.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use drainpool::deterministic::check;
    ///
    /// check(0..20, |run| {
    ///     run.keep_jobs_whole();
    ///     let pool = run.builder().num_threads(2).build().unwrap();
    ///     let order = Arc::new(Mutex::new(Vec::new()));
    ///     for n in 0..2 {
    ///         let (order, handle) = (Arc::clone(&order), pool.handle());
    ///         pool.execute(move || {
    ///             let mut locked = order.lock().unwrap();
    ///             locked.push(n);
    ///             let order = Arc::clone(&order);
    ///             handle.execute(move || order.lock().unwrap().push(10 + n)).unwrap();
    ///         }).unwrap();
    ///     }
    ///     pool.shutdown();
    ///     assert_eq!(order.lock().unwrap().len(), 4);
    /// });
    /// ```
    pub fn keep_jobs_whole(&self) {
        self.schedule.keep_jobs_whole();
    }

    /// Starts a thread that belongs to this run and takes turns with the others: a client of the pool beside
    /// the body. Threads that are started otherwise are not waited for, and make a run depend on more than
    /// its seed.
    ///
    /// # Errors
    ///
    /// If the system starts no thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use drainpool::deterministic::check;
    ///
    /// check(0..20, |run| {
    ///     let pool = run.builder().num_threads(1).capacity(1).build().unwrap();
    ///     let client = |n: u32| {
    ///         let handle = pool.handle();
    ///         run.spawn_thread(move || handle.spawn(move || n).unwrap().join().unwrap()).unwrap()
    ///     };
    ///     let clients = [client(1), client(2), client(3)];
    ///     let sum: u32 = clients.into_iter().map(|client| client.join().unwrap()).sum();
    ///     assert_eq!(sum, 6);
    /// });
    /// ```
    pub fn spawn_thread<T: Send + 'static>(
        &self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<RunThread<T>> {
        let has_ended = Arc::new(AtomicBool::new(false));
        let ends = SetOnDrop(Arc::clone(&has_ended));
        let thread = spawn(&self.schedule, thread::Builder::new(), move || {
            let _ends = ends;
            f()
        })?;
        Ok(RunThread { thread, has_ended })
    }

    /// Waits for a future, such as a [`JobHandle`](pool_core::JobHandle) or a
    /// [`SubmitFuture`](pool_core::SubmitFuture), while the other threads of the run go on. The future is
    /// polled whenever something may have changed, so it need not wake anybody.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::deterministic::check;
    ///
    /// check(0..20, |run| {
    ///     let pool = run.builder().num_threads(2).build().unwrap();
    ///     let answer = run.block_on(async {
    ///         let job = pool.spawn_async(|| 6 * 7).await.unwrap();
    ///         job.await.unwrap()
    ///     });
    ///     assert_eq!(answer, 42);
    /// });
    /// ```
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            if !turns::wait(None) {
                thread::sleep(LATE_POLL);
            }
        }
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("seed", &self.seed).finish_non_exhaustive()
    }
}

/// Starts a worker as a thread of the run.
fn start(schedule: &Arc<Schedule>, worker: WorkerThread) -> io::Result<JoinHandle<()>> {
    let mut builder = thread::Builder::new().name(worker.name().to_owned());
    if let Some(bytes) = worker.stack_size() {
        builder = builder.stack_size(bytes);
    }
    spawn(schedule, builder, move || worker.run())
}

/// Starts a thread of the run. Its place among the others is taken here, by the thread that starts it.
pub(crate) fn spawn<T: Send + 'static>(
    schedule: &Arc<Schedule>,
    builder: thread::Builder,
    f: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let number = schedule.add();
    let own = Arc::clone(schedule);
    let spawned = builder.spawn(move || {
        // Its number in the run, not that in the process: it decides to which stripe of a queue its jobs go.
        set_thread_number(number);
        let _in_turn = InTurn::begin(own, number);
        f()
    });
    if spawned.is_err() {
        schedule.end(number);
    }
    spawned
}

/// A thread of a [`Run`], made by [`Run::spawn_thread`]. Without its handle it goes on.
#[derive(Debug)]
pub struct RunThread<T> {
    thread: JoinHandle<T>,
    has_ended: Arc<AtomicBool>,
}

impl<T> RunThread<T> {
    /// Waits until the thread has ended, while the others go on.
    ///
    /// # Errors
    ///
    /// The payload of its panic, as [`std::thread::JoinHandle::join`] has it.
    pub fn join(self) -> thread::Result<T> {
        while !self.has_ended.load(Ordering::Acquire) && turns::wait(None) {}
        self.thread.join()
    }
}

/// Says that a thread has ended, also with a panic.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

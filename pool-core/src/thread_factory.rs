//! Thread factories, which start worker threads.

use std::fmt;
use std::io;

pub use crate::sync::thread::JoinHandle;

/// A source of a pool's worker threads.
///
/// The default, [`StdThreads`], asks [`std::thread::Builder`]. Another factory may set affinity or
/// priority, count, or refuse.
///
/// It is called by threads that submit, and by workers that have a job in hand. So it must not wait for what other
/// threads submit: a bounded queue may have no room for that before the job begins.
///
/// Any `Fn(WorkerThread) -> io::Result<JoinHandle<()>>` is one.
///
/// # Examples
///
/// ```
/// use drainpool::{StdThreads, ThreadFactory, ThreadPoolBuilder, WorkerThread};
///
/// let announce = |worker: WorkerThread| {
///     println!("starting {}", worker.name());
///     StdThreads.start(worker)
/// };
/// let pool = ThreadPoolBuilder::new().thread_factory(announce).build()?;
/// pool.execute(|| ())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ThreadFactory: Send + Sync + 'static {
    /// Starts a thread that calls [`WorkerThread::run`].
    ///
    /// A worker that is dropped without having been run counts as one that did not start.
    ///
    /// # Errors
    ///
    /// The pool reports the error with the worker's index; see
    /// [`BuildError::Start`](crate::BuildError::Start) and
    /// [`Refusal::NoThread`](crate::Refusal::NoThread).
    fn start(&self, worker: WorkerThread) -> io::Result<JoinHandle<()>>;
}

impl<F> ThreadFactory for F
where
    F: Fn(WorkerThread) -> io::Result<JoinHandle<()>> + Send + Sync + 'static,
{
    fn start(&self, worker: WorkerThread) -> io::Result<JoinHandle<()>> {
        self(worker)
    }
}

/// A worker that waits for a thread to run on.
pub struct WorkerThread {
    index: usize,
    name: String,
    stack_size: Option<usize>,
    body: Box<dyn FnOnce() + Send>,
}

impl WorkerThread {
    pub(crate) fn new(
        index: usize,
        name: String,
        stack_size: Option<usize>,
        body: Box<dyn FnOnce() + Send>,
    ) -> Self {
        Self { index, name, stack_size, body }
    }

    /// The worker's index, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The name for the thread. It holds no NUL.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stack size in bytes that the builder was given, if any.
    #[must_use]
    pub fn stack_size(&self) -> Option<usize> {
        self.stack_size
    }

    /// Runs the worker until it leaves the pool. To be called on the new thread.
    pub fn run(self) {
        (self.body)();
    }
}

impl fmt::Debug for WorkerThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerThread")
            .field("index", &self.index)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The thread factory of the standard library.
#[derive(Debug, Clone, Copy, Default)]
pub struct StdThreads;

impl ThreadFactory for StdThreads {
    fn start(&self, worker: WorkerThread) -> io::Result<JoinHandle<()>> {
        let mut builder = crate::sync::thread::Builder::new().name(worker.name.clone());
        if let Some(bytes) = worker.stack_size {
            builder = builder.stack_size(bytes);
        }
        builder.spawn(move || worker.run())
    }
}

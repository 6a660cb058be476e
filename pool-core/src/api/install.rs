//! Install: a call from outside that runs on a worker, by a stack job.

use std::panic::resume_unwind;
use std::thread;

use crate::api::handle::Handle;
use crate::error::{Refusal, SubmitError};
use crate::panics::guarded;
use crate::parts::context;
use crate::queue::WorkQueue;
use crate::runtime::job::Job;
use crate::runtime::join::stack_job::{Outcome, StackJobRef, with_stack_job};

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Runs a closure, which may borrow, on a worker and returns its result: with the worker's name, stack
    /// and thread-locals. Inside of the pool it is an ordinary call. A closure of a [`join`](Self::join) or
    /// a job of a [`scope`](Self::scope) that the caller runs itself is inside, too. To have the workers'
    /// stack for these, call the whole `join` or `scope` by `install`.
    ///
    /// The closure is a job like others: it waits its turn, and for room, and is counted. Called inside of
    /// a job of another pool, it may run on the caller's thread, if no worker has begun it (C11). So two
    /// pools whose workers all wait for each other go on.
    ///
    /// # Errors
    ///
    /// The closure comes back if the pool is closed, or has no worker and cannot start one, or if the job is
    /// [taken back](Self::take_queued) before it starts. Where the closure borrows, an error that is to leave the
    /// function has to leave it behind: `pool.install(f).map_err(SubmitError::into_reason)?`.
    ///
    /// # Panics
    ///
    /// If the closure panics, that panic is resumed here.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new()
    ///     .thread_name(|n| format!("deep-{n}"))
    ///     .stack_size(64 << 20)
    ///     .build()?;
    /// let text = String::from("borrowed");
    /// let here = pool.install(|| {
    ///     (text.len(), std::thread::current().name().unwrap_or_default().to_owned())
    /// });
    /// let (length, thread) = here.expect("the pool is open");
    /// assert_eq!(length, 8);
    /// assert!(thread.starts_with("deep-"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn install<F, T>(&self, closure: F) -> Result<T, SubmitError<F>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        if context::is_inside(self.inner.id()) {
            return Ok(closure());
        }
        let (spawned, closure) = with_stack_job(closure, |job| self.spawn_and_wait(job));
        match closure {
            Outcome::Ran(Ok(result)) => Ok(result),
            Outcome::Ran(Err(payload)) => resume_unwind(payload),
            // Without a reason for a refusal, the job was accepted and given back.
            Outcome::Unrun(closure) => match spawned {
                Ok(Some(refused)) => Err(refused.with(closure)),
                Ok(None) if self.is_closed() => Err(Refusal::Closed.with(closure)),
                Ok(None) => Err(Refusal::Returned.with(closure)),
                Err(payload) => resume_unwind(payload),
            },
        }
    }

    /// Spawns a job that runs the stack job, and waits until no other thread can run it. Returns why it was
    /// not accepted, or the panic of the queue.
    fn spawn_and_wait(&self, stack_job: StackJobRef) -> thread::Result<Option<Refusal>> {
        let job = move || {
            if stack_job.run() {
                // The payload is with the caller of `install`; this has the job counted as panicked.
                resume_unwind(Box::new(()));
            }
        };
        guarded(|| match self.spawn(job) {
            Ok(job) => {
                // Whatever the outcome: the job's closure is gone, and with it the right to run the stack
                // job.
                let _ = job.join();
                None
            }
            Err(refused) => Some(refused.into_parts().0),
        })
    }
}

//! The handler: what a worker runs the jobs of its pool by.

use crate::runtime::job::Job;
use crate::task::Task;

/// What a worker runs the jobs of its pool by: a function of the user's, or [`RunTask`].
pub(crate) trait Handler<J, R> {
    /// Runs a job.
    fn run(&mut self, job: J) -> R;

    /// Runs the payload of an entry. Whether it returns or panics, what remains of the entry needs no drop. Not
    /// to be called without a payload.
    fn run_entry(&mut self, entry: &mut Job<J>) -> R;
}

impl<J, R, F: FnMut(J) -> R> Handler<J, R> for F {
    #[inline(always)]
    fn run(&mut self, job: J) -> R {
        self(job)
    }

    #[inline(always)]
    fn run_entry(&mut self, entry: &mut Job<J>) -> R {
        match entry.take_payload() {
            Some(payload) => self(payload),
            None => unreachable!("the caller has looked"),
        }
    }
}

/// The handler of a pool of closures. It calls them where they lie in the entry: a closure that was moved out, just
/// after it came from the queue, would be read in other widths than it was written in, for which the processor waits.
#[derive(Clone, Copy)]
pub(crate) struct RunTask;

impl<R> Handler<Task<R>, R> for RunTask {
    #[inline(always)]
    fn run(&mut self, task: Task<R>) -> R {
        task.run()
    }

    #[inline(always)]
    fn run_entry(&mut self, entry: &mut Job<Task<R>>) -> R {
        match entry.payload_mut() {
            Some(task) => task.run_in_place(),
            None => unreachable!("the caller has looked"),
        }
    }
}

//! The options of a submit: what to do when the queue is full, until when a job may start, its priority and
//! its label.

use std::time::Duration;

use crate::parts::capacity::Wait;
use crate::priority::Priority;
use crate::runtime::pool_state::PoolState;
use crate::runtime::terms::Terms;

/// What a submit does when there is no room in the queue of a pool with a
/// [capacity](crate::ThreadPoolBuilder::capacity).
///
/// It is also a way to submit by itself: [`pool.with(WhenFull::Fail)`](crate::Handle::with).
///
/// A running job is never held up by its own pool: nested jobs take no room.
///
/// # In async code
///
/// A [`SubmitFuture`](crate::SubmitFuture) does the same without blocking the thread. With
/// [`Wait`](Self::Wait) it is ready when there is room; with [`Fail`](Self::Fail) and
/// [`RunHere`](Self::RunHere) at the first poll, which runs the job in the latter case.
///
/// With [`WaitFor`](Self::WaitFor) the time begins with the call that makes the future. Whether it is over is
/// looked at when the future is polled: nothing in the pool wakes it then. So it is for a future that something
/// else wakes, above all the time-out of the executor, which by itself drops the future and the job in it: one
/// that polls the future first, as that of tokio does, gets the job back with `WaitFor` of the same time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// Waits for room, in the order of arrival.
    #[default]
    Wait,
    /// Waits for room, but no longer than this, and then fails. A time too long to be expressed as a
    /// moment, such as [`Duration::MAX`], means for ever. A batch waits this long in all.
    WaitFor(Duration),
    /// Fails at once: the job comes back with [`Refusal::Full`](crate::Refusal::Full).
    Fail,
    /// Runs the job on the submitting thread, before the submit returns. That slows down a submitter that
    /// is too fast.
    ///
    /// It is still a job of the pool: it is counted, and its outcome goes to its handle, or to the sink
    /// without a [`worker`](crate::Completed::worker). A job for the
    /// [handler](crate::ThreadPoolBuilder::build_with) of a pool, which only workers have, comes back as
    /// with [`Fail`](Self::Fail); a closure runs as it is, without the handler of such a pool.
    RunHere,
}

/// The options of a submit, for [`Handle::with`](crate::Handle::with). The defaults are those of
/// [`submit`](crate::Handle::submit) and the other plain calls.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use drainpool::{JobError, ManualClock, SubmitOptions, ThreadPoolBuilder, WhenFull};
///
/// let clock = ManualClock::new();
/// let builder = ThreadPoolBuilder::new().clock(clock.clone());
/// let pool = builder.paused().build()?;
/// let fresh = SubmitOptions::new().when_full(WhenFull::Fail).start_within(Duration::from_secs(5));
/// let quote = pool.with(fresh).spawn(|| "42.00")?;
/// clock.advance(Duration::from_secs(6));
/// pool.resume();
/// assert!(matches!(quote.join(), Err(JobError::Expired)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use = "options do nothing by themselves: give them to `Handle::with`"]
pub struct SubmitOptions {
    when_full: WhenFull,
    start_within: Option<Duration>,
    priority: Priority,
    label: Option<&'static str>,
}

impl SubmitOptions {
    /// Returns the defaults: waits for room, and lets a job of normal priority start whenever its turn comes.
    pub const fn new() -> Self {
        Self {
            when_full: WhenFull::Wait,
            start_within: None,
            priority: Priority::NORMAL,
            label: None,
        }
    }

    /// Sets what to do when there is no room in the queue.
    pub const fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Sets the time within which a job has to start. A job that has not started by then never does, and
    /// its outcome is [`JobError::Expired`](crate::JobError::Expired). A time too long to be expressed as a
    /// moment, such as [`Duration::MAX`], means that it does not expire. The time begins with the call,
    /// which waits for room no longer than this.
    ///
    /// A job for the sink expires when its turn comes, and keeps its place until then.
    ///
    /// A job with a handle ends earlier: expired, it takes no place in a
    /// [bounded](crate::ThreadPoolBuilder::capacity) queue. A thread that asks for it or waits for it, for room, or for the pool learns of the expiry as soon as the time
    /// is over, however busy the workers are. No thread of the pool watches the clock. So an executor that
    /// polls the handle learns of it when the job's turn comes, or when a thread waits or asks for
    /// something else; or in time, if some thread [watches over it](crate::Handle::watch), as a `Timer` of
    /// `pool-timer` does.
    ///
    /// It costs an allocation for each job.
    pub const fn start_within(mut self, time: Duration) -> Self {
        self.start_within = Some(time);
        self
    }

    /// Sets the priority of the job, or of each job of a batch, for a queue that orders its jobs by it, such as
    /// `PriorityQueue`. Over another queue it changes nothing. [`Priority`] says what follows from it, and
    /// what does not.
    ///
    /// It costs nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{Backend, Priority, SubmitOptions, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().backend(Backend::Priority).build()?;
    /// let answer = pool.with(SubmitOptions::new().priority(Priority::HIGH)).spawn(|| 42)?;
    /// // Or, if nothing else is to be said:
    /// pool.with(Priority::LOW).execute(|| println!("the cache is cleaned"))?;
    /// assert_eq!(answer.join()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Sets the label of the job, or of each job of a batch, for [`running_jobs`](crate::Handle::running_jobs)
    /// and [`current_label`](crate::current_label): the kind of job that it is. A name of its own, made at run time,
    /// is for [`label_job`](crate::label_job), which the job calls itself.
    ///
    /// Only a pool that [tracks its jobs](crate::ThreadPoolBuilder::track_jobs), or has an
    /// [observer](crate::ThreadPoolBuilder::observer), knows labels. There it costs a job for the sink an
    /// allocation; elsewhere it costs nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{SubmitOptions, ThreadPoolBuilder, current_label};
    ///
    /// let pool = ThreadPoolBuilder::new().track_jobs().build()?;
    /// let thumbnails = pool.with(SubmitOptions::new().label("thumbnail"));
    /// let seen = thumbnails.spawn(current_label)?.join()?;
    /// assert_eq!(seen.as_deref(), Some("thumbnail"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn label(mut self, label: &'static str) -> Self {
        self.label = Some(label);
        self
    }

    /// The terms that these options mean by the clock of this pool, from now on.
    pub(crate) fn terms(self, pool: &PoolState) -> Terms {
        let deadline = self.start_within.and_then(|time| pool.waiters.deadline(time));
        let wait = match self.when_full {
            WhenFull::Wait => Wait::Forever,
            WhenFull::WaitFor(time) => {
                pool.waiters.deadline(time).map_or(Wait::Forever, Wait::Until)
            }
            WhenFull::Fail | WhenFull::RunHere => Wait::Never,
        };
        // After the deadline room is of no use.
        let wait = deadline.map_or(wait, |deadline| wait.at_most(deadline));
        let runs_here = self.when_full == WhenFull::RunHere;
        let label = self.label.filter(|_| pool.knows_labels());
        Terms { wait, runs_here, deadline, priority: self.priority, label }
    }
}

impl From<WhenFull> for SubmitOptions {
    fn from(when_full: WhenFull) -> Self {
        Self::new().when_full(when_full)
    }
}

impl From<Priority> for SubmitOptions {
    fn from(priority: Priority) -> Self {
        Self::new().priority(priority)
    }
}

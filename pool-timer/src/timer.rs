//! The timer, its handle, and the handle to one of its jobs.

use std::fmt;
use std::ops::Deref;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pool_core::{Handle, Job, JobContext, SubmitOptions, WaitError, WorkQueue};

use crate::driver::{Alarms, drive};
use crate::error::{TimerError, TimerRefusal, TimerReport, TimerStartError};
use crate::jobs::{Entry, Periodic, Run};
use crate::panics::{drop_quietly, guarded};
use crate::period::{Period, When};
use crate::shared::Shared;
use crate::sync::{Mutex, lock, thread};
use crate::ticket::Ticket;

/// Binds a closure to a context that was captured.
type Bind = Box<dyn FnOnce(Run) -> Run + Send>;

/// Returns what captures the context that this captures, if there is one.
fn capture_by<Q, C: JobContext>(_: impl Fn(&Q) -> C) -> Option<fn() -> Bind> {
    let capture = || -> Bind {
        let context = C::capture();
        Box::new(move |run| Box::new(move || context.run(run)))
    };
    if C::IS_NONE { None } else { Some(capture) }
}

/// A timer of one pool: the owner of a thread that hands jobs to the pool when they are due.
///
/// It dereferences to its [`TimerHandle`], which documents setting jobs. Dropping a timer shuts it down, see
/// [`shutdown`](Self::shutdown).
pub struct Timer {
    handle: TimerHandle,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
    thread_id: thread::ThreadId,
    /// Whether the present thread is inside of the pool.
    is_inside: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Timer {
    /// Starts a timer for this pool. Its thread, named `pool-timer`, sleeps while nothing is due, and ends
    /// when the timer is shut down or the pool is closed.
    ///
    /// # Errors
    ///
    /// If the thread does not start.
    ///
    /// # Panics
    ///
    /// If the pool's clock panics when it is subscribed to.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use drainpool::{ThreadPool, Timer};
    ///
    /// let pool = ThreadPool::new(2)?;
    /// let timer = Timer::new(&pool)?;
    /// let (sender, received) = mpsc::channel();
    /// timer.after(Duration::from_millis(10), move || sender.send("later").unwrap())?;
    /// assert_eq!(received.recv()?, "later");
    /// assert_eq!(timer.shutdown().fired, 1);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn new<J, R, Q>(pool: &Handle<J, R, Q>) -> Result<Self, TimerStartError>
    where
        J: Send + 'static,
        R: 'static,
        Q: WorkQueue<Job<J>> + 'static,
    {
        let shared = Shared::new();
        let alarms = Alarms::set(pool, &shared);
        let (driven, drives) = (pool.clone(), Arc::clone(&shared));
        let builder = thread::Builder::new().name("pool-timer".to_owned());
        let started = builder.spawn(move || {
            drive(&driven, &drives);
            drop(alarms);
        });
        let thread = started.map_err(TimerStartError)?;
        let (timed, asked) = (pool.clone(), pool.clone());
        let now = Arc::new(move || timed.clock().now());
        let is_inside = Box::new(move || {
            let asked = guarded(|| asked.wait_idle_timeout(Duration::ZERO)).map_err(drop_quietly);
            matches!(asked, Ok(Err(WaitError::InsideJob)))
        });
        let thread_id = thread.thread().id();
        let thread = Mutex::new(Some(thread));
        let capture = capture_by(Q::capture_context);
        let handle = TimerHandle { shared, now, capture, options: SubmitOptions::new() };
        Ok(Self { handle, thread, thread_id, is_inside })
    }

    /// Returns a handle to this timer, for other threads and for jobs that set jobs.
    #[must_use]
    pub fn handle(&self) -> TimerHandle {
        self.handle.clone()
    }

    /// Ends the timer, and returns what became of its jobs. What is not due is given up, and so is what is
    /// due and waits for room: the closures are dropped, on the timer's thread. A periodic job that runs
    /// goes on until its run ends. Jobs that were handed to the pool are the pool's.
    ///
    /// It waits for the end of the timer's thread, which never waits for a job. A second call returns the same.
    ///
    /// Like the pool's own [shutdown](pool_core::Pool::shutdown), it does not wait inside of the pool, where
    /// the caller may be the very worker whose start the timer's thread waits for: the report is preliminary
    /// then. So it is on the timer's thread itself, where closures are dropped that it gives up, and in a
    /// forked child, which has no such thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{ThreadPool, Timer};
    ///
    /// let pool = ThreadPool::new(2)?;
    /// let timer = Timer::new(&pool)?;
    /// timer.after(Duration::from_secs(3_600), || println!("in an hour"))?;
    /// let report = timer.shutdown();
    /// assert_eq!((report.fired, report.not_due), (0, 1));
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn shutdown(&self) -> TimerReport {
        let shared = &self.handle.shared;
        if !shared.is_forked() {
            shared.begin_end();
            if thread::current().id() != self.thread_id && !(self.is_inside)() {
                // Under the lock, so that a second caller waits as well. The thread does not come here.
                if let Some(thread) = lock(&self.thread).take() {
                    // It runs no foreign code unguarded.
                    let _ = thread.join();
                }
            }
        }
        shared.report()
    }
}

impl Deref for Timer {
    type Target = TimerHandle;

    fn deref(&self) -> &TimerHandle {
        &self.handle
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// A handle to a [`Timer`], for other threads and for jobs. It is cheap to clone, and does not keep the timer
/// going: once that is shut down, jobs are refused.
#[derive(Clone)]
pub struct TimerHandle {
    shared: Arc<Shared>,
    /// The pool's clock.
    now: Arc<dyn Fn() -> Instant + Send + Sync>,
    /// Captures the context of the present thread, if the pool's jobs have one.
    capture: Option<fn() -> Bind>,
    /// For the jobs that are set through this handle.
    options: SubmitOptions,
}

impl TimerHandle {
    /// Returns a handle to the same timer whose jobs are submitted with these options: a
    /// [priority](SubmitOptions::priority), a [label](SubmitOptions::label), or both. A
    /// [time to start](SubmitOptions::start_within) begins when the job is due and is handed to the pool; for
    /// room a due job always waits, whatever the options say.
    ///
    /// # Examples
    ///
    /// A back-off of ten milliseconds that is not followed by a wait behind a thousand other jobs:
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{Backend, Priority, SubmitOptions, ThreadPoolBuilder, Timer};
    ///
    /// let pool = ThreadPoolBuilder::new().backend(Backend::Priority).build()?;
    /// let timer = Timer::new(&pool)?;
    /// let retries = timer.with(SubmitOptions::new().priority(Priority::HIGH).label("retry"));
    /// let (sender, received) = std::sync::mpsc::channel();
    /// retries.after(Duration::from_millis(10), move || sender.send("again").unwrap())?;
    /// assert_eq!(received.recv()?, "again");
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    #[must_use]
    pub fn with(&self, options: impl Into<SubmitOptions>) -> Self {
        Self { options: options.into(), ..self.clone() }
    }

    /// Submits `job` to the pool when this time is over, by the pool's clock. A time too long to be
    /// expressed as a moment, such as [`Duration::MAX`], never is.
    ///
    /// The job is [spawned](pool_core::Handle::spawn), whatever the jobs of the pool are; its result, if
    /// there is one, is for the closure to send on. The pool counts it, and its panic, from then on. Jobs
    /// of the same moment are submitted in the order in which they were set.
    ///
    /// In a bounded pool a due job waits for room like any submitter, in the order of arrival, and the due jobs
    /// after it wait behind it.
    /// Nothing else waits: they can be cancelled, and the timer and the pool can be ended.
    ///
    /// It runs in the [context](pool_core::JobContext) of the thread that sets it, if the pool's jobs have one.
    ///
    /// It has the priority of the handle's [options](Self::with), and comes from outside: over a stealing queue
    /// whose jobs keep submitting jobs it may wait for hundreds of them, see the pitfalls of `drainpool`.
    ///
    /// Until it is due, it is no job of the pool: the pool can be idle without it, and does not wait for it
    /// at its end. If the pool is [closed](pool_core::Handle::close) before, the job is given up, and counted
    /// in the [report](TimerReport). The handle need not be kept: its drop does not cancel the job.
    ///
    /// # Errors
    ///
    /// The closure comes back (C1) if the timer was shut down, if the pool is closed, or in a forked child.
    ///
    /// # Panics
    ///
    /// If the pool's clock panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{ManualClock, ThreadPoolBuilder, Timer};
    ///
    /// let clock = ManualClock::new();
    /// let pool = ThreadPoolBuilder::new().clock(clock.clone()).build()?;
    /// let timer = Timer::new(&pool)?;
    /// let (sender, received) = std::sync::mpsc::channel();
    /// timer.after(Duration::from_secs(60), move || sender.send("a minute").unwrap())?;
    /// clock.advance(Duration::from_secs(60));
    /// assert_eq!(received.recv()?, "a minute");
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn after<F>(&self, delay: Duration, job: F) -> Result<Scheduled, TimerError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.once(When::after((self.now)(), delay), job)
    }

    /// Submits `job` to the pool at this moment of the pool's [clock](pool_core::Handle::clock), at once if
    /// it is over. Otherwise it is like [`after`](Self::after).
    ///
    /// # Errors
    ///
    /// As for [`after`](Self::after).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{Clock, ThreadPool, Timer};
    ///
    /// let pool = ThreadPool::new(2)?;
    /// let timer = Timer::new(&pool)?;
    /// let noon = pool.clock().now() + Duration::from_millis(10);
    /// let (sender, received) = std::sync::mpsc::channel();
    /// for course in ["soup", "cake"] {
    ///     let sender = sender.clone();
    ///     timer.at(noon, move || sender.send(course).unwrap())?;
    /// }
    /// let mut served = [received.recv()?, received.recv()?];
    /// served.sort();
    /// assert_eq!(served, ["cake", "soup"]);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn at<F>(&self, moment: Instant, job: F) -> Result<Scheduled, TimerError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        self.once(When::At(moment), job)
    }

    fn once<F>(&self, when: When, job: F) -> Result<Scheduled, TimerError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        // Before the lock: it is foreign code.
        let bind = match guarded(|| self.capture.map(|capture| capture())) {
            Ok(bind) => bind,
            Err(payload) => {
                // If its drop panicked as well, the process would abort.
                drop_quietly(job);
                resume_unwind(payload)
            }
        };
        let set = self.shared.set(when, job, |job| {
            let run: Run = match bind {
                Some(bind) => bind(Box::new(job)),
                None => Box::new(job),
            };
            Entry::Once { ticket: Ticket::new(false, self.options), run }
        });
        self.scheduled(set)
    }

    /// Submits `job` to the pool at each tick of a schedule: a [`Duration`], for one interval after the
    /// other from now on, or a [`Period`].
    ///
    /// There is one run at a time: a tick that comes while the job is still queued or running is missed, and
    /// [`MissedTicks`](crate::MissedTicks) says what becomes of it. To run on beside itself, a job submits what is to run as a job of
    /// its own.
    ///
    /// A run that panics is counted by the pool, and the job goes on at its next tick with the same closure,
    /// which has to mend what it may have left half done. It has no context: that of the call is over by then.
    /// Otherwise each run is like a job set with
    /// [`after`](Self::after). A tick that the pool refuses, though it is open, is counted as
    /// [dropped](TimerReport::dropped), and the job goes on.
    ///
    /// # Errors
    ///
    /// [`TimerRefusal::ZeroInterval`], and as for [`after`](Self::after).
    ///
    /// # Panics
    ///
    /// If the pool's clock panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{ThreadPool, Timer};
    ///
    /// let pool = ThreadPool::new(2)?;
    /// let timer = Timer::new(&pool)?;
    /// let (sender, received) = std::sync::mpsc::channel();
    /// let mut count = 0;
    /// let counting = timer.every(Duration::from_millis(1), move || {
    ///     count += 1;
    ///     let _ = sender.send(count);
    /// })?;
    /// assert_eq!(received.iter().take(3).collect::<Vec<_>>(), [1, 2, 3]);
    /// assert!(counting.cancel());
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn every<F>(&self, period: impl Into<Period>, job: F) -> Result<Scheduled, TimerError<F>>
    where
        F: FnMut() + Send + 'static,
    {
        let period = period.into();
        if period.interval.is_zero() {
            return Err(TimerError::new(TimerRefusal::ZeroInterval, job));
        }
        let first = period.first_tick((self.now)());
        let set = self.shared.set(first, job, |job| {
            let closure: Box<dyn FnMut() + Send> = Box::new(job);
            let (ticket, closure) = (Ticket::new(true, self.options), Mutex::new(Some(closure)));
            Entry::Periodic(Arc::new(Periodic { ticket, period, closure }))
        });
        self.scheduled(set)
    }

    fn scheduled<F>(
        &self,
        set: Result<Arc<Ticket>, (TimerRefusal, F)>,
    ) -> Result<Scheduled, TimerError<F>> {
        match set {
            Ok(ticket) => Ok(Scheduled { ticket, shared: Arc::clone(&self.shared) }),
            Err((reason, job)) => Err(TimerError::new(reason, job)),
        }
    }

    /// The number of jobs that are not due, or wait for room. A periodic job counts while it is not in the
    /// pool.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.shared.pending()
    }
}

/// A handle to a job of a timer, to cancel it or ask for it. Dropped, it lets the job go on.
#[derive(Clone)]
pub struct Scheduled {
    ticket: Arc<Ticket>,
    shared: Arc<Shared>,
}

impl Scheduled {
    /// Cancels the job, and returns whether this call did. Its closure is dropped before the call returns,
    /// unless it is in use.
    ///
    /// A job that runs once is cancelled as long as it has not started: with the timer, where it costs time
    /// logarithmic in the number of jobs, or queued in the pool, which then counts it as cancelled. While
    /// the timer hands it to the pool, it cannot be cancelled.
    ///
    /// A periodic job has no run from now on, but one that goes on meanwhile ends by itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{ThreadPool, Timer};
    ///
    /// let pool = ThreadPool::new(2)?;
    /// let timer = Timer::new(&pool)?;
    /// let job = timer.after(Duration::from_secs(3_600), || println!("in an hour"))?;
    /// assert!(job.cancel() && !job.cancel());
    /// assert_eq!(timer.shutdown().cancelled, 1);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        self.shared.cancel(&self.ticket)
    }

    /// The moment at which the job is due, or due next. `None` while it is in the pool, once it is over,
    /// and if that moment never comes.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.ticket.next_due()
    }

    /// Whether the job is over: it has ended in whatever way, or was given up. A periodic job is over when
    /// it was cancelled or given up, and no run of it goes on.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.ticket.is_finished()
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Timer").field(&self.handle).finish()
    }
}

impl fmt::Debug for TimerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerHandle").field("pending", &self.pending()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Scheduled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduled")
            .field("next_due", &self.next_due())
            .field("is_finished", &self.is_finished())
            .finish()
    }
}

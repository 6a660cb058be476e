//! Watching over a pool's time: its clock, and the jobs that expire.

use std::sync::Weak;
use std::time::Instant;

use crate::api::handle::Handle;
use crate::clock::Clock;
use crate::parts::watchers::Notice;
use crate::queue::WorkQueue;
use crate::runtime::job::Job;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// The pool's clock: what builds on the pool takes its time from the same, so that a test that owns it
    /// owns both.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{Clock, ManualClock, ThreadPoolBuilder};
    ///
    /// let clock = ManualClock::new();
    /// let pool = ThreadPoolBuilder::new().clock(clock.clone()).build()?;
    /// let before = pool.clock().now();
    /// clock.advance(Duration::from_secs(60));
    /// assert_eq!(pool.clock().now() - before, Duration::from_secs(60));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        self.inner.state.clock()
    }

    /// Ends the jobs whose time to [start](crate::SubmitOptions::start_within) is over, and returns the
    /// moment at which the next job with a handle expires, if there is one.
    ///
    /// Threads that wait for the pool do this anyway. It is for a thread that
    /// [watches over](Self::watch) a pool whose handles are polled by an executor. The closures of the
    /// jobs are dropped on the calling thread.
    ///
    /// # Panics
    ///
    /// If the pool's clock panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{ManualClock, SubmitOptions, ThreadPoolBuilder};
    ///
    /// let clock = ManualClock::new();
    /// let pool = ThreadPoolBuilder::new().clock(clock.clone()).paused().build()?;
    /// let fresh = SubmitOptions::new().start_within(Duration::from_secs(5));
    /// let job = pool.with(fresh).spawn(|| "42.00")?;
    /// let expires = pool.expire_due().expect("a job is queued");
    /// assert_eq!(expires - pool.clock().now(), Duration::from_secs(5));
    /// clock.advance(Duration::from_secs(5));
    /// assert_eq!(pool.expire_due(), None);
    /// assert!(job.is_finished());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn expire_due(&self) -> Option<Instant> {
        self.inner.state.expire_due();
        self.inner.state.expiring.next()
    }

    /// Has `alarm` called when the pool is closed, in whatever way, and when a job with a handle was
    /// accepted that expires sooner than all others; see [`Notice`]. It ends with the alarm: one that cannot
    /// be upgraded any more is forgotten.
    ///
    /// The alarm is called on the thread that closes or submits, which waits for it; it is inside of the
    /// pool and cannot wait for it. Its panic goes no further (C8). A watcher looks once at
    /// [`is_closed`](Self::is_closed) and [`expire_due`](Self::expire_due) after this call, for what came
    /// before it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::{Arc, mpsc};
    /// use drainpool::{Notice, ThreadPoolBuilder};
    ///
    /// let (sender, notices) = mpsc::channel();
    /// let alarm: Arc<dyn Fn(Notice) + Send + Sync> = Arc::new(move |notice| {
    ///     let _ = sender.send(notice);
    /// });
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// pool.watch(Arc::downgrade(&alarm));
    /// pool.close();
    /// assert_eq!(notices.recv()?, Notice::Closed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watch(&self, alarm: Weak<dyn Fn(Notice) + Send + Sync>) {
        self.inner.state.watchers.add(alarm);
    }
}

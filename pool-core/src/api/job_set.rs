//! Job sets: waiting for several jobs together.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use crate::api::job_handle::JobHandle;
use crate::error::{JobError, WaitError};
use crate::parts::context;
use crate::parts::parker::Parker;
use crate::runtime::any_pool::AnyPool;
use crate::sync::{AtomicBool, Mutex, Relaxed, lock};

/// A job that has ended: its number in its [`JobSet`], and its outcome.
pub type Finished<T> = (usize, Result<T, JobError>);

/// A set of handles that are waited for together: for the first to end, for each as it ends, for all, or
/// for the first error.
///
/// Dropping it drops the handles: the jobs go on.
///
/// # Examples
///
/// ```
/// use drainpool::{JobSet, ThreadPoolBuilder};
///
/// let pool = ThreadPoolBuilder::new().build()?;
/// let mut jobs = JobSet::new();
/// for n in 0..10_u64 {
///     jobs.insert(pool.spawn(move || n * n)?);
/// }
/// let (nth, square) = jobs.join_next().unwrap();
/// assert_eq!(square?, (nth * nth) as u64);
/// assert_eq!(jobs.join_all().len(), 9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JobSet<T> {
    /// In the order of insertion.
    jobs: BTreeMap<usize, JobHandle<T>>,
    next: usize,
    /// All jobs before this one have started, as far as waits inside of a job know.
    unstarted: usize,
    /// The pools of the jobs. A wait looks at their clocks, and for their workers.
    pools: Vec<Weak<dyn AnyPool>>,
    announced: Arc<Announced>,
}

/// The jobs of a set that have ended and were not returned yet.
struct Announced(Mutex<State>);

struct State {
    keys: VecDeque<usize>,
    /// The thread that waits.
    waiter: Option<Arc<Parker>>,
}

/// The waker of one job of a set: announces the job's end.
struct Notice {
    announced: Arc<Announced>,
    key: usize,
    /// A job that ends while it is inserted may be announced twice: by its waker, and by its state.
    told: AtomicBool,
}

impl Notice {
    fn tell(&self) {
        if !self.told.swap(true, Relaxed) {
            self.announced.push(self.key);
        }
    }
}

impl Announced {
    fn push(&self, key: usize) {
        let waiter = {
            let mut state = lock(&self.0);
            state.keys.push_back(key);
            state.waiter.take()
        };
        if let Some(waiter) = waiter {
            waiter.unpark();
        }
    }

    /// Has this thread woken by the next job that ends. Returns whether one has ended already.
    fn expect(&self, parker: &Arc<Parker>) -> bool {
        let mut state = lock(&self.0);
        state.waiter = Some(Arc::clone(parker));
        !state.keys.is_empty()
    }
}

impl Wake for Notice {
    fn wake(self: Arc<Self>) {
        self.tell();
    }
}

impl<T> JobSet<T> {
    /// Returns an empty set.
    #[must_use]
    pub fn new() -> Self {
        let state = State { keys: VecDeque::new(), waiter: None };
        Self {
            jobs: BTreeMap::new(),
            next: 0,
            unstarted: 0,
            pools: Vec::new(),
            announced: Arc::new(Announced(Mutex::new(state))),
        }
    }

    /// Adds a job. Returns its number: 0, 1, 2… in the order of insertion.
    ///
    /// The set panics when it comes to a handle that was polled as a future until it was ready: the outcome
    /// is gone then.
    pub fn insert(&mut self, job: JobHandle<T>) -> usize {
        let key = self.next;
        self.next += 1;
        let told = AtomicBool::new(false);
        let notice = Arc::new(Notice { announced: Arc::clone(&self.announced), key, told });
        if job.wake_at_end(&Waker::from(Arc::clone(&notice))) {
            notice.tell();
        }
        if !self.pools.iter().any(|pool| Weak::ptr_eq(pool, job.pool())) {
            self.pools.retain(|pool| pool.strong_count() > 0);
            self.pools.push(job.pool().clone());
        }
        self.jobs.insert(key, job);
        key
    }

    /// The number of jobs that were not returned yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether no job is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Waits until a job of the set ends, removes it, and returns its number and its outcome. Returns
    /// `None` if the set is empty.
    ///
    /// Inside of a job it runs a job of the set that has not started, rather than wait (C11).
    pub fn join_next(&mut self) -> Option<Finished<T>> {
        self.wait(None);
        self.take_ended()
    }

    /// Waits like [`join_next`](Self::join_next), but no longer than this.
    ///
    /// # Errors
    ///
    /// [`WaitError::TimedOut`] if no job has ended in this time.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use drainpool::{JobSet, ThreadPoolBuilder, WaitError};
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let mut jobs = JobSet::new();
    /// pool.pause();
    /// jobs.insert(pool.spawn(|| 7)?);
    /// let waited = jobs.join_next_timeout(Duration::from_millis(1));
    /// assert!(matches!(waited, Err(WaitError::TimedOut)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join_next_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<Option<Finished<T>>, WaitError> {
        if self.wait(Some(timeout)) { Ok(self.take_ended()) } else { Err(WaitError::TimedOut) }
    }

    /// Waits for all jobs that are left, and returns their outcomes in the order of insertion.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{JobSet, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let jobs: JobSet<u32> = pool.spawn_batch((1..4).map(|n| move || 12 / n))?.into_iter().collect();
    /// let results: Vec<u32> = jobs.join_all().into_iter().map(Result::unwrap).collect();
    /// assert_eq!(results, [12, 6, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn join_all(mut self) -> Vec<Result<T, JobError>> {
        let mut outcomes = BTreeMap::new();
        while let Some((key, outcome)) = self.join_next() {
            outcomes.insert(key, outcome);
        }
        outcomes.into_values().collect()
    }

    /// Waits for all jobs that are left, and returns their results in the order of insertion, or stops at
    /// the first that has no result.
    ///
    /// # Errors
    ///
    /// The error of the first job to fail, as soon as it fails. The jobs that have not started by then are
    /// [cancelled](Self::cancel_all); the others run on.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{JobError, JobSet, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let jobs: JobSet<u32> = pool.spawn_batch((0..10).map(|n| move || 100 / n))?.into_iter().collect();
    /// assert!(matches!(jobs.try_join_all(), Err(JobError::Panicked(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_join_all(mut self) -> Result<Vec<T>, JobError> {
        let mut results = BTreeMap::new();
        while let Some((key, outcome)) = self.join_next() {
            match outcome {
                Ok(result) => drop(results.insert(key, result)),
                Err(error) => {
                    self.cancel_all();
                    return Err(error);
                }
            }
        }
        Ok(results.into_values().collect())
    }

    /// Cancels the jobs that have not started, and returns their number. Those that run and have a
    /// [token](crate::Handle::spawn_cancellable) are told to stop. All outcomes are still to be returned.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{JobSet, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// pool.pause();
    /// let jobs: JobSet<()> = pool.spawn_batch([|| (), || ()])?.into_iter().collect();
    /// assert_eq!(jobs.cancel_all(), 2);
    /// assert!(jobs.join_all().iter().all(Result::is_err));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_all(&self) -> usize {
        self.jobs.values().filter(|job| job.cancel()).count()
    }

    fn take_ended(&mut self) -> Option<Finished<T>> {
        let key = lock(&self.announced.0).keys.pop_front()?;
        let job = self.jobs.remove(&key)?;
        Some((key, job.outcome()))
    }

    /// Waits until a job has ended, unless the set is empty. Returns whether that was in time.
    fn wait(&mut self, timeout: Option<Duration>) -> bool {
        if context::is_inside_any() {
            self.run_one();
        }
        let parker = Parker::own();
        if self.announced.expect(&parker) {
            return true;
        }
        // The pool of any job has a clock for the timeout.
        let Some(job) = self.jobs.values().next() else { return true };
        let Some(pool) = job.pool().upgrade() else {
            // With the pool goes its queue, and with the queue the job ref, which ends the job.
            while !self.announced.expect(&parker) {
                parker.park(None);
            }
            return true;
        };
        let deadline = timeout.and_then(|timeout| pool.state().waiters.deadline(timeout));
        let pools: Vec<_> = self.pools.iter().filter_map(Weak::upgrade).collect();
        let states: Vec<_> = pools.iter().map(|pool| pool.state()).collect();
        let mut seen = vec![0; pools.len()];
        pool.state().wait(&states, &parker, deadline, || {
            for (pool, seen) in pools.iter().zip(&mut seen) {
                self.look_after(pool, seen, deadline);
            }
            self.announced.expect(&parker)
        })
    }

    /// Sees to the jobs of a pool to which no worker will come.
    fn look_after(&self, pool: &Arc<dyn AnyPool>, seen: &mut u64, deadline: Option<Instant>) {
        // The gate first: it takes no lock.
        let gate = &pool.state().ledger.gate;
        if gate.is_closed() && pool.state().sleep.has_failed() {
            self.jobs.values().for_each(JobHandle::abandon_if_lost);
        } else if gate.is_dormant()
            && let Some(job) = self.jobs.values().find(|job| job.is_queued_in(pool))
        {
            job.end_if_deserted(pool, seen, deadline);
        }
    }

    /// Runs a job that has not started, unless one has ended.
    fn run_one(&mut self) {
        while lock(&self.announced.0).keys.is_empty()
            && let Some((key, job)) = self.jobs.range(self.unstarted..).next()
        {
            self.unstarted = key + 1;
            job.run_if_queued();
        }
    }
}

impl<T> Default for JobSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Extend<JobHandle<T>> for JobSet<T> {
    fn extend<I: IntoIterator<Item = JobHandle<T>>>(&mut self, jobs: I) {
        for job in jobs {
            self.insert(job);
        }
    }
}

impl<T> FromIterator<JobHandle<T>> for JobSet<T> {
    fn from_iter<I: IntoIterator<Item = JobHandle<T>>>(jobs: I) -> Self {
        let mut set = Self::new();
        set.extend(jobs);
        set
    }
}

/// Iterates over the jobs as they end.
impl<T> IntoIterator for JobSet<T> {
    type Item = Finished<T>;
    type IntoIter = AsCompleted<T>;

    fn into_iter(self) -> AsCompleted<T> {
        AsCompleted(self)
    }
}

impl<T> fmt::Debug for JobSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobSet").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// An iterator over jobs as they end. It yields the number of each, in the order in which the handles came,
/// and its outcome. Made by [`as_completed`].
#[derive(Debug)]
pub struct AsCompleted<T>(JobSet<T>);

/// Returns an iterator over the jobs behind these handles, as they end.
///
/// # Examples
///
/// ```
/// use drainpool::{ThreadPoolBuilder, as_completed};
///
/// let pool = ThreadPoolBuilder::new().build()?;
/// let words = ["drain", "then", "exit"];
/// let jobs = pool.spawn_batch(words.map(|word| move || word.len()))?;
/// for (nth, length) in as_completed(jobs) {
///     assert_eq!(length?, words[nth].len());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn as_completed<T>(jobs: impl IntoIterator<Item = JobHandle<T>>) -> AsCompleted<T> {
    AsCompleted(jobs.into_iter().collect())
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Finished<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.join_next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}

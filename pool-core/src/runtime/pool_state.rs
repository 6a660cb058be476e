//! The state of a pool, without the type of its jobs: its parts together, and the waits on them.

mod telling;

use std::any::Any;
use std::mem;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::clock::{Clock, pause_until_woken};
use crate::error::WaitError;
use crate::id::{JobId, PoolId};
use crate::panics::{drop_quietly, guarded, wake_quietly};
use crate::parts::awaiting::Awaiting;
use crate::parts::capacity::Capacity;
use crate::parts::context::{self, EnterGuard, Standing};
use crate::parts::end_wakers::EndWakers;
use crate::parts::expiring::{Expiring, ExpiryKey};
use crate::parts::ledger::Ledger;
use crate::parts::observers::Observers;
use crate::parts::parker::Parker;
use crate::parts::running::RunningSlots;
use crate::parts::sleep::Sleep;
use crate::parts::stale::{Purge, Stale};
use crate::parts::waiters::Waiters;
use crate::parts::watchers::{Notice, Watchers};
use crate::report::ShutdownReport;
use crate::sync::{AtomicBool, CachePadded, Mutex, SeqCst, fence, lock};

/// The number of further expiring jobs after which a submit looks whether some have expired.
const EXPIRE_EVERY: usize = 64;

/// The ledger of a pool, its sleepers, its waiters and its bound.
pub(crate) struct PoolState {
    /// Read by every join: apart from what other threads write.
    id: CachePadded<PoolId>,
    pub(crate) ledger: Ledger,
    pub(crate) sleep: Sleep,
    pub(crate) waiters: Waiters,
    pub(crate) watchers: Watchers,
    /// The bound on the jobs from outside that wait, if there is one.
    pub(crate) capacity: Option<Capacity>,
    pub(crate) expiring: Expiring<dyn Expire>,
    pub(crate) running: RunningSlots,
    pub(crate) observers: Observers,
    /// The futures that wait for the end.
    pub(crate) ends: EndWakers,
    /// The tasks that await a job.
    pub(crate) jobs_awaited: Awaiting<JobId>,
    /// The tasks that wait for room, by their tickets.
    pub(crate) room_awaited: Awaiting<u64>,
    /// Apart, for threads that may outlive the pool.
    pub(crate) stale: Arc<Stale>,
    /// Whether the queue has panicked when jobs were to be removed from it.
    pub(crate) retain_failed: AtomicBool,
    /// The originals of the handler's maker and of the sink, which make workers. They are dropped with the
    /// last worker, so that a receiver of results sees the end, however many handles are left.
    originals: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
    /// The process that has the pool's threads.
    process: u32,
}

impl PoolState {
    pub(crate) fn new(
        ledger: Ledger,
        sleep: Sleep,
        clock: Box<dyn Clock>,
        capacity: Option<Capacity>,
        running: RunningSlots,
        observers: Observers,
    ) -> Self {
        if running.is_tracked() || !observers.is_empty() {
            // Jobs are then taken on a way on which they can be noted and told.
            sleep.track();
        }
        if !observers.is_empty() {
            ledger.gate.observe();
        }
        Self {
            id: CachePadded(PoolId::next()),
            ledger,
            sleep,
            waiters: Waiters::new(clock),
            watchers: Watchers::default(),
            capacity,
            expiring: Expiring::default(),
            running,
            observers,
            ends: EndWakers::default(),
            jobs_awaited: Awaiting::default(),
            room_awaited: Awaiting::default(),
            stale: Arc::default(),
            retain_failed: AtomicBool::new(false),
            originals: Mutex::new(None),
            process: std::process::id(),
        }
    }

    /// Makes the state a part of this pool, which has these originals.
    pub(crate) fn belong_to(&self, pool: Weak<dyn Purge>, originals: Arc<dyn Any + Send + Sync>) {
        *lock(&self.originals) = Some(originals);
        self.stale.belong_to(pool);
    }

    #[inline]
    pub(crate) fn id(&self) -> PoolId {
        self.id.0
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.waiters.clock
    }

    /// Closes the pool: accepts nothing more from outside.
    pub(crate) fn close(&self) {
        self.ledger.gate.close();
        if let Some(capacity) = &self.capacity {
            capacity.close();
        }
        self.check_quiescence();
        self.tell(Notice::Closed);
    }

    /// Gives the pool up: the queue panicked on the thread of this worker, or no worker can be started.
    pub(crate) fn give_up(&self, worker: Option<usize>) {
        self.sleep.give_up(worker, &self.ledger);
        if let Some(capacity) = &self.capacity {
            capacity.close();
        }
        self.waiters.wake_all();
        {
            // Foreign code, which may rely on this thread: it would wait for itself.
            let _inside = context::enter(self.id(), Standing::Inside);
            self.jobs_awaited.wake();
        }
        self.look_at_end();
        self.tell(Notice::Closed);
    }

    /// Tells those that watch the pool. Foreign code: a wait for this pool in it would wait for itself.
    fn tell(&self, notice: Notice) {
        self.watchers.tell(|alarm| {
            let _inside = context::enter(self.id(), Standing::Inside);
            alarm(notice);
        });
    }

    /// Calls the queue, and gives the pool up if that panics: whether the queue holds the job is not known
    /// then, and the pool must not wait for it.
    #[inline(always)]
    pub(crate) fn queue_call<T>(&self, call: impl FnOnce() -> T) -> T {
        let broken = GiveUpOnUnwind(self);
        let result = call();
        mem::forget(broken);
        result
    }

    /// Frees the place of a job that has left the queue. Nested jobs took none.
    #[inline]
    pub(crate) fn make_room(&self, id: JobId) {
        if let Some(capacity) = &self.capacity
            && !id.is_nested()
            && let Some(waker) = capacity.release()
        {
            self.wake_submitter(waker);
        }
    }

    /// Wakes a submitter that was given the place of a job. That job is in the hands of the present thread, so
    /// a wait for the pool in the waker, which is foreign code, would wait for itself.
    #[cold]
    fn wake_submitter(&self, waker: Waker) {
        let _at_work = context::enter(self.id(), Standing::AtWork);
        wake_quietly(waker);
    }

    // ---- Quiescence and the end ----------------------------------------------------------------

    /// Checks whether the pool is quiescent, or at its end, after a change other than a worker's parking.
    pub(crate) fn check_quiescence(&self) {
        if self.sleep.check_quiescence(&self.ledger) {
            self.finish();
        }
    }

    /// If the last worker has left, drops the originals of the handler's maker and of the sink, and wakes
    /// the futures that wait for the end. If not, these look whether jobs are left that no worker will take, and so
    /// do the threads and tasks that wait for a job.
    pub(crate) fn look_at_end(&self) {
        if self.sleep.is_over() {
            self.finish();
        } else {
            let _inside = context::enter(self.id(), Standing::Inside);
            self.ends.wake();
            // It may have been the last worker, and they wait for jobs that no other will take.
            self.waiters.wake_all();
            if self.sleep.lost_workers_since(&mut 0) {
                self.jobs_awaited.wake();
                self.room_awaited.wake();
            }
        }
    }

    fn finish(&self) {
        // Foreign code: a wait for this pool in it would wait for itself.
        let _inside = context::enter(self.id(), Standing::Inside);
        // Jobs that were cancelled in a paused pool: no worker has come to them, and the sink waits for them.
        self.stale.sweep();
        let originals = lock(&self.originals).take();
        if let Some(originals) = originals {
            drop_quietly(originals);
            self.ends.end();
        }
    }

    /// Returns the counts at this moment, in the form of those at the end.
    pub(crate) fn report(&self) -> ShutdownReport {
        let sums = self.ledger.sums();
        ShutdownReport {
            accepted: sums.accepted,
            done: sums.done,
            panicked: sums.panicked,
            cancelled: sums.cancelled,
            expired: sums.expired,
            returned: sums.returned,
            unfinished: sums.accepted.saturating_sub(sums.ended()),
            running: sums.running,
            undelivered: sums.undelivered,
            threads: self.sleep.threads().0,
        }
    }

    /// Makes the present thread a guest, for as long as it runs a piece of the pool's borrowed work: the
    /// pool does not become quiescent, and what the work submits is nested. Does nothing for a thread that
    /// is at work already, and nothing in a pool without workers, where nothing can be submitted.
    pub(crate) fn guest(&self) -> Guest<'_> {
        let is_guest = context::standing(self.id()) < Standing::AtWork && self.sleep.hold();
        let entered = is_guest.then(|| context::enter(self.id(), Standing::AtWork));
        Guest { pool: self, entered }
    }

    /// Whether this process is a forked child of the one that has the pool's threads.
    pub(crate) fn is_forked(&self) -> bool {
        std::process::id() != self.process
    }

    // ---- Waiting -------------------------------------------------------------------------------

    /// Parks the present thread, whose parker this is, until `is_over` or a deadline. Whatever makes
    /// `is_over` true unparks the parker. Returns whether it was over in time.
    ///
    /// Meanwhile this thread ends the jobs that expire, here and in the `others`: no worker may be free for
    /// that.
    pub(crate) fn wait(
        &self,
        others: &[&Self],
        parker: &Arc<Parker>,
        deadline: Option<Instant>,
        mut is_over: impl FnMut() -> bool,
    ) -> bool {
        let others = others.iter().copied().filter(|other| other.id() != self.id());
        let _listed = self.waiters.list(parker);
        let _elsewhere: Vec<_> = others.clone().map(|other| other.waiters.list(parker)).collect();
        fence(SeqCst);
        loop {
            if is_over() {
                return true;
            }
            self.expire_due();
            others.clone().for_each(Self::expire_due);
            let is_late = deadline.is_some_and(|deadline| self.clock().now() >= deadline);
            let pauses = others.clone().filter_map(|other| other.pause(None));
            let pause = pauses.chain(self.pause(deadline)).min();
            // Once more: the code above is foreign, and may have waited by the same parker.
            if is_over() {
                return true;
            }
            if is_late {
                return false;
            }
            parker.park(pause);
        }
    }

    /// The time until the next look, at a deadline or at an expiring job. `None`: until an unpark.
    fn pause(&self, deadline: Option<Instant>) -> Option<Duration> {
        let next = [deadline, self.expiring.next()].into_iter().flatten().min();
        match next {
            Some(moment) => self.clock().sleep_for(moment),
            None => pause_until_woken(self.clock()),
        }
    }

    /// Waits until the pool is quiescent, or has been since the call. If it has lost all its workers and jobs
    /// wait, `revive` is to start one, by the deadline, and to return whether there is one.
    pub(crate) fn wait_quiescent(
        &self,
        timeout: Option<Duration>,
        revive: impl Fn(Option<Instant>) -> bool,
    ) -> Result<(), WaitError> {
        let deadline = timeout.and_then(|timeout| self.waiters.deadline(timeout));
        let (seen, mut expiries) = self.sleep.epochs();
        loop {
            self.expire_due();
            let next = [deadline, self.expiring.next()].into_iter().flatten().min();
            let since = (seen, expiries);
            if let Some(rest) = self.sleep.wait_quiescent(since, &self.ledger, self.clock(), next) {
                if rest == Err(WaitError::NoThread) && revive(deadline) {
                    continue;
                }
                return rest;
            }
            expiries = self.sleep.epochs().1;
            if deadline.is_some_and(|deadline| self.clock().now() >= deadline) {
                return Err(WaitError::TimedOut);
            }
        }
    }

    // ---- Expiry --------------------------------------------------------------------------------

    /// Lists an accepted job that is to start by a certain time.
    pub(crate) fn note_expiring(&self, expiry: ExpiryKey, id: JobId, job: Weak<dyn Expire>) {
        let (is_first, count) = self.expiring.add(expiry, id, job);
        // No thread may ever wait for these jobs or ask for them.
        if count.is_multiple_of(EXPIRE_EVERY) {
            // The job is accepted: a clock that panics must not make it look refused.
            let _ = guarded(|| self.expire_due()).map_err(drop_quietly);
        }
        if is_first {
            // Threads that wait for room or for quiescence wait for the first expiry, too.
            self.sleep.expiry_changed();
            // Against the fence in `wait`: the thread that waits for room sees this job, or is seen here.
            fence(SeqCst);
            if self.capacity.as_ref().is_some_and(Capacity::is_waited) {
                self.waiters.wake_all();
            }
            self.tell(Notice::Expiring(expiry.0));
        }
    }

    /// Ends the jobs whose time is over: each frees its place and answers its handle.
    pub(crate) fn expire_due(&self) {
        if self.expiring.is_empty() || self.is_forked() {
            return;
        }
        let now = self.clock().now();
        while let Some((id, job)) = self.expiring.take_due(now) {
            if let Some(job) = job.upgrade() {
                job.expire(id, self);
            }
        }
    }
}

/// Gives the pool up when it is dropped.
struct GiveUpOnUnwind<'a>(&'a PoolState);

impl Drop for GiveUpOnUnwind<'_> {
    fn drop(&mut self) {
        self.0.give_up(None);
    }
}

/// A queued job that is to start by a certain time.
pub(crate) trait Expire: Send + Sync {
    /// Ends the job, whose time is over, unless it was begun.
    fn expire(&self, id: JobId, pool: &PoolState);
}

/// Keeps the pool from quiescence while it lives; see [`PoolState::guest`].
pub(crate) struct Guest<'a> {
    pool: &'a PoolState,
    entered: Option<EnterGuard>,
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        if let Some(entered) = self.entered.take() {
            drop(entered);
            if self.pool.sleep.release(&self.pool.ledger) {
                self.pool.look_at_end();
            }
        }
    }
}

//! Admission of jobs from outside: a place in the queue, a number, a push, a wake-up.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Refusal, StartError, SubmitError};
use crate::id::{JobId, JobIds};
use crate::panics::drop_quietly;
use crate::parts::capacity::{Capacity, Room, Wait};
use crate::parts::context::{self, Standing};
use crate::parts::gate::Barred;
use crate::priority::Priority;
use crate::queue::{PushError, WorkQueue};
use crate::runtime::inner::Inner;
use crate::runtime::job::{Body, Job};
use crate::runtime::job_ref::JobRef;

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Inner<J, R, Q> {
    /// Accepts a job from outside, in the order accept, push, look for sleepers. If it `TELLS`, the observers are
    /// told of a refusal.
    #[inline]
    pub(crate) fn submit<const TELLS: bool>(
        self: &Arc<Self>,
        job: J,
        wait: Wait,
        priority: Priority,
    ) -> Result<JobId, SubmitError<J>> {
        let tell = |refused| {
            if TELLS {
                self.count_refusal(&refused, 1);
            }
            refused
        };
        let id = match self.admit(wait, priority, || None) {
            Ok(id) => id,
            Err(refused) => return Err(tell(refused).with(job)),
        };
        match self.push(Job::new(id.with_priority(priority), Body::Payload(job))) {
            Ok(()) => Ok(id),
            Err(job) => match job.into_parts().1 {
                Body::Payload(job) => Err(tell(Refusal::Full).with(job)),
                Body::Ref(_) => unreachable!("the queue gave another job back"),
            },
        }
    }

    /// Accepts a job ref to a job with a handle, in the same order.
    pub(crate) fn submit_ref(
        self: &Arc<Self>,
        job_ref: JobRef,
        wait: Wait,
        priority: Priority,
    ) -> Result<JobId, (Refusal, JobRef)> {
        let id = match self.admit(wait, priority, || job_ref.label()) {
            Ok(id) => id,
            Err(refused) => return Err((refused, job_ref)),
        };
        match self.push(Job::new(id.with_priority(priority), Body::Ref(job_ref))) {
            Ok(()) => Ok(id),
            Err(job) => match job.into_parts().1 {
                Body::Ref(job_ref) => Err((Refusal::Full, job_ref)),
                Body::Payload(_) => unreachable!("the queue gave another job back"),
            },
        }
    }

    /// Counts one job in, and gives it a place in the queue. The observers are told, of its label too.
    #[inline]
    pub(crate) fn admit(
        self: &Arc<Self>,
        wait: Wait,
        priority: Priority,
        label: impl Fn() -> Option<&'static str>,
    ) -> Result<JobId, Refusal> {
        let wait = match context::standing(self.id()) {
            Standing::Outside => wait,
            // It would wait for itself.
            Standing::Inside => wait.without_waiting(),
            Standing::AtWork => return self.admit_nested(1, priority, label()),
        };
        self.reserve_place(wait)?;
        self.accept_in_places(1, wait, priority, label)
    }

    /// Counts jobs in from a thread that is at work for the pool, but has no end of the queue at hand. With
    /// keep-alive there may be no worker, and none may start.
    #[cold]
    fn admit_nested(
        self: &Arc<Self>,
        jobs: u64,
        priority: Priority,
        label: Option<&'static str>,
    ) -> Result<JobId, Refusal> {
        if self.state.ledger.gate.is_dormant() {
            self.start_first(true, None).map_err(Refusal::NoThread)?;
        }
        self.state.ledger.push_outside(jobs);
        let first = JobId::nested(self.state.ledger.nested_ids(jobs));
        self.state.observe_submits(first, jobs, priority, label);
        Ok(first)
    }

    /// Counts in one job that its submitter runs itself.
    pub(crate) fn admit_here(
        self: &Arc<Self>,
        priority: Priority,
        label: Option<&'static str>,
    ) -> Result<JobId, Refusal> {
        match context::standing(self.id()) {
            Standing::AtWork => self.admit_nested(1, priority, label),
            _ => self.accept(1, Wait::Never, priority, || label),
        }
    }

    /// Counts that this many jobs come back, and tells the observers.
    #[cold]
    pub(crate) fn count_refusal(&self, reason: &Refusal, jobs: usize) {
        self.state.ledger.turn_away(jobs as u64);
        self.state.observe(|observer| observer.refused(reason, jobs));
    }

    /// Reserves a place in a bounded queue for one job from outside.
    #[inline]
    fn reserve_place(self: &Arc<Self>, wait: Wait) -> Result<(), Refusal> {
        match &self.state.capacity {
            Some(capacity) => self.reserve_place_of(capacity, wait),
            None => Ok(()),
        }
    }

    fn reserve_place_of(self: &Arc<Self>, capacity: &Capacity, wait: Wait) -> Result<(), Refusal> {
        if wait == Wait::Reserved {
            return Ok(());
        }
        if self.state.ledger.gate.is_closed() {
            return Err(Refusal::Closed);
        }
        if capacity.try_acquire(1) == 1 {
            return Ok(());
        }
        // Expired jobs free their places.
        self.state.expire_due();
        let (mut seen, mut lost) = (0, None);
        let park = |parker: &_, deadline, is_over: &dyn Fn() -> bool| {
            self.state.wait(&[], parker, deadline, || {
                is_over() || {
                    lost = self.start_if_lost(&mut seen, deadline);
                    lost.is_some()
                }
            })
        };
        let room = capacity.acquire(wait, park);
        match (room, lost) {
            (Room::Full, Some(error)) => Err(Refusal::NoThread(error)),
            (room, lost) => {
                // It may hold an error of the user's, whose drop may panic.
                drop_quietly(lost);
                match room {
                    Room::Granted => Ok(()),
                    Room::Full => Err(Refusal::Full),
                    Room::Closed => Err(Refusal::Closed),
                }
            }
        }
    }

    /// If the pool has lost all workers since `seen`, starts one, for a submitter that waits for room: no place
    /// comes free without. Returns the error if that fails.
    pub(crate) fn start_if_lost(
        self: &Arc<Self>,
        seen: &mut u64,
        deadline: Option<Instant>,
    ) -> Option<StartError> {
        // The gate first: it takes no lock.
        let is_lost =
            self.state.ledger.gate.is_dormant() && self.state.sleep.lost_workers_since(seen);
        if is_lost { self.start_first(false, deadline).err() } else { None }
    }

    /// Counts jobs in that have their places in the queue, which they lose if they are refused.
    #[inline]
    fn accept_in_places(
        self: &Arc<Self>,
        jobs: u64,
        wait: Wait,
        priority: Priority,
        label: impl Fn() -> Option<&'static str>,
    ) -> Result<JobId, Refusal> {
        let places = PlacesGuard { capacity: self.state.capacity.as_ref(), places: jobs };
        let first = self.accept(jobs, wait, priority, label)?;
        mem::forget(places);
        Ok(first)
    }

    /// Counts jobs in from outside, and returns the id of the first. A deadline also bounds the start of a
    /// first worker.
    // A pool without observers has no look at them here, nor a label: the gate brings an observed one apart.
    #[inline]
    fn accept(
        self: &Arc<Self>,
        jobs: u64,
        wait: Wait,
        priority: Priority,
        label: impl Fn() -> Option<&'static str>,
    ) -> Result<JobId, Refusal> {
        loop {
            match self.state.ledger.gate.accept(jobs) {
                Ok(first) => return Ok(first),
                Err(Barred::Closed) => return Err(Refusal::Closed),
                Err(Barred::Dormant) => {
                    self.start_first(false, wait.deadline()).map_err(Refusal::NoThread)?;
                }
                Err(Barred::Observed) => {
                    if let Some(first) = self.accept_observed(jobs, priority, label()) {
                        return Ok(first);
                    }
                }
            }
        }
    }

    /// The same in a pool with observers. `None`: the gate is to be asked again.
    #[cold]
    fn accept_observed(
        &self,
        jobs: u64,
        priority: Priority,
        label: Option<&'static str>,
    ) -> Option<JobId> {
        let first = self.state.ledger.gate.accept_observed(jobs).ok()?;
        self.state.observe_submits(first, jobs, priority, label);
        Some(first)
    }

    /// Puts an accepted job into the queue, and wakes a worker if one is needed.
    #[inline]
    fn push(self: &Arc<Self>, job: Job<J>) -> Result<(), Job<J>> {
        let rollback = RollbackGuard { inner: self, first: job.id(), jobs: 1 };
        match self.state.queue_call(|| self.queue.push(job)) {
            Ok(()) => {
                mem::forget(rollback);
                self.notify();
                Ok(())
            }
            Err(PushError(job)) => Err(job),
        }
    }

    /// Counts in as many of these jobs as there is room for, at least one. Returns the first id, and the
    /// number.
    fn admit_some(
        self: &Arc<Self>,
        wanted: u64,
        wait: Wait,
        priority: Priority,
    ) -> Result<(JobId, u64), Refusal> {
        let wait = match context::standing(self.id()) {
            Standing::Outside => wait,
            Standing::Inside => Wait::Never,
            Standing::AtWork => {
                return Ok((self.admit_nested(wanted, priority, None)?, wanted));
            }
        };
        self.reserve_place(wait)?;
        let more = self.state.capacity.as_ref().map(|capacity| capacity.try_acquire(wanted - 1));
        let count = more.map_or(wanted, |more| more + 1);
        Ok((self.accept_in_places(count, wait, priority, || None)?, count))
    }

    /// Accepts as many of these jobs as there is room for, at least one if it waits long enough, and takes
    /// them from the list. Repeated calls accept them all.
    pub(crate) fn submit_some(
        self: &Arc<Self>,
        jobs: &mut VecDeque<Job<J>>,
        ids: &mut JobIds,
        wait: Wait,
        priority: Priority,
    ) -> Result<(), Refusal> {
        let wanted = jobs.len() as u64;
        let (first, count) = self.admit_some(wanted, wait, priority)?;
        let first = first.with_priority(priority);
        let rollback = RollbackGuard { inner: self, first, jobs: count };
        let mut accepted = NumberedJobs { jobs, rollback, pulled: false };
        accepted.number();
        let pushed = self.state.queue_call(|| self.queue.push_batch(&mut accepted));
        match pushed {
            Ok(()) => accepted.confirm_pulled(),
            Err(PushError(job)) => accepted.put_back(job),
        }
        let refused = accepted.rollback.jobs;
        drop(accepted);
        ids.push_run(first, (count - refused) as usize);
        self.notify();
        if refused == 0 { Ok(()) } else { Err(Refusal::Full) }
    }
}

/// Gives places in the queue back when it is dropped: also if a clock panics, which is foreign code.
struct PlacesGuard<'a> {
    capacity: Option<&'a Capacity>,
    places: u64,
}

impl Drop for PlacesGuard<'_> {
    fn drop(&mut self) {
        if let Some(capacity) = self.capacity {
            (0..self.places).for_each(|_| capacity.release_and_wake());
        }
    }
}

/// Undoes, when dropped, the admission of jobs that did not get into the queue.
pub(crate) struct RollbackGuard<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> {
    inner: &'a Inner<J, R, Q>,
    first: JobId,
    jobs: u64,
}

impl<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> RollbackGuard<'a, J, R, Q> {
    /// Returns a guard over one job that was [admitted](Inner::admit).
    pub(crate) fn over_one(inner: &'a Arc<Inner<J, R, Q>>, id: JobId) -> Self {
        Self { inner, first: id, jobs: 1 }
    }

    /// Lets the admission stand. Returns the id of the first job.
    pub(crate) fn keep(mut self) -> JobId {
        self.jobs = 0;
        self.first
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Drop for RollbackGuard<'_, J, R, Q> {
    fn drop(&mut self) {
        let Self { inner, first, jobs } = self;
        if *jobs == 0 {
            return;
        }
        // The pool is not quiescent before the sink is told.
        let _guest = inner.state.guest();
        let ids = (0..*jobs).map(|nth| first.plus(nth));
        inner.state.observe_withdrawals(*first, *jobs);
        inner.state.ledger.refuse(*jobs);
        ids.clone().for_each(|id| inner.state.make_room(id));
        if let Some(launcher) = inner.launcher() {
            launcher.skip(ids.collect());
        }
        inner.state.check_quiescence();
    }
}

/// Accepted jobs on their way into the queue. Those that do not get there stay in the list.
struct NumberedJobs<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> {
    jobs: &'a mut VecDeque<Job<J>>,
    /// Over the jobs that are not known to be in the queue.
    rollback: RollbackGuard<'a, J, R, Q>,
    /// Whether the queue has pulled the first of them, which is lost if the queue panics.
    pulled: bool,
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> NumberedJobs<'_, J, R, Q> {
    /// Gives the jobs their ids, before they are moved and not meanwhile: a move would wait for the store.
    fn number(&mut self) {
        let mut id = self.rollback.first;
        for job in self.jobs.iter_mut().take(self.rollback.jobs as usize) {
            job.set_id(id);
            id = id.plus(1);
        }
    }

    /// Notes that the queue has taken the job that it pulled.
    fn confirm_pulled(&mut self) {
        if mem::take(&mut self.pulled) {
            self.rollback.first = self.rollback.first.plus(1);
            self.rollback.jobs -= 1;
        }
    }

    /// Takes back the job that the queue pulled and refused.
    fn put_back(&mut self, job: Job<J>) {
        self.pulled = false;
        self.jobs.push_front(job);
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Iterator for NumberedJobs<'_, J, R, Q> {
    type Item = Job<J>;

    fn next(&mut self) -> Option<Job<J>> {
        self.confirm_pulled();
        if self.rollback.jobs == 0 {
            return None;
        }
        let job = self.jobs.pop_front();
        self.pulled = job.is_some();
        job
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = (self.rollback.jobs - u64::from(self.pulled)) as usize;
        (left, Some(left))
    }
}

//! What is called in each place.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

#[cfg(feature = "lanes")]
use drainpool::LanesExt;
use drainpool::{
    BatchError, JobError, JobHandle, JobIds, JobSet, Priority, SubmitError, SubmitOptions, Task,
    WhenFull, current_worker, with_worker_state,
};
use pool_conformance::Tally;

use crate::block_on::block_on;
use crate::standing::{Circumstances, IfFull, Verdict};
use crate::world::{Handle, Held, Outcome, World, lock};

/// A call, by its name.
pub(crate) type Named = (&'static str, fn(&Ctx) -> Outcome);

/// How a job ended that was waited for.
type Joined = Result<u32, JobError>;

/// All of them.
pub(crate) const CALLS: &[Named] = &[
    ("execute", |ctx| ctx.execute(IfFull::Waits)),
    ("try_execute", |ctx| ctx.execute(IfFull::Fails)),
    ("execute, RunHere", |ctx| ctx.execute(IfFull::RunsHere)),
    ("execute, WaitFor", |ctx| {
        ctx.submitted(
            IfFull::Waits,
            ctx.pool.with(WhenFull::WaitFor(LONG)).execute(ctx.world.job()),
        )
        .map(drop)
    }),
    ("execute, start_within", |ctx| {
        // Longer than all the time that a test lets pass.
        let fresh = ctx.pool.with(SubmitOptions::new().start_within(100_000 * LONG));
        ctx.submitted(IfFull::Waits, fresh.execute(ctx.world.job())).map(drop)
    }),
    ("execute, priority", |ctx| {
        let urgent = ctx.pool.with(Priority::HIGH);
        ctx.submitted(IfFull::Waits, urgent.execute(ctx.world.job())).map(drop)
    }),
    ("execute_batch", execute_batch),
    ("spawn_batch, JobSet", spawn_batch),
    ("spawn, join", |ctx| ctx.spawn(IfFull::Waits, |job| Ok(job.join()))),
    ("try_spawn, join", |ctx| ctx.spawn(IfFull::Fails, |job| Ok(job.join()))),
    ("spawn, join_timeout", |ctx| {
        ctx.spawn(IfFull::Waits, |mut job| {
            job.join_timeout(LONG).map_err(|_| "timed out".to_owned())
        })
    }),
    ("spawn, join_or_run", |ctx| ctx.spawn(IfFull::Waits, |job| Ok(job.join_or_run()))),
    ("spawn, RunHere, join", |ctx| ctx.spawn(IfFull::RunsHere, |job| Ok(job.join()))),
    ("spawn, cancel", spawn_cancel),
    ("spawn_cancellable, cancel_on_drop", spawn_cancellable),
    ("call", call),
    #[cfg(feature = "lanes")]
    ("lane, execute", |ctx| {
        ctx.submitted(IfFull::Waits, ctx.pool.lane(1).execute(ctx.world.job())).map(drop)
    }),
    #[cfg(feature = "lanes")]
    ("lane, spawn, join", lane_join),
    ("reserve", reserve),
    ("execute_async", |ctx| {
        let submitted = block_on(ctx.pool.execute_async(ctx.world.job()));
        ctx.submitted(IfFull::Waits, submitted).map(drop)
    }),
    ("execute_async, WaitFor", |ctx| {
        let patient = ctx.pool.with(WhenFull::WaitFor(LONG));
        let submitted = block_on(patient.execute_async(ctx.world.job()));
        ctx.submitted(IfFull::Waits, submitted).map(drop)
    }),
    ("execute_async, Fail", |ctx| {
        let impatient = ctx.pool.with(WhenFull::Fail);
        let submitted = block_on(impatient.execute_async(ctx.world.job()));
        ctx.submitted(IfFull::Fails, submitted).map(drop)
    }),
    ("spawn_async, await", spawn_async),
    ("call_async, await", |ctx| {
        let called = block_on(ctx.pool.call_async(Task::new(ctx.world.job())));
        ctx.called(called, block_on)
    }),
    #[cfg(feature = "timer")]
    ("Timer", timer),
    ("scope", scope),
    ("join", join),
    ("join, nested", join_nested),
    ("install", install),
    ("map", map),
    ("map_unordered", map_unordered),
    ("for_each", for_each),
    #[cfg(feature = "parallel-iterators")]
    ("par_runner", par_runner),
    ("JobSet", job_set),
    ("wait_idle", |ctx| ctx.same("wait_idle", ctx.pool.wait_idle(), ctx.rules.wait_idle())),
    ("wait_idle_timeout", |ctx| {
        let waited = ctx.pool.wait_idle_timeout(LONG);
        ctx.same("wait_idle_timeout", waited, ctx.rules.wait_idle())
    }),
    ("pause, resume", pause_resume),
    ("set_num_threads", set_num_threads),
    ("blocking", |ctx| ctx.pool.blocking(|| ctx.execute(IfFull::Waits))),
    ("close", close),
    ("take_queued", take_queued),
    ("shutdown", shutdown),
    ("shutdown_now", shutdown_now),
    ("shutdown_timeout", shutdown_timeout),
    ("shutdown_async", shutdown_async),
    ("drop", drop_owner),
    ("stats", stats),
    ("current_worker", current),
    ("with_worker_state", worker_state),
];

/// Longer than the watchdog waits.
const LONG: Duration = Duration::from_secs(600);

/// What a call has to do with.
pub(crate) struct Ctx {
    /// The pool that is called: that of the place, or another.
    pub(crate) pool: Handle,
    pub(crate) rules: Circumstances,
    pub(crate) world: Arc<World>,
}

impl Ctx {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        let (pool, rules) = (world.target().handle(), world.circumstances());
        Self { pool, rules, world: Arc::clone(world) }
    }

    fn held(&self) -> &Held {
        self.world.target()
    }

    fn same<T: PartialEq + std::fmt::Debug>(&self, what: &str, is: T, should: T) -> Outcome {
        if is == should { Ok(()) } else { Err(format!("{what}: {is:?}, not {should:?}")) }
    }

    fn judge(&self, verdict: Verdict, allowed: &[Verdict]) -> Outcome {
        if allowed.contains(&verdict) {
            return Ok(());
        }
        Err(format!("{verdict:?}, not {allowed:?}"))
    }

    /// Counts a submit and judges it; the value if it was accepted.
    fn submitted<T, J>(
        &self,
        if_full: IfFull,
        submitted: Result<T, SubmitError<J>>,
    ) -> Result<Option<T>, String> {
        let verdict = submitted
            .as_ref()
            .map_or_else(|error| Verdict::of(error.reason()), |_| Verdict::Accepted);
        if submitted.is_ok() {
            self.world.accepted.add();
        }
        self.judge(verdict, &self.rules.submit(if_full))?;
        Ok(submitted.ok())
    }

    /// The same for a batch of three.
    fn batch_submitted<T, J, I, A>(
        &self,
        accepted: usize,
        submitted: Result<T, BatchError<J, I, A>>,
    ) -> Result<Option<T>, String> {
        (0..accepted).for_each(|_| self.world.accepted.add());
        if submitted.is_ok() {
            self.same("accepted", accepted, 3)?;
        }
        let verdict = submitted
            .as_ref()
            .map_or_else(|error| Verdict::of(error.reason()), |_| Verdict::Accepted);
        self.judge(verdict, &self.rules.submit(IfFull::Waits))?;
        Ok(submitted.ok())
    }

    fn execute(&self, if_full: IfFull) -> Outcome {
        let job = self.world.job();
        let submitted = match if_full {
            IfFull::Waits => self.pool.execute(job),
            IfFull::Fails => self.pool.try_execute(job),
            IfFull::RunsHere => self.pool.with(WhenFull::RunHere).execute(job),
        };
        self.submitted(if_full, submitted).map(drop)
    }

    fn spawn(
        &self,
        if_full: IfFull,
        join: fn(JobHandle<u32>) -> Result<Joined, String>,
    ) -> Outcome {
        let job = self.value();
        let submitted = match if_full {
            IfFull::Waits => self.pool.spawn(job),
            IfFull::Fails => self.pool.try_spawn(job),
            IfFull::RunsHere => self.pool.with(WhenFull::RunHere).spawn(job),
        };
        match self.submitted(if_full, submitted)? {
            Some(job) => self.seven(join(job)?),
            None => Ok(()),
        }
    }

    fn called<J>(
        &self,
        called: Result<JobHandle<()>, SubmitError<J>>,
        join: fn(JobHandle<()>) -> Result<(), JobError>,
    ) -> Outcome {
        let Some(call) = self.submitted(IfFull::Waits, called)? else {
            return Ok(());
        };
        match join(call) {
            Ok(()) => Ok(()),
            Err(JobError::InsideJob) if !self.rules.waits_for_the_end() => {
                self.world.ran.add();
                Ok(())
            }
            other => Err(format!("the call's outcome is {other:?}")),
        }
    }

    /// A job that is counted and returns 7.
    fn value(&self) -> impl FnOnce() -> u32 + Send + 'static {
        let ran = self.world.job();
        move || {
            ran();
            7
        }
    }

    fn seven(&self, outcome: Joined) -> Outcome {
        match outcome {
            Ok(7) => Ok(()),
            other => Err(format!("the job's outcome is {other:?}")),
        }
    }
}

fn execute_batch(ctx: &Ctx) -> Outcome {
    let submitted = ctx.pool.execute_batch((0..3).map(|_| ctx.world.job()));
    let accepted = submitted.as_ref().map_or_else(|error| error.accepted().len(), JobIds::len);
    ctx.batch_submitted(accepted, submitted).map(drop)
}

fn spawn_batch(ctx: &Ctx) -> Outcome {
    let submitted = ctx.pool.spawn_batch((0..3).map(|_| ctx.value()));
    let accepted = submitted.as_ref().map_or_else(|error| error.accepted().len(), Vec::len);
    let jobs = ctx.batch_submitted(accepted, submitted)?;
    let jobs: JobSet<u32> = jobs.into_iter().flatten().collect();
    jobs.join_all().into_iter().try_for_each(|outcome| ctx.seven(outcome))
}

fn spawn_cancel(ctx: &Ctx) -> Outcome {
    let Some(job) = ctx.submitted(IfFull::Waits, ctx.pool.spawn(ctx.value()))? else {
        return Ok(());
    };
    if !job.cancel() {
        return ctx.seven(job.join());
    }
    ctx.world.ran.add();
    match job.join() {
        Err(JobError::Cancelled) => Ok(()),
        other => Err(format!("the cancelled job's outcome is {other:?}")),
    }
}

/// Waits for the second of two jobs.
#[cfg(feature = "lanes")]
fn lane_join(ctx: &Ctx) -> Outcome {
    let lanes = ctx.pool.lanes::<str>();
    let lane = lanes.lane("key");
    drop(ctx.submitted(IfFull::Waits, lane.spawn(ctx.value()))?);
    match ctx.submitted(IfFull::Waits, lane.spawn(ctx.value()))? {
        Some(job) => ctx.seven(job.join()),
        None => Ok(()),
    }
}

fn spawn_cancellable(ctx: &Ctx) -> Outcome {
    let job = ctx.value();
    let spawned = ctx.pool.spawn_cancellable(move |_token| job());
    let Some(job) = ctx.submitted(IfFull::Waits, spawned)? else {
        return Ok(());
    };
    let job = job.cancel_on_drop();
    if job.cancel() {
        ctx.world.ran.add();
        drop(job);
        return Ok(());
    }
    ctx.seven(job.disarm().join())
}

/// The handler of a pool of closures runs a call's closure.
fn call(ctx: &Ctx) -> Outcome {
    let called = ctx.pool.call(Task::new(ctx.world.job()));
    ctx.called(called, JobHandle::join)
}

fn spawn_async(ctx: &Ctx) -> Outcome {
    let spawned = block_on(ctx.pool.spawn_async(ctx.value()));
    match ctx.submitted(IfFull::Waits, spawned)? {
        Some(job) => ctx.seven(block_on(job)),
        None => Ok(()),
    }
}

/// Polls once: nobody waits for a future here.
fn reserve(ctx: &Ctx) -> Outcome {
    let reserved = pin!(ctx.pool.reserve()).poll(&mut Context::from_waker(Waker::noop()));
    match reserved {
        Poll::Ready(Ok(place)) => {
            ctx.submitted(IfFull::Fails, place.spawn(ctx.world.job())).map(drop)
        }
        Poll::Ready(Err(reason)) => {
            ctx.judge(Verdict::of(&reason), &ctx.rules.submit(IfFull::Fails))
        }
        Poll::Pending => ctx.judge(Verdict::Full, &ctx.rules.submit(IfFull::Fails)),
    }
}

/// The timer may end before its thread has handed the job over. A job counts itself as accepted.
#[cfg(feature = "timer")]
fn timer(ctx: &Ctx) -> Outcome {
    let timer = drainpool::Timer::new(&ctx.pool).map_err(|error| error.to_string())?;
    let (accepted, ran) = (ctx.world.accepted.clone(), ctx.world.job());
    let job = move || {
        accepted.add();
        ran();
    };
    let set = timer.after(Duration::ZERO, job).is_ok();
    let report = timer.shutdown();
    let ended = report.fired + report.dropped + report.not_due;
    let all = u64::from(set);
    let is_final = ctx.rules.waits_for_the_end();
    ctx.same("jobs that the timer ended", ended, if is_final { all } else { ended.min(all) })
}

fn scope(ctx: &Ctx) -> Outcome {
    let ran = AtomicUsize::new(0);
    ctx.pool.scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                ran.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    ctx.same("children that ran", ran.into_inner(), 2)
}

fn join(ctx: &Ctx) -> Outcome {
    let ran = AtomicUsize::new(0);
    let half = || ran.fetch_add(1, Ordering::SeqCst);
    ctx.pool.join(half, half);
    ctx.same("halves that ran", ran.into_inner(), 2)
}

fn join_nested(ctx: &Ctx) -> Outcome {
    fn leaves(pool: &Handle, depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let (a, b) = pool.join(|| leaves(pool, depth - 1), || leaves(pool, depth - 1));
        a + b
    }
    ctx.same("leaves", leaves(&ctx.pool, 3), 8)
}

fn install(ctx: &Ctx) -> Outcome {
    let ran = Tally::default();
    let installed = ctx.pool.install(|| ran.add());
    let verdict =
        installed.as_ref().map_or_else(|error| Verdict::of(error.reason()), |()| Verdict::Accepted);
    ctx.same("runs", ran.get(), u64::from(installed.is_ok()))?;
    ctx.judge(verdict, &ctx.rules.install())
}

fn map(ctx: &Ctx) -> Outcome {
    let (ran, double) = doubling();
    let doubled: Result<Vec<u32>, JobError> = ctx.pool.map(0..5, double).collect();
    let doubled = doubled.map_err(|error| format!("an outcome: {error:?}"))?;
    ctx.same("outcomes", doubled, vec![0, 2, 4, 6, 8])?;
    ctx.same("runs", ran.get(), 5)
}

fn map_unordered(ctx: &Ctx) -> Outcome {
    let (ran, double) = doubling();
    let sum: Result<u32, JobError> = ctx.pool.map_unordered(0..5, double).sum();
    let sum = sum.map_err(|error| format!("an outcome: {error:?}"))?;
    ctx.same("sum", sum, 20)?;
    ctx.same("runs", ran.get(), 5)
}

fn doubling() -> (Tally, impl Fn(u32) -> u32 + Send + Sync + 'static) {
    let ran = Tally::default();
    let runs = ran.clone();
    let double = move |n| {
        runs.add();
        2 * n
    };
    (ran, double)
}

fn for_each(ctx: &Ctx) -> Outcome {
    let mut numbers = [1, 2, 3];
    ctx.pool.for_each(&mut numbers, |n| *n += 1);
    ctx.same("for_each", numbers, [2, 3, 4])
}

#[cfg(feature = "parallel-iterators")]
fn par_runner(ctx: &Ctx) -> Outcome {
    use drainpool::ParallelExt;
    use drainpool::orx_parallel::{Par, Parallelizable};

    let runner = ctx.pool.par_runner();
    let doubled: Vec<u32> =
        [1, 2, 3].as_slice().par().runner(runner).chunk_size(1).map(|n| 2 * n).collect();
    ctx.same("doubled", doubled, vec![2, 4, 6])
}

fn job_set(ctx: &Ctx) -> Outcome {
    let mut jobs = JobSet::new();
    for _ in 0..3 {
        jobs.extend(ctx.submitted(IfFull::Waits, ctx.pool.spawn(ctx.value()))?);
    }
    jobs.join_all().into_iter().try_for_each(|outcome| ctx.seven(outcome))
}

fn pause_resume(ctx: &Ctx) -> Outcome {
    ctx.pool.pause();
    ctx.pool.resume();
    Ok(())
}

fn set_num_threads(ctx: &Ctx) -> Outcome {
    let threads = ctx.pool.num_threads();
    for set in [1, ctx.pool.max_threads(), threads] {
        ctx.same("set_num_threads", ctx.pool.set_num_threads(set), Ok(()))?;
        ctx.same("num_threads", ctx.pool.num_threads(), set)?;
    }
    Ok(())
}

fn close(ctx: &Ctx) -> Outcome {
    ctx.pool.close();
    ctx.same("is_closed", ctx.pool.is_closed(), true)
}

fn shutdown(ctx: &Ctx) -> Outcome {
    // Not within the lock.
    let owner = lock(&ctx.held().owner).clone();
    let report = owner.ok_or("there is no owner")?.shutdown();
    if !ctx.rules.waits_for_the_end() {
        return Ok(());
    }
    let ended = report.done + report.panicked + report.cancelled + report.expired + report.returned;
    ctx.same("ended", ended, report.accepted)?;
    ctx.same("threads", ctx.pool.stats().threads, 0)
}

/// Whether no more were taken than the books say.
fn given_back(ctx: &Ctx, taken: usize) -> Outcome {
    let returned = ctx.pool.stats().returned;
    let balances = taken as u64 <= returned;
    if balances { Ok(()) } else { Err(format!("{taken} were taken, not {returned}")) }
}

fn take_queued(ctx: &Ctx) -> Outcome {
    given_back(ctx, ctx.pool.take_queued().len())
}

fn shutdown_now(ctx: &Ctx) -> Outcome {
    let owner = lock(&ctx.held().owner).clone().ok_or("there is no owner")?;
    given_back(ctx, owner.shutdown_now().len())?;
    ctx.same("is_closed", ctx.pool.is_closed(), true)
}

fn shutdown_timeout(ctx: &Ctx) -> Outcome {
    let owner = lock(&ctx.held().owner).clone().ok_or("there is no owner")?;
    let report = owner.shutdown_timeout(LONG);
    if !ctx.rules.waits_for_the_end() {
        return Ok(());
    }
    ctx.same("is_complete", report.is_complete(), true)
}

/// Polled once: in most places it may not be waited for.
fn shutdown_async(ctx: &Ctx) -> Outcome {
    let owner = lock(&ctx.held().owner).clone().ok_or("there is no owner")?;
    let polled = pin!(owner.shutdown_async()).poll(&mut Context::from_waker(Waker::noop()));
    if ctx.rules.waits_for_the_end() {
        return Ok(());
    }
    ctx.same("is_ready", polled.is_ready(), true)
}

fn drop_owner(ctx: &Ctx) -> Outcome {
    let owner = lock(&ctx.held().owner).take();
    drop(Arc::into_inner(owner.ok_or("there is no owner")?).ok_or("there is another owner")?);
    ctx.same("is_closed", ctx.pool.is_closed(), true)
}

fn current(ctx: &Ctx) -> Outcome {
    // Whose thread a place is on differs; what is said of it must be true.
    match current_worker().filter(|worker| worker.pool() == ctx.pool.id()) {
        Some(worker) => ctx.same("name", Some(worker.name()), ctx.pool.thread_name(worker.index())),
        None => Ok(()),
    }
}

fn worker_state(ctx: &Ctx) -> Outcome {
    let state = with_worker_state(|()| current_worker().is_some());
    ctx.same("a worker's, if any", state.unwrap_or(true), true)
}

fn stats(ctx: &Ctx) -> Outcome {
    let stats = ctx.pool.stats();
    if stats.threads <= ctx.pool.num_threads() { Ok(()) } else { Err(format!("{stats:?}")) }
}

//! Everything that one can do with a pool again and again. A new operation is a line of [`OPERATIONS`].

use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

#[cfg(feature = "lanes")]
use drainpool::LanesExt;
use drainpool::{JobHandle, JobSet, ManualClock, SubmitOptions};

use crate::setup::Handle;

const MS: Duration = Duration::from_millis(1);

/// On what an operation is performed.
pub(crate) struct Stage {
    pub(crate) pool: Handle,
    pub(crate) clock: ManualClock,
}

#[derive(Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) perform: fn(&Stage),
    /// It comes to an end only where a job can run: on a free worker, or in the one who waits.
    pub(crate) needs_a_worker: bool,
    pub(crate) capacity: Option<usize>,
    /// The bytes that one of its jobs takes, if they are many.
    pub(crate) bytes: usize,
    /// The time passes meanwhile.
    pub(crate) ticks: bool,
    /// Its rounds are so many times fewer.
    pub(crate) costs: usize,
}

const fn op(name: &'static str, perform: fn(&Stage)) -> Operation {
    Operation {
        name,
        perform,
        needs_a_worker: false,
        capacity: None,
        bytes: 0,
        ticks: false,
        costs: 1,
    }
}

impl Operation {
    const fn needs_a_worker(self) -> Self {
        Self { needs_a_worker: true, ..self }
    }

    const fn bounded(self) -> Self {
        Self { capacity: Some(4), ..self }
    }

    const fn of_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    const fn ticks(self) -> Self {
        Self { ticks: true, costs: 2, ..self }
    }

    const fn costs(self, costs: usize) -> Self {
        Self { costs, ..self }
    }
}

pub(crate) const OPERATIONS: &[Operation] = &[
    op("spawn, cancel", |at| cancel(spawn::<8>(at))),
    op("spawn, cancel, 1 KiB", |at| cancel(spawn::<1024>(at))).of_bytes(1024),
    op("spawn, cancel, 16 KiB", |at| cancel(spawn::<16384>(at))).of_bytes(16384).costs(2),
    op("spawn, drop, cancel by a canceller", |at| cancel_dropped(spawn::<8>(at))),
    op("spawn, drop, cancel by a canceller, 1 KiB", |at| cancel_dropped(spawn::<1024>(at)))
        .of_bytes(1024),
    op("try_spawn, cancel, bounded", |at| cancel(try_spawn::<8>(at))).bounded(),
    op("try_spawn, cancel, bounded, 1 KiB", |at| cancel(try_spawn::<1024>(at)))
        .bounded()
        .of_bytes(1024),
    op("spawn, join_or_run", |at| done(spawn::<8>(at).map(JobHandle::join_or_run))),
    op("try_spawn, join_or_run, bounded", |at| {
        done(try_spawn::<8>(at).map(JobHandle::join_or_run))
    })
    .bounded(),
    op("spawn, join", |at| done(spawn::<8>(at).map(JobHandle::join))).needs_a_worker(),
    op("spawn, join_timeout, cancel", |at| cancel(look(spawn::<8>(at)))),
    op("spawn, join_timeout while time passes, cancel", |at| cancel(wait(spawn::<8>(at)))).ticks(),
    op("spawn, poll, cancel", |at| poll_and_cancel(spawn::<8>(at))),
    op("spawn_batch, cancel", spawn_batch_and_cancel),
    op("spawn_async, 100 wait, drop", row_of_submits).bounded().costs(50),
    op("spawn, take_queued", take_back),
    op("spawn, take_queued, bounded", take_back).bounded(),
    op("spawn, start_within, past its time", |at| expire(at, false)),
    op("spawn, start_within, past its time, join_timeout", |at| expire(at, true)),
    op("spawn, start_within, past its time, bounded", |at| expire(at, false)).bounded(),
    op("spawn, start_within, cancel", |at| {
        cancel(at.pool.with(SubmitOptions::new().start_within(MS)).spawn(|| 1).ok())
    }),
    #[cfg(feature = "lanes")]
    op("lane, spawn 3, cancel", lane_and_cancel).costs(2),
    #[cfg(feature = "lanes")]
    op("lane, spawn, join_or_run", |at| {
        done(at.pool.lanes::<u8>().lane(&1).spawn(work::<8>()).map(JobHandle::join_or_run));
    }),
    op("scope with 1", |at| scope(at, 1)),
    op("scope with 2", |at| scope(at, 2)),
    op("scope with 20", |at| scope(at, 20)).costs(4),
    op("for_each over 2", |at| at.pool.for_each([1, 2], |n| done(Box::new(n)))),
    op("join", |at| done(at.pool.join(|| black_box(1), || black_box(2)))),
    op("join by a thread that ends", join_by_a_thread).costs(2),
    op("scope by a thread that ends", scope_by_a_thread).costs(2),
    op("map, buffered", |at| done(at.pool.map(1_u64.., |n| n).buffer(8).take(10).count()))
        .needs_a_worker()
        .costs(8),
    op("map_unordered", |at| done(at.pool.map_unordered(1_u64.., |n| n).take(10).count()))
        .needs_a_worker()
        .costs(8),
    op("JobSet, cancel_all", set_and_cancel).costs(2),
    op("JobSet, join_all", |at| done(set(at).join_all())).needs_a_worker().costs(2),
    op("install", |at| done(at.pool.install(|| black_box(7)))).needs_a_worker(),
    op("wait_idle_timeout", |at| done(at.pool.wait_idle_timeout(Duration::ZERO))),
];

type Spawned = Option<JobHandle<u64>>;

/// Whatever came of it.
fn done<T>(outcome: T) {
    black_box(outcome);
}

fn work<const BYTES: usize>() -> impl FnOnce() -> u64 + Send + 'static {
    let captured = black_box([1_u8; BYTES]);
    move || u64::from(black_box(&captured)[BYTES - 1])
}

fn spawn<const BYTES: usize>(at: &Stage) -> Spawned {
    at.pool.spawn(work::<BYTES>()).ok()
}

fn try_spawn<const BYTES: usize>(at: &Stage) -> Spawned {
    at.pool.try_spawn(work::<BYTES>()).ok()
}

fn cancel(job: Spawned) {
    if let Some(job) = job {
        job.cancel();
    }
}

fn cancel_dropped(job: Spawned) {
    if let Some(job) = job {
        let canceller = job.canceller();
        drop(job);
        canceller.cancel();
    }
}

fn look(job: Spawned) -> Spawned {
    let mut job = job?;
    job.join_timeout(Duration::ZERO).is_err().then_some(job)
}

fn wait(job: Spawned) -> Spawned {
    let mut job = job?;
    job.join_timeout(MS).is_err().then_some(job)
}

fn poll_and_cancel(job: Spawned) {
    if let Some(job) = job {
        let canceller = job.canceller();
        let _ = pin!(job).poll(&mut Context::from_waker(Waker::noop()));
        canceller.cancel();
    }
}

fn spawn_batch_and_cancel(at: &Stage) {
    let jobs = at.pool.spawn_batch((0..4_u64).map(|n| move || n));
    jobs.into_iter().flatten().for_each(|job| cancel(Some(job)));
}

#[cfg(feature = "lanes")]
fn lane_and_cancel(at: &Stage) {
    let lane = at.pool.lane(1);
    let jobs: Vec<_> = (0..3).map(|_| lane.spawn(work::<8>()).ok()).collect();
    jobs.into_iter().rev().for_each(cancel);
}

/// Fills the queue, has more submits wait than there is room for, and drops every other one. Then the first of
/// those that are left is given a place.
fn row_of_submits(at: &Stage) {
    let mut context = Context::from_waker(Waker::noop());
    let mut submits: Vec<_> = (0..100).map(|_| at.pool.spawn_async(work::<8>())).collect();
    let polled = submits.iter_mut().map(|submit| Pin::new(submit).poll(&mut context));
    let jobs: Vec<_> = polled.collect();
    let mut waits = false;
    submits.retain(|_| {
        waits = !waits;
        waits
    });
    for polled in jobs {
        if let Poll::Ready(Ok(job)) = polled {
            job.cancel();
        }
    }
}

fn take_back(at: &Stage) {
    drop(spawn::<8>(at));
    drop(at.pool.take_queued());
}

fn expire(at: &Stage, look: bool) {
    let job = at.pool.with(SubmitOptions::new().start_within(MS)).spawn(work::<8>()).ok();
    at.clock.advance(2 * MS);
    if look && let Some(mut job) = job {
        drop(job.join_timeout(Duration::ZERO));
    }
}

fn scope(at: &Stage, children: u64) {
    at.pool.scope(|scope| {
        for n in 0..children {
            scope.spawn(move || done(Box::new(n)));
        }
    });
}

fn join_by_a_thread(at: &Stage) {
    std::thread::scope(|threads| {
        threads.spawn(|| at.pool.join(|| black_box(1), || black_box(2)));
    });
}

fn scope_by_a_thread(at: &Stage) {
    std::thread::scope(|threads| {
        threads.spawn(|| scope(at, 2));
    });
}

fn set(at: &Stage) -> JobSet<u64> {
    (0..4).filter_map(|_| spawn::<8>(at)).collect()
}

fn set_and_cancel(at: &Stage) {
    set(at).cancel_all();
}

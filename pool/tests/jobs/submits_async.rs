//! Submits that wait for room without blocking the thread.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use drainpool::{
    Collect, JobError, JobHandle, JobId, ManualClock, Notice, Refusal, SubmitError, SubmitOptions,
    WhenFull,
};

use crate::futures::Bell;
use crate::setup::block_on::block_on;
use crate::setup::held::hold;
use crate::setup::recorder::Recorder;
use crate::setup::tools::{Bomb, results, thrown};
use crate::setup::{Builder, Handle, Latch, Pool, Setup, Tally, at_rest, balanced, eventually};

on_every_backend! {
    awaited_under_tokio
    awaited_under_smol
    awaited_under_the_plainest_executor
    ready_at_once_if_there_is_room
    values_and_closures_for_the_sink
    calls_of_the_handler
    futures_and_threads_get_room_in_turn
    ten_thousand_get_room_in_turn
    dropped_while_it_waits
    dropped_with_a_place
    half_of_many_are_dropped
    a_job_that_panics_when_it_is_dropped
    closed_while_it_waits
    ended_now_while_it_waits
    room_by_taking_jobs_back
    nested_submits_do_not_wait
    full_where_nobody_may_wait
    full_and_no_waiting
    waits_for_a_while
    waits_no_longer_than_the_job_is_wanted
    polled_again_and_again
    polled_again_after_it_was_ready
    wakers_that_panic
    a_waker_that_waits_for_another_job
    moved_to_another_executor_under_smol
    shared_with_another_thread
}

/// A paused pool with room for one job, which is there.
fn full(setup: Setup) -> (Pool, JobHandle<u32>) {
    let pool = setup.builder().capacity(1).paused().build().unwrap();
    let job = pool.spawn(|| 7).unwrap();
    (pool, job)
}

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn ready<F: Future + Unpin>(mut future: F) -> F::Output {
    match poll(&mut future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// Spawns jobs one after the other, and awaits them all.
async fn spawns(pool: Handle) -> usize {
    let mut jobs = Vec::new();
    for n in 0..50 {
        jobs.push(pool.spawn_async(move || n).await.unwrap());
    }
    let mut sum = 0;
    for job in jobs {
        sum += job.await.unwrap();
    }
    sum
}

const SUM: usize = 49 * 50 / 2;

fn awaited_under_tokio(setup: Setup) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let pool = setup.pool();
    let tasks: Vec<_> = (0..4).map(|_| runtime.spawn(spawns(pool.handle()))).collect();
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), SUM);
    }
    assert_eq!(balanced(&pool).done, 200);
}

fn awaited_under_smol(setup: Setup) {
    let pool = setup.pool();
    let tasks: Vec<_> = (0..4).map(|_| smol::spawn(spawns(pool.handle()))).collect();
    for task in tasks {
        assert_eq!(smol::block_on(task), SUM);
    }
    assert_eq!(balanced(&pool).done, 200);
}

fn awaited_under_the_plainest_executor(setup: Setup) {
    let pool = setup.pool();
    let block = || {
        let handle = pool.handle();
        std::thread::spawn(move || block_on(spawns(handle)))
    };
    let threads = [block(), block(), block(), block()];
    for thread in threads {
        assert_eq!(thread.join().unwrap(), SUM);
    }
    assert_eq!(balanced(&pool).done, 200);
}

fn ready_at_once_if_there_is_room(setup: Setup) {
    let pool = setup.builder().paused().build().unwrap();
    let jobs = [(); 3].map(|()| ready(pool.spawn_async(|| 7)).unwrap());
    assert_eq!(pool.stats().queued, 3);
    pool.resume();
    assert_eq!(results(jobs), [7, 7, 7]);
    assert_eq!(balanced(&pool).done, 3);
    let closed = ready(pool.spawn_async(|| 7)).unwrap_err();
    assert!(closed.is_closed());
    assert_eq!(closed.into_inner()(), 7, "C1");
}

fn values_and_closures_for_the_sink(setup: Setup) {
    let squares = Collect::new();
    let builder = setup.builder().sink(squares.clone());
    let pool = builder.build_with(|_worker| |n: u64| n * n).unwrap();
    let ids = block_on(async {
        let mut ids = Vec::new();
        for n in 0..20 {
            ids.push(pool.submit_async(n).await?);
        }
        Ok::<_, SubmitError<u64>>(ids)
    });
    let ids: Vec<JobId> = ids.unwrap();
    assert_eq!(pool.shutdown().done, 20);
    for done in squares.take() {
        let n = ids.iter().position(|id| *id == done.id).unwrap() as u64;
        assert_eq!(done.outcome.unwrap(), n * n);
    }
    assert_eq!(ready(pool.submit_async(7)).unwrap_err().into_inner(), 7, "C1");

    let words = Collect::new();
    let pool = setup.builder().sink(words.clone()).build().unwrap();
    block_on(pool.execute_async(|| "done")).unwrap();
    assert_eq!(balanced(&pool).done, 1);
    assert_eq!(words.take().remove(0).outcome.unwrap(), "done");
    assert_eq!(ready(pool.execute_async(|| "here")).unwrap_err().into_inner().run(), "here");
}

fn calls_of_the_handler(setup: Setup) {
    let builder = setup.builder().sink(drainpool::sink_fn(|_| ()));
    let pool = builder.build_with(|_worker| |n: u64| n * n).unwrap();
    let sum = block_on(async {
        let mut sum = 0;
        for n in 0..20 {
            sum += pool.call_async(n).await.unwrap().await.unwrap();
        }
        sum
    });
    assert_eq!(sum, (0..20).map(|n| n * n).sum::<u64>());
    let call = ready(pool.with(WhenFull::RunHere).call_async(3)).unwrap();
    assert_eq!(block_on(call).unwrap(), 9);
    assert_eq!(pool.shutdown().done, 21);
    assert_eq!(ready(pool.call_async(7)).unwrap_err().into_inner(), 7, "C1");
}

/// A thread that waits for room, and returns its job's id.
fn submitter(pool: &Pool) -> std::thread::JoinHandle<JobHandle<u32>> {
    let (handle, before) = (pool.handle(), pool.stats().waiting_submitters);
    let thread = std::thread::spawn(move || handle.spawn(|| 7).unwrap());
    eventually(|| pool.stats().waiting_submitters == before + 1);
    thread
}

fn futures_and_threads_get_room_in_turn(setup: Setup) {
    let (pool, first) = full(setup);
    let mut row = Vec::new();
    for _ in 0..4 {
        let mut future = pool.spawn_async(|| 7);
        assert!(poll(&mut future).is_pending());
        row.push((future, submitter(&pool)));
    }
    let mut last = first;
    for (mut future, thread) in row {
        // Room for one, which the first in the row gets, and nobody who comes now.
        assert!(!thread.is_finished() && last.cancel());
        assert!(pool.try_execute(|| ()).is_err_and(|refused| refused.is_full()));
        assert!(ready(pool.with(WhenFull::Fail).spawn_async(|| 7)).is_err());
        let Poll::Ready(job) = poll(&mut future) else { panic!("it is its turn") };
        assert!(!thread.is_finished() && job.unwrap().cancel());
        last = thread.join().unwrap();
    }
    let report = balanced(&pool);
    assert_eq!((report.cancelled, report.done), (8, 1));
}

const MANY: usize = 10_000;

fn ten_thousand_get_room_in_turn(setup: Setup) {
    if setup.capacity.is_none() {
        return;
    }
    let (pool, first) = full(setup);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let spawn = |n: usize| {
        let pool = pool.handle();
        runtime.spawn(async move {
            let job = pool.spawn_async(move || n).await.unwrap();
            (job.id(), job.await.unwrap())
        })
    };
    let tasks: Vec<_> = (0..MANY).map(spawn).collect();
    runtime.block_on(async {
        while pool.stats().waiting_submitters < MANY {
            tokio::task::yield_now().await;
        }
        pool.resume();
        let mut last = first.id();
        for (n, task) in tasks.into_iter().enumerate() {
            let (id, result) = task.await.unwrap();
            assert!(id > last, "in the order of arrival");
            last = id;
            assert_eq!(result, n);
        }
    });
    assert_eq!(balanced(&pool).done, MANY as u64 + 1);
}

fn dropped_while_it_waits(setup: Setup) {
    let (pool, first) = full(setup);
    let captured = Arc::new(());
    let held = Arc::clone(&captured);
    let mut dropped = pool.spawn_async(move || drop(held));
    let mut next = pool.spawn_async(|| 8);
    assert!(poll(&mut dropped).is_pending() && poll(&mut next).is_pending());
    assert_eq!(pool.stats().waiting_submitters, 2);
    drop(dropped);
    assert_eq!((pool.stats().waiting_submitters, Arc::strong_count(&captured)), (1, 1));
    assert!(first.cancel());
    let Poll::Ready(job) = poll(&mut next) else { panic!("it is the first by now") };
    pool.resume();
    assert_eq!(job.unwrap().join().unwrap(), 8);
    let report = balanced(&pool);
    assert_eq!((report.accepted, report.done), (2, 1), "what was dropped was no job");
}

fn dropped_with_a_place(setup: Setup) {
    let (pool, first) = full(setup);
    let mut dropped = pool.spawn_async(|| 7);
    assert!(poll(&mut dropped).is_pending());
    let thread = submitter(&pool);
    assert!(first.cancel());
    assert!(!thread.is_finished() && pool.try_execute(|| ()).is_err());
    drop(dropped);
    // The last one has nobody to give it to.
    let mut dropped = pool.spawn_async(|| 7);
    let job = thread.join().unwrap();
    assert!(poll(&mut dropped).is_pending() && job.cancel());
    drop(dropped);
    assert!(pool.try_execute(|| ()).is_ok());
    assert_eq!(balanced(&pool).done, 1);
}

fn half_of_many_are_dropped(setup: Setup) {
    let (pool, _first) = full(setup);
    let ran = Tally::default();
    let submit = |_| {
        let ran = ran.clone();
        let mut submit = pool.execute_async(move || ran.add());
        assert!(poll(&mut submit).is_pending());
        submit
    };
    let mut submits: Vec<_> = (0..1_000).map(submit).collect();
    let mut nth = 0;
    submits.retain(|_| {
        nth += 1;
        nth % 2 == 0
    });
    assert_eq!(pool.stats().waiting_submitters, 500);
    pool.resume();
    for submit in submits {
        block_on(submit).unwrap();
    }
    assert_eq!((balanced(&pool).done, ran.get()), (501, 500));
}

fn a_job_that_panics_when_it_is_dropped(setup: Setup) {
    let (pool, first) = full(setup);
    let bomb = Bomb;
    let mut dropped = pool.spawn_async(move || drop(bomb));
    assert!(poll(&mut dropped).is_pending() && first.cancel());
    assert!(thrown(|| drop(dropped)).ends_with("on purpose"));
    assert!(pool.try_execute(|| ()).is_ok(), "the place is there again");
    assert_eq!(balanced(&pool).done, 1);
}

/// Futures that wait, each behind an executor of its own. What they return when `end` has ended the pool.
fn refused(pool: &Pool, end: impl FnOnce()) -> Vec<u32> {
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let handle = pool.handle();
            std::thread::spawn(move || {
                let refused = block_on(handle.spawn_async(move || n)).unwrap_err();
                assert!(refused.is_closed());
                refused.into_inner()()
            })
        })
        .collect();
    eventually(|| pool.stats().waiting_submitters == 4);
    end();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn closed_while_it_waits(setup: Setup) {
    let (pool, first) = full(setup);
    let mut granted = pool.spawn_async(|| 7);
    assert!(poll(&mut granted).is_pending() && first.cancel());
    let mut refill = pool.spawn_async(|| 8);
    assert!(poll(&mut refill).is_pending());
    pool.close();
    // It has a place, and comes too late all the same (C6).
    for mut future in [Ok(granted), Err(refill)] {
        let polled = match &mut future {
            Ok(granted) => poll(granted).map(|refused| refused.unwrap_err().into_parts().0),
            Err(refill) => poll(refill).map(|refused| refused.unwrap_err().into_parts().0),
        };
        assert!(matches!(polled, Poll::Ready(Refusal::Closed)));
    }
    assert_eq!(balanced(&pool).accepted, 1);

    let (pool, _first) = full(setup);
    assert_eq!(refused(&pool, || pool.close()), [0, 1, 2, 3], "C1");
    assert_eq!(balanced(&pool).accepted, 1);
}

fn ended_now_while_it_waits(setup: Setup) {
    let (pool, first) = full(setup);
    assert_eq!(refused(&pool, || drop(pool.shutdown_now())), [0, 1, 2, 3]);
    assert!(matches!(first.join(), Err(JobError::Returned)));
    assert_eq!(balanced(&pool).accepted, 1);
}

fn room_by_taking_jobs_back(setup: Setup) {
    let (pool, first) = full(setup);
    let handle = pool.handle();
    let thread = std::thread::spawn(move || block_on(handle.spawn_async(|| 8)).unwrap());
    eventually(|| pool.stats().waiting_submitters == 1);
    assert!(pool.take_queued().is_empty());
    let job = thread.join().unwrap();
    assert!(matches!(first.join(), Err(JobError::Returned)));
    pool.resume();
    assert_eq!(job.join().unwrap(), 8);
    assert_eq!(balanced(&pool).returned, 1);
}

fn nested_submits_do_not_wait(setup: Setup) {
    let pool = setup.builder().capacity(1).build().unwrap();
    let handle = pool.handle();
    let job = pool.spawn(move || {
        let jobs: Vec<_> = (0..20).map(|n| ready(handle.spawn_async(move || n)).unwrap()).collect();
        handle.close();
        let last = ready(handle.spawn_async(|| 20)).unwrap();
        jobs.into_iter().chain([last]).map(|job| block_on(job).unwrap()).sum()
    });
    let sum: u32 = job.unwrap().join().unwrap();
    assert_eq!((sum, balanced(&pool).done), (20 * 21 / 2, 22));
    // One that waited outside is not held up inside either.
    let pool = Arc::new(setup.builder().capacity(1).build().unwrap());
    let held = hold(&pool, setup.threads);
    let queued = pool.spawn(|| 7).unwrap();
    let mut future = pool.spawn_async(|| 8);
    assert!(poll(&mut future).is_pending());
    let mut nested = None;
    pool.scope(|scope| scope.spawn(|| nested = Some(ready(&mut future).unwrap())));
    drop(future);
    assert_eq!(pool.stats().waiting_submitters, 0);
    held.release();
    assert_eq!(results([queued, nested.unwrap()]), [7, 8]);
    balanced(&pool);
}

/// In a hook, or in other code that the pool calls, a wait could be for itself.
fn full_where_nobody_may_wait(setup: Setup) {
    let pool = setup.builder().capacity(1).paused().build().unwrap();
    let (handle, refusals) = (pool.handle(), Tally::default());
    let count = refusals.clone();
    let alarm: Arc<dyn Fn(Notice) + Send + Sync> = Arc::new(move |notice| {
        let refused = block_on(handle.spawn_async(|| 8)).unwrap_err();
        let place = block_on(handle.reserve());
        if let Notice::Expiring(_) = notice {
            assert!(refused.is_full() && matches!(place, Err(Refusal::Full)));
            assert_eq!(refused.into_inner()(), 8, "C1");
            count.add();
        }
    });
    pool.watch(Arc::downgrade(&alarm));
    let fresh = SubmitOptions::new().start_within(Duration::from_secs(3_600));
    let job = pool.with(fresh).spawn(|| 9).unwrap();
    assert_eq!(refusals.get(), 1);
    pool.resume();
    assert_eq!(job.join().unwrap(), 9);
    assert_eq!(balanced(&pool).done, 1);
}

fn full_and_no_waiting(setup: Setup) {
    let (pool, _first) = full(setup);
    let refused = ready(pool.with(WhenFull::Fail).spawn_async(|| 8)).unwrap_err();
    assert!(refused.is_full());
    assert_eq!(refused.into_inner()(), 8, "C1");
    let here = std::thread::current().id();
    let runs_here = pool.with(WhenFull::RunHere);
    let job = ready(runs_here.spawn_async(|| std::thread::current().id())).unwrap();
    assert_eq!(ready(job).unwrap(), here);
    let job = ready(runs_here.spawn_cancellable_async(|_| std::thread::current().id())).unwrap();
    assert_eq!(ready(job).unwrap(), here);
    assert_eq!(balanced(&pool).done, 3);
}

const SECOND: Duration = Duration::from_secs(1);

/// A full, paused pool, and the clock of it.
fn timed(setup: Setup) -> (Pool, JobHandle<u32>, ManualClock) {
    let clock = ManualClock::new();
    let builder = setup.builder().capacity(1).paused().clock(clock.clone());
    let pool = builder.build().unwrap();
    let job = pool.spawn(|| 7).unwrap();
    (pool, job, clock)
}

fn waits_for_a_while(setup: Setup) {
    let (pool, first, clock) = timed(setup);
    let patient = pool.with(WhenFull::WaitFor(SECOND));
    let (mut late, mut lucky, mut unpolled) =
        (patient.spawn_async(|| 8), patient.spawn_async(|| 9), patient.spawn_async(|| 10));
    assert!(poll(&mut late).is_pending() && poll(&mut lucky).is_pending());
    clock.advance(SECOND / 2);
    assert!(poll(&mut late).is_pending());
    clock.advance(SECOND / 2);
    let Poll::Ready(refused) = poll(&mut late) else { panic!("its time is over") };
    let refused = refused.unwrap_err();
    assert!(refused.is_full() && refused.into_inner()() == 8);
    let Poll::Ready(refused) = poll(&mut unpolled) else { panic!("its time began with the call") };
    assert!(refused.unwrap_err().is_full());
    // Room that came in time is not lost by a late poll.
    assert!(first.cancel());
    let Poll::Ready(job) = poll(&mut lucky) else { panic!("it has a place") };
    assert_eq!(pool.stats().waiting_submitters, 0);
    pool.resume();
    assert_eq!(job.unwrap().join().unwrap(), 9);
    assert_eq!(balanced(&pool).done, 1);
}

fn waits_no_longer_than_the_job_is_wanted(setup: Setup) {
    let (pool, first, clock) = timed(setup);
    let fresh = SubmitOptions::new().start_within(SECOND);
    let mut future = pool.with(fresh).spawn_async(|| 8);
    assert!(poll(&mut future).is_pending());
    clock.advance(SECOND);
    let Poll::Ready(refused) = poll(&mut future) else { panic!("its time is over") };
    assert!(refused.unwrap_err().is_full());
    // An accepted one expires in the queue, and leaves its place to the one that waits.
    assert!(first.cancel());
    let expiring = ready(pool.with(fresh).spawn_async(|| 9)).unwrap();
    let mut next = pool.spawn_async(|| 10);
    assert!(poll(&mut next).is_pending());
    clock.advance(SECOND);
    let Poll::Ready(job) = poll(&mut next) else { panic!("a poll looks at the clock") };
    assert!(matches!(expiring.join(), Err(JobError::Expired)));
    pool.resume();
    assert_eq!(job.unwrap().join().unwrap(), 10);
    balanced(&pool);
}

fn polled_again_and_again(setup: Setup) {
    let (pool, first) = full(setup);
    let bells = [Arc::new(Bell::default()), Arc::new(Bell::default())];
    let wakers = bells.clone().map(Waker::from);
    let mut future = pool.spawn_async(|| 8);
    let mut other = pool.spawn_async(|| 9);
    for waker in [&wakers[0], &wakers[0], &wakers[1], &wakers[1]] {
        assert!(Pin::new(&mut future).poll(&mut Context::from_waker(waker)).is_pending());
        assert!(poll(&mut other).is_pending());
    }
    // Its own, one of the row, and one of those that are told if the pool loses its workers.
    assert_eq!(bells.each_ref().map(Arc::strong_count), [2, 4]);
    assert!(first.cancel());
    assert_eq!(bells.each_ref().map(|bell| bell.0.get()), [0, 1], "the last one is woken, once");
    let job = ready(future).unwrap();
    assert_eq!(bells.each_ref().map(Arc::strong_count), [2, 2], "C9");
    assert!(job.cancel());
    assert!(ready(other).unwrap().cancel());
    balanced(&pool);
}

fn polled_again_after_it_was_ready(setup: Setup) {
    let pool = setup.builder().capacity(2).paused().build().unwrap();
    let mut future = pool.spawn_async(|| 8);
    let Poll::Ready(job) = poll(&mut future) else { panic!("there is room") };
    assert!(thrown(|| poll(&mut future)).contains("after it was ready"));
    assert!(pool.try_execute(|| ()).is_ok(), "it has taken no further place");
    assert!(job.unwrap().cancel());
    balanced(&pool);
}

/// Panics where it is told to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cracked {
    Wake,
    Drop,
}

struct CrackedWaker(Cracked);

impl Wake for CrackedWaker {
    fn wake(self: Arc<Self>) {
        assert!(self.0 != Cracked::Wake, "a waker that panics, on purpose");
    }
}

impl Drop for CrackedWaker {
    fn drop(&mut self) {
        assert!(self.0 != Cracked::Drop, "a waker's drop that panics, on purpose");
    }
}

/// Polls a future that is to wait, whose clone of the waker is the last then.
fn poll_by<F: Future + Unpin>(future: &mut F, waker: Waker) {
    assert!(Pin::new(future).poll(&mut Context::from_waker(&waker)).is_pending());
}

fn wakers_that_panic(setup: Setup) {
    for crack in [Cracked::Wake, Cracked::Drop] {
        let (pool, first) = full(setup);
        let cracked = || Waker::from(Arc::new(CrackedWaker(crack)));
        let mut futures = [(); 3].map(|()| pool.spawn_async(|| 8));
        futures.iter_mut().for_each(|future| poll_by(future, cracked()));
        let [mut woken, mut repolled, dropped] = futures;
        // The row has the last clone of each.
        drop(dropped);
        assert!(poll(&mut repolled).is_pending());
        assert!(first.cancel());
        let Poll::Ready(job) = poll(&mut woken) else { panic!("it is its turn") };
        assert!(job.unwrap().cancel());
        let Poll::Ready(job) = poll(&mut repolled) else { panic!("it is its turn") };
        assert!(job.unwrap().cancel());
        assert!(pool.try_execute(|| ()).is_ok(), "no place is lost");
        let mut last = pool.spawn_async(|| 8);
        poll_by(&mut last, cracked());
        pool.close();
        let Poll::Ready(refused) = poll(&mut last) else { panic!("the pool is closed") };
        assert!(refused.unwrap_err().is_closed());
        let report = balanced(&pool);
        assert_eq!((report.done, report.cancelled, report.panicked), (1, 3, 0));
    }
}

/// Opens one latch, and waits for the other.
struct WaitingWaker(Latch, Latch);

impl Wake for WaitingWaker {
    fn wake(self: Arc<Self>) {
        self.0.open();
        self.1.wait();
    }
}

/// No other worker relies on the one that calls a waker, however it came by the job whose place it frees.
fn a_waker_that_waits_for_another_job(setup: Setup) {
    let plain = || setup.builder();
    let tracked = || setup.builder().track_jobs();
    let observed = || setup.builder().observer(Arc::new(Recorder::default()));
    for builder in [&plain as &dyn Fn() -> Builder, &tracked, &observed] {
        let pool = builder().num_threads(2).capacity(1).paused().build().unwrap();
        pool.execute(|| ()).unwrap();
        let (called, may_return) = (Latch::default(), Latch::default());
        let mut future = pool.spawn_async(|| 8);
        let waker = WaitingWaker(called.clone(), may_return.clone());
        poll_by(&mut future, Waker::from(Arc::new(waker)));
        pool.resume();
        called.wait();
        at_rest(&pool, 1);
        let Poll::Ready(job) = poll(&mut future) else { panic!("it has a place") };
        assert_eq!(job.unwrap().join().unwrap(), 8, "the other worker is woken");
        may_return.open();
        assert_eq!(balanced(&pool).done, 2);
    }
}

fn moved_to_another_executor_under_smol(setup: Setup) {
    let (pool, first) = full(setup);
    let handle = pool.handle();
    let mut future = Box::pin(async move { handle.spawn_async(|| 8).await.unwrap().await });
    assert!(poll(&mut future).is_pending());
    let task = smol::spawn(future);
    assert!(first.cancel());
    pool.resume();
    assert_eq!(smol::block_on(task).unwrap(), 8);
    assert_eq!(balanced(&pool).done, 1);
}

/// The executor's threads poll futures and drop them while workers make room, and nothing is lost.
fn shared_with_another_thread(setup: Setup) {
    let pool = setup.builder().capacity(1).build().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (accepted, ran) = (Tally::default(), Tally::default());
    let tasks: Vec<_> = (0..400)
        .map(|n| {
            let (pool, accepted, ran) = (pool.handle(), accepted.clone(), ran.clone());
            runtime.spawn(async move {
                let submit = pin!(pool.execute_async(move || ran.add()));
                // Every other one gives up after its first polls.
                let gives_up = n % 2 == 0;
                let submitted = smol::future::or(async { Some(submit.await.unwrap()) }, async {
                    tokio::task::yield_now().await;
                    if !gives_up {
                        std::future::pending::<()>().await;
                    }
                    None
                });
                submitted.await.inspect(|_| accepted.add()).is_some() || gives_up
            })
        })
        .collect();
    for task in tasks {
        assert!(runtime.block_on(task).unwrap());
    }
    let report = balanced(&pool);
    assert_eq!((report.done, ran.get()), (accepted.get(), accepted.get()));
    assert!(report.done >= 200);
}

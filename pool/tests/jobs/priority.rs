//! Priorities: on the backend that looks at them the order, on all others nothing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use drainpool::{
    AnyQueue, Collect, InOrder, JobError, ManualClock, Priority, PriorityQueue, SubmitOptions,
    WhenFull,
};

use crate::setup::held::{Gate, occupy};
use crate::setup::{Backend, Handle, Pool, Setup, Tally, balanced};

on_every_backend! {
    every_job_runs_once_whatever_its_priority
    the_ids_are_those_of_jobs_without_a_priority
    outcomes_in_order_of_submission
    jobs_start_by_priority_where_the_queue_looks_at_it
    the_most_urgent_of_many_workers_jobs
    jobs_that_may_expire_have_a_priority
    cancelled_jobs_leave_the_order_as_it_is
    room_is_not_given_by_priority
    a_job_that_runs_here_may_have_a_priority
    a_closed_pool_refuses_the_urgent_too
    a_low_job_starts_though_urgent_ones_feed_themselves
    a_running_job_is_not_interrupted
    a_job_that_waits_runs_what_is_less_urgent
}

const ALL: [Priority; 5] =
    [Priority::NORMAL, Priority::LOW, Priority::HIGH, Priority::MIN, Priority::MAX];

fn priority(n: usize) -> Priority {
    ALL[n % ALL.len()]
}

/// Submits a job in each way there is, with all priorities in turn. Returns how many.
fn submit_all_ways(pool: &Handle, ran: &Tally) -> u64 {
    let job = || {
        let ran = ran.clone();
        move || ran.add()
    };
    for n in 0..100 {
        pool.with(priority(n)).execute(job()).unwrap();
        pool.with(priority(n)).submit(drainpool::Task::new(job())).unwrap();
        drop(pool.with(priority(n)).spawn(job()).unwrap());
    }
    for priority in ALL {
        pool.with(priority).execute_batch((0..50).map(|_| job())).unwrap();
        drop(pool.with(priority).spawn_batch((0..50).map(|_| job())).unwrap());
        let tasks = (0..50).map(|_| drainpool::Task::new(job()));
        pool.with(priority).submit_batch(tasks).unwrap();
    }
    300 + 150 * ALL.len() as u64
}

fn every_job_runs_once_whatever_its_priority(setup: Setup) {
    let (pool, ran) = (setup.pool(), Tally::default());
    let outside = submit_all_ways(&pool, &ran);
    let (handle, count) = (pool.handle(), ran.clone());
    let nested = pool.with(Priority::LOW).spawn(move || submit_all_ways(&handle, &count)).unwrap();
    let all = outside + nested.join().unwrap();
    let report = balanced(&pool);
    assert_eq!((report.done, ran.get()), (all + 1, all));
}

fn the_ids_are_those_of_jobs_without_a_priority(setup: Setup) {
    let results = Collect::new();
    let pool: Pool<usize> = setup.builder().sink(results.clone()).build().unwrap();
    let first = pool.execute(|| 0).unwrap().as_u64();
    for n in (1..60).step_by(3) {
        let id = pool.with(priority(n)).execute(move || n).unwrap();
        let number = first + n as u64;
        assert_eq!((id.as_u64(), format!("{id}")), (number, format!("{number}")));
        let job = pool.with(priority(n + 1)).spawn(move || n).unwrap();
        assert_eq!(job.id().as_u64(), number + 1);
        let batch = pool.with(priority(n + 2)).execute_batch([move || n + 2]).unwrap();
        assert_eq!(batch.map(|id| id.as_u64()).collect::<Vec<_>>(), [number + 2]);
        // As a plain submit says it of a job of that number.
        assert!(id < job.id() && id != job.id());
    }
    pool.wait_idle().unwrap();
    let mut results = results.take();
    results.sort_by_key(|done| done.id);
    let number = |n: usize| first + n as u64;
    assert!(results.into_iter().all(|done| done.id.as_u64() == number(done.outcome.unwrap())));
    balanced(&pool);
}

fn outcomes_in_order_of_submission(setup: Setup) {
    let (sender, results) = mpsc::channel();
    let pool: Pool<usize> = setup.builder().sink(InOrder::new(sender)).build().unwrap();
    for n in 0..200 {
        pool.with(priority(n)).execute(move || n).unwrap();
        drop(pool.with(priority(n)).spawn(|| ()).unwrap());
    }
    balanced(&pool);
    drop(pool);
    assert!(results.iter().map(|done| done.outcome.unwrap()).eq(0..200));
}

/// One worker that takes no job yet, and room for all.
fn waiting<R: Send + 'static>(setup: Setup) -> Pool<R> {
    let setup = Setup { threads: 1, capacity: None, ..setup };
    setup.builder().sink(drainpool::sink_fn(drop)).paused().build().unwrap()
}

/// The order in which these jobs are to start that were submitted with these priorities.
fn expected(setup: Setup, priorities: impl Iterator<Item = Priority>) -> Vec<usize> {
    let mut jobs: Vec<_> = priorities.enumerate().collect();
    if setup.backend == Backend::Priority {
        jobs.sort_by_key(|(_, priority)| std::cmp::Reverse(*priority));
    }
    jobs.into_iter().map(|(n, _)| n).collect()
}

/// The numbers from 0, with which jobs say that they start.
fn numbered(
    started: &mpsc::Sender<usize>,
) -> impl FnMut() -> Box<dyn FnOnce() + Send + 'static> + use<> {
    let (started, mut next) = (started.clone(), 0..);
    move || {
        let (started, n) = (started.clone(), next.next().unwrap());
        Box::new(move || started.send(n).unwrap())
    }
}

fn jobs_start_by_priority_where_the_queue_looks_at_it(setup: Setup) {
    let (started, order) = mpsc::channel();
    let pool = waiting(setup);
    let mut job = numbered(&started);
    let mut given = Vec::new();
    for n in 0..20 {
        given.push(priority(n));
        match n % 3 {
            0 => drop(pool.with(priority(n)).execute(job()).unwrap()),
            1 => drop(pool.with(priority(n)).spawn(job()).unwrap()),
            _ => {
                given.extend([priority(n); 2]);
                pool.with(priority(n)).execute_batch([job(), job(), job()]).unwrap();
            }
        }
    }
    drop((started, job));
    balanced(&pool);
    assert_eq!(order.iter().collect::<Vec<_>>(), expected(setup, given.into_iter()));
}

/// With several workers: of what waits, as many as there are workers start first.
fn the_most_urgent_of_many_workers_jobs(setup: Setup) {
    if setup.backend != Backend::Priority || setup.capacity.is_some() {
        return;
    }
    let (started, order) = mpsc::channel();
    let pool = setup.pool();
    let (busy, free) = (Gate::default(), Gate::default());
    occupy(&pool, setup.threads, &busy);
    for n in 0..40 {
        let (started, free) = (started.clone(), free.clone());
        let job = move || {
            started.send(priority(n)).unwrap();
            free.wait();
        };
        pool.with(priority(n)).execute(job).unwrap();
    }
    busy.open();
    let first: Vec<_> = order.iter().take(setup.threads).collect();
    assert!(first.iter().all(|priority| *priority == Priority::MAX), "{first:?}");
    free.open();
    assert_eq!(balanced(&pool).done, 40 + setup.threads as u64);
}

fn jobs_that_may_expire_have_a_priority(setup: Setup) {
    let (started, order) = mpsc::channel();
    let clock = ManualClock::new();
    let setup = Setup { threads: 1, capacity: None, ..setup };
    let pool: Pool = setup.builder().clock(clock.clone()).paused().build().unwrap();
    let mut job = numbered(&started);
    let second = Duration::from_secs(1);
    let within = |n: usize, time| SubmitOptions::new().priority(priority(n)).start_within(time);
    let mut late = Vec::new();
    for n in 0..20 {
        match n % 2 {
            0 => drop(pool.with(within(n, 3 * second)).execute(job()).unwrap()),
            _ => drop(pool.with(within(n, 3 * second)).spawn(job()).unwrap()),
        }
        late.push(pool.with(within(n, second)).spawn(|| ()).unwrap());
    }
    clock.advance(2 * second);
    drop((started, job));
    assert_eq!(balanced(&pool).expired, 20);
    assert!(late.into_iter().all(|job| matches!(job.join(), Err(JobError::Expired))));
    assert_eq!(order.iter().collect::<Vec<_>>(), expected(setup, (0..20).map(priority)));
}

/// They are enough for a purge, which removes them before a worker comes to them.
fn cancelled_jobs_leave_the_order_as_it_is(setup: Setup) {
    let (started, order) = mpsc::channel();
    let pool = waiting(setup);
    let mut job = numbered(&started);
    for n in 0..30 {
        for _ in 0..50 {
            assert!(pool.with(priority(n + 1)).spawn(|| ()).unwrap().cancel());
        }
        pool.with(priority(n)).execute(job()).unwrap();
    }
    drop((started, job));
    let report = balanced(&pool);
    assert_eq!((report.done, report.cancelled), (30, 1_500));
    assert_eq!(order.iter().collect::<Vec<_>>(), expected(setup, (0..30).map(priority)));
}

fn room_is_not_given_by_priority(setup: Setup) {
    let pool = setup.builder().capacity(1).paused().build().unwrap();
    pool.with(Priority::LOW).execute(|| ()).unwrap();
    let urgent = SubmitOptions::new().priority(Priority::MAX).when_full(WhenFull::Fail);
    assert!(pool.with(urgent).execute(|| ()).unwrap_err().is_full());
    assert!(pool.with(urgent).spawn(|| ()).is_err_and(|refused| refused.is_full()));
    assert_eq!(pool.with(urgent).execute_batch([|| (); 3]).unwrap_err().accepted().len(), 0);
    assert_eq!(balanced(&pool).done, 1);
}

fn a_job_that_runs_here_may_have_a_priority(setup: Setup) {
    let results = Collect::new();
    let builder = setup.builder().capacity(1).paused();
    let pool: Pool<u8> = builder.sink(results.clone()).build().unwrap();
    let here = SubmitOptions::new().priority(Priority::LOW).when_full(WhenFull::RunHere);
    let first = pool.with(here).execute(|| 0).unwrap().as_u64();
    assert_eq!(pool.with(here).execute(|| 1).unwrap().as_u64(), first + 1);
    assert_eq!(pool.with(here).spawn(|| 2).unwrap().join().unwrap(), 2);
    let done = results.take().remove(0);
    assert_eq!((done.id.as_u64(), done.worker, done.outcome.unwrap()), (first + 1, None, 1));
    assert_eq!(balanced(&pool).done, 3);
}

fn a_closed_pool_refuses_the_urgent_too(setup: Setup) {
    let pool = setup.pool();
    pool.close();
    let urgent = pool.with(Priority::MAX);
    assert!(urgent.execute(|| ()).unwrap_err().is_closed());
    assert_eq!(urgent.spawn(|| 5).err().unwrap().into_inner()(), 5);
    let (read, rest) = urgent.execute_batch([|| (), || ()]).unwrap_err().into_inner();
    assert_eq!(read.len() + rest.count(), 2);
    assert_eq!(balanced(&pool).accepted, 0);
}

/// Each worker runs a job that submits its successor, urgently, until a job of low priority has run.
fn a_low_job_starts_though_urgent_ones_feed_themselves(setup: Setup) {
    fn feed(pool: &Handle, over: &Arc<AtomicBool>) {
        if !over.load(Ordering::SeqCst) {
            let (handle, over) = (pool.clone(), Arc::clone(over));
            pool.with(Priority::HIGH).execute(move || feed(&handle, &over)).unwrap();
        }
    }
    let (pool, over) = (setup.pool(), Arc::new(AtomicBool::new(false)));
    for _ in 0..2 * setup.threads {
        feed(&pool, &over);
    }
    let ends = Arc::clone(&over);
    let low = pool.with(Priority::MIN).spawn(move || ends.store(true, Ordering::SeqCst)).unwrap();
    low.join().unwrap();
    balanced(&pool);
}

fn a_running_job_is_not_interrupted(setup: Setup) {
    let setup = setup.with_threads(1);
    let (pool, free, ran) = (setup.pool(), Gate::default(), Tally::default());
    let low = occupy(&pool, 1, &free);
    let count = ran.clone();
    let urgent = pool.with(Priority::MAX).spawn(move || count.add()).unwrap();
    assert!(!urgent.is_finished() && !low[0].is_finished() && ran.get() == 0);
    free.open();
    urgent.join().unwrap();
    assert_eq!(balanced(&pool).done, 2);
}

/// It does not wait behind what is more urgent than that, even where the queue is strict.
fn a_job_that_waits_runs_what_is_less_urgent(setup: Setup) {
    let setup = setup.with_threads(1);
    let pool: Pool = match setup.backend {
        Backend::Priority => {
            setup.builder().queue(AnyQueue::Priority(PriorityQueue::strict())).build().unwrap()
        }
        _ => setup.pool(),
    };
    let (handle, ran) = (pool.handle(), Tally::default());
    let count = ran.clone();
    let waits = pool.with(Priority::HIGH).spawn(move || {
        let low = handle.with(Priority::MIN).spawn(|| 3).unwrap();
        for _ in 0..10 {
            let count = count.clone();
            handle.with(Priority::MAX).execute(move || count.add()).unwrap();
        }
        (low.join().unwrap(), count.get())
    });
    assert_eq!(waits.unwrap().join().unwrap(), (3, 0));
    assert_eq!((balanced(&pool).done, ran.get()), (12, 10));
}

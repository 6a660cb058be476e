//! The calls of a pool within a run, with 1, 2 and 8 workers, bounded and not.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use drainpool::LanesExt;
use pool_core::{
    Job, JobError, JobSet, Pool, Task, ThreadPoolBuilder, WaitError, with_worker_state,
};
use pool_deterministic::{Run, SeededBackend, SeededQueue, check, yield_now};

type TestPool = Pool<Task, (), SeededQueue<Job<Task>>>;

/// Calls this with a run's pools of each kind.
fn with_pools(seeds: u64, test: impl Fn(&Run, TestPool) + Send + Sync + 'static) {
    let sizes = [1, 2, 8];
    check(0..seeds, move |run| {
        let builder = run.builder().num_threads(sizes[run.draw(3)]);
        let builder = if run.draw(2) == 0 { builder } else { builder.capacity(1 + run.draw(3)) };
        test(run, builder.build().unwrap());
    });
}

#[test]
fn handles_are_joined() {
    with_pools(60, |_, pool| {
        let jobs: Vec<_> = (0..10).map(|n| pool.spawn(move || n).unwrap()).collect();
        let results: Vec<_> = jobs.into_iter().map(|job| job.join().unwrap()).collect();
        assert_eq!(results, Vec::from_iter(0..10));
        assert!(matches!(
            pool.spawn(|| panic!("on purpose")).unwrap().join(),
            Err(JobError::Panicked(_))
        ));
    });
}

#[test]
fn jobs_wait_for_jobs() {
    with_pools(60, |_, pool| {
        let handle = pool.handle();
        let outer = pool.spawn(move || {
            let inner: Vec<_> = (0..4).map(|n| handle.spawn(move || n).unwrap()).collect();
            inner.into_iter().map(|job| job.join().unwrap()).sum::<u32>()
        });
        assert_eq!(outer.unwrap().join().unwrap(), 6);
    });
}

#[test]
fn borrowed_work_is_done() {
    with_pools(60, |_, pool| {
        let sum = AtomicUsize::new(0);
        pool.scope(|scope| {
            for n in 0..10 {
                let sum = &sum;
                scope.spawn(move || {
                    sum.fetch_add(n, Relaxed);
                });
            }
        });
        assert_eq!(sum.load(Relaxed), 45);
        let (left, (middle, right)) = pool.join(|| 1, || pool.join(|| 2, || 3));
        assert_eq!(left + middle + right, 6);
        assert_eq!(pool.install(|| pool.join(|| 4, || 5)).unwrap(), (4, 5));
        let mut numbers = [1, 2, 3, 4];
        pool.for_each(&mut numbers, |n| *n *= 2);
        assert_eq!(numbers, [2, 4, 6, 8]);
    });
}

#[test]
fn maps_and_sets() {
    with_pools(60, |_, pool| {
        let squares: Result<Vec<u32>, _> = pool.map(0..6, |n| n * n).buffer(3).collect();
        assert_eq!(squares.unwrap(), [0, 1, 4, 9, 16, 25]);
        let jobs: JobSet<u32> = (0..5).map(|n| pool.spawn(move || n).unwrap()).collect();
        let results: u32 = jobs.join_all().into_iter().map(Result::unwrap).sum();
        assert_eq!(results, 10);
    });
}

#[test]
fn the_end_in_each_way() {
    with_pools(60, |run, pool| {
        let ran = Arc::new(AtomicUsize::new(0));
        let handle = pool.handle();
        for _ in 0..6 {
            let (ran, handle) = (Arc::clone(&ran), handle.clone());
            let job = move || {
                ran.fetch_add(1, Relaxed);
                handle
                    .execute(move || {
                        ran.fetch_add(1, Relaxed);
                    })
                    .unwrap();
            };
            pool.execute(job).unwrap();
        }
        match run.draw(4) {
            0 => drop(pool),
            1 => assert!(pool.shutdown().is_complete()),
            2 => {
                let report = run.block_on(pool.shutdown_async());
                assert_eq!(report.done, 12);
            }
            _ => {
                let left = pool.shutdown_now();
                assert!(ran.load(Relaxed) + left.len() <= 12);
                return;
            }
        }
        assert_eq!(ran.load(Relaxed), 12);
    });
}

#[test]
fn pause_cancel_and_refusals() {
    with_pools(60, |_, pool| {
        pool.pause();
        let job = pool.spawn(|| ()).unwrap();
        // A worker that was about to take a job when the pool was paused may take this one.
        let cancelled = job.cancel();
        pool.resume();
        assert_eq!(matches!(job.join(), Err(JobError::Cancelled)), cancelled);
        assert_eq!(pool.wait_idle(), Ok(()));
        let handle = pool.handle();
        let inside = pool.spawn(move || handle.wait_idle()).unwrap();
        assert_eq!(inside.join().unwrap(), Err(WaitError::InsideJob));
        pool.close();
        assert!(pool.execute(|| ()).unwrap_err().is_closed());
    });
}

#[test]
fn each_worker_has_its_handler_and_its_state() {
    check(0..60, |run| {
        let (results, received) = mpsc::channel();
        let builder: ThreadPoolBuilder<SeededBackend, _> =
            run.builder().num_threads(3).sink(results);
        let builder = builder.worker_state(|worker| worker);
        let pool = builder.build_with(|worker| {
            let index = worker.index();
            let mut seen = 0;
            move |job: u32| {
                seen += 1;
                assert_eq!(with_worker_state(|state: &usize| *state), Some(index));
                (job, index, seen)
            }
        });
        let pool = pool.unwrap();
        pool.submit_batch(0..12).unwrap();
        pool.shutdown();
        let mut seen = [0; 3];
        for done in received {
            let (_, worker, count) = done.outcome.unwrap();
            seen[worker] = seen[worker].max(count);
        }
        assert_eq!(seen.iter().sum::<u32>(), 12);
    });
}

#[test]
fn sizes_change_and_jobs_block() {
    check(0..60, |run| {
        let pool = run.builder().num_threads(1).max_threads(3).build().unwrap();
        let handle = pool.handle();
        let (sender, received) = mpsc::channel();
        let clock = run.clock();
        let blocked = pool.spawn(move || {
            handle.blocking(|| {
                while received.try_recv().is_err() {
                    clock.sleep(std::time::Duration::from_secs(1));
                }
            });
        });
        let blocked = blocked.unwrap();
        pool.spawn(move || sender.send(()).unwrap()).unwrap().join().unwrap();
        blocked.join().unwrap();
        pool.set_num_threads(3).unwrap();
        pool.execute_batch((0..10).map(|_| || ())).unwrap();
        pool.set_num_threads(1).unwrap();
        assert!(pool.shutdown().is_complete());
    });
}

#[test]
fn two_pools_of_one_run() {
    with_pools(40, |run, first| {
        let second = run.builder().num_threads(2).build().unwrap();
        let handle = second.handle();
        let jobs: Vec<_> = (0..5)
            .map(|n| {
                let handle = handle.clone();
                first.spawn(move || handle.spawn(move || n).unwrap().join().unwrap()).unwrap()
            })
            .collect();
        let sum: u32 = jobs.into_iter().map(|job| job.join().unwrap()).sum();
        assert_eq!(sum, 10);
    });
}

#[test]
fn a_lane_keeps_its_order_under_every_seed() {
    with_pools(40, |_, pool| {
        let lane = pool.lane(1);
        let order = Arc::new(Mutex::new(Vec::new()));
        for n in 0..6 {
            let order = Arc::clone(&order);
            lane.execute(move || {
                yield_now();
                order.lock().unwrap().push(n);
            })
            .unwrap();
            pool.execute(yield_now).unwrap();
        }
        pool.wait_idle().unwrap();
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
    });
}

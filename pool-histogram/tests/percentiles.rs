//! The percentiles of a pool agree with its clock and its books.

use std::time::Duration;

use drainpool::{Backend, Distribution, Histograms, ManualClock, ThreadPoolBuilder, WhenFull};

#[test]
fn percentiles_are_those_of_the_clock() {
    let clock = ManualClock::new();
    let times = Histograms::with_clock(clock.clone());
    let pool =
        ThreadPoolBuilder::new().num_threads(1).observer(times.clone()).paused().build().unwrap();
    // Each runs for 10 ms, and so the nth waits for n times that.
    for _ in 0..10 {
        let clock = clock.clone();
        pool.execute(move || clock.advance(Duration::from_millis(10))).unwrap();
    }
    let cancelled = pool.spawn(|| ()).unwrap();
    clock.advance(Duration::from_millis(1_000));
    assert!(cancelled.cancel());
    pool.resume();
    pool.shutdown();
    let now = times.snapshot();
    let is = |time: Option<Duration>, millis: u64| {
        let exact = Duration::from_millis(millis);
        let time = time.unwrap();
        assert!(time.abs_diff(exact) <= exact / 1_000, "{time:?}, not {exact:?}");
    };
    assert_eq!((now.run.count(), now.wait.count()), (10, 11));
    is(now.run.percentile(0.0), 10);
    is(now.run.percentile(100.0), 10);
    is(now.wait.percentile(0.0), 1_000);
    is(now.wait.max(), 1_090);
    is(now.run.mean(), 10);
    assert!(now.wait.percentile(f64::NAN).is_some());
}

#[test]
fn counts_agree_with_the_report() {
    for backend in Backend::available() {
        for threads in [1, 2, 8] {
            let times = Histograms::new();
            let pool = ThreadPoolBuilder::new()
                .backend(*backend)
                .num_threads(threads)
                .capacity(5)
                .observer(times.clone())
                .build()
                .unwrap();
            pool.pause();
            let tries = (0..20).map(|_| pool.with(WhenFull::Fail).execute(|| ()));
            let refused = tries.filter(|submitted| submitted.is_err()).count() as u64;
            pool.resume();
            pool.spawn_batch((0..50).map(|n| move || n)).unwrap().into_iter().for_each(|job| {
                job.join().unwrap();
            });
            let report = pool.shutdown();
            let now = times.snapshot();
            assert_eq!((now.run.count(), now.wait.count()), (report.done, report.accepted));
            assert_eq!(now.refused, refused);
        }
    }
}

#[test]
fn times_beyond_the_bounds_count_as_those() {
    let mut times = Distribution::default();
    times.record(Duration::ZERO);
    times.record(Duration::MAX);
    assert_eq!(times.count(), 2);
    assert!(times.max().unwrap() >= Duration::from_secs(3_600));
    let mut other = Distribution::default();
    other.merge(&Distribution::default());
    assert_eq!((other.count(), other.mean()), (0, None));
    other.merge(&times);
    assert_eq!(other.count(), 2);
}

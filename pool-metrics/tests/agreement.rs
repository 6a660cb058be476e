//! What is recorded agrees with the books of the pool.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use drainpool::{
    Backend, ManualClock, Metrics, ShutdownReport, SubmitOptions, ThreadPoolBuilder, WhenFull,
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

/// The values of all metrics, by name and labels without that of the pool.
fn values(snapshots: &Snapshotter) -> HashMap<String, DebugValue> {
    let of = |key: &metrics::Key| {
        let labels = key.labels().filter(|label| label.key() != "pool");
        labels.fold(key.name().to_owned(), |name, label| format!("{name} {}", label.value()))
    };
    let all = snapshots.snapshot().into_vec();
    all.into_iter().map(|(key, _, _, value)| (of(key.key()), value)).collect()
}

fn counter(values: &HashMap<String, DebugValue>, name: &str) -> u64 {
    match values.get(name) {
        Some(DebugValue::Counter(value)) => *value,
        None => 0,
        other => panic!("{name}: {other:?}"),
    }
}

fn gauge(values: &HashMap<String, DebugValue>, name: &str) -> f64 {
    match values.get(name) {
        Some(DebugValue::Gauge(value)) => value.0,
        other => panic!("{name}: {other:?}"),
    }
}

fn histogram(values: &HashMap<String, DebugValue>, name: &str) -> Vec<f64> {
    match values.get(name) {
        Some(DebugValue::Histogram(values)) => values.iter().map(|value| value.0).collect(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn the_metrics_agree_with_the_report() {
    for backend in Backend::available() {
        for threads in [1, 2, 8] {
            let recorder = DebuggingRecorder::new();
            let snapshots = recorder.snapshotter();
            let metrics = Metrics::with_recorder("tests", Arc::new(recorder));
            let pool = ThreadPoolBuilder::new()
                .backend(*backend)
                .num_threads(threads)
                .capacity(50)
                .observer(metrics)
                .build()
                .unwrap();
            pool.pause();
            let labelled = pool.with(SubmitOptions::new().label("kind"));
            let cancelled = labelled.spawn(|| ()).unwrap();
            cancelled.cancel();
            (0..20).for_each(|_| drop(labelled.spawn(|| ()).unwrap()));
            (0..10).for_each(|n| {
                pool.execute(move || assert!(n % 5 != 0, "on purpose")).unwrap();
            });
            drop(pool.admit(SubmitOptions::new()).unwrap());
            let tries: Vec<_> = (0..30).map(|_| pool.with(WhenFull::Fail).execute(|| ())).collect();
            let refused = tries.iter().filter(|submitted| submitted.is_err()).count() as u64;
            pool.resume();
            let report = pool.shutdown();
            assert!(pool.execute(|| ()).is_err());
            check(&values(&snapshots), &report, refused);
        }
    }
}

fn check(values: &HashMap<String, DebugValue>, report: &ShutdownReport, refused: u64) {
    let count = |name: &str| counter(values, &format!("drainpool_{name}"));
    let both = |name: &str, outcome: &str| {
        count(&format!("{name} none{outcome}")) + count(&format!("{name} kind{outcome}"))
    };
    let submitted = both("jobs_submitted_total", "");
    assert_eq!(count("jobs_withdrawn_total"), 1);
    assert_eq!(submitted - 1, report.accepted);
    let ended = ["done", "panicked", "cancelled", "expired", "returned"];
    let ended = ended.map(|outcome| both("jobs_ended_total", &format!(" {outcome}")));
    let ShutdownReport { done, panicked, cancelled, expired, returned, .. } = *report;
    assert_eq!(ended, [done, panicked, cancelled, expired, returned]);
    assert_eq!(count("jobs_refused_total full"), refused);
    assert_eq!(count("jobs_refused_total closed"), 1);
    // Those that left in their sleep sleep no more.
    for name in ["jobs_queued", "jobs_running", "workers", "workers_asleep"] {
        assert_eq!(gauge(values, &format!("drainpool_{name}")), 0.0, "{name}");
    }
    let times = |name: &str, label| histogram(values, &format!("drainpool_{name} {label}")).len();
    for name in ["job_wait_seconds", "job_run_seconds"] {
        let all = times(name, "kind") + times(name, "none");
        assert_eq!(all as u64, done + panicked, "{name}");
    }
}

#[test]
fn waits_and_runs_are_measured_by_the_clock() {
    let (recorder, clock) = (DebuggingRecorder::new(), ManualClock::new());
    let snapshots = recorder.snapshotter();
    let metrics = Metrics::with_recorder("tests", Arc::new(recorder)).clock(clock.clone());
    let pool = ThreadPoolBuilder::new().num_threads(1).observer(metrics).paused().build().unwrap();
    let runs = clock.clone();
    pool.execute(move || runs.advance(Duration::from_secs(5))).unwrap();
    clock.advance(Duration::from_secs(2));
    pool.resume();
    pool.shutdown();
    let values = values(&snapshots);
    assert_eq!(histogram(&values, "drainpool_job_wait_seconds none"), [2.0]);
    assert_eq!(histogram(&values, "drainpool_job_run_seconds none"), [5.0]);
}

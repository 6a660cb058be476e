//! What is in the file: well formed, nested, and one slice for each job that ran.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use drainpool::{Backend, ManualClock, SubmitOptions, ThreadPoolBuilder, Timeline, WhenFull};
use serde_json::Value;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn events(&self) -> Vec<Value> {
        serde_json::from_slice(&self.0.lock().unwrap()).expect("it is an array")
    }
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_default()
}

/// Checks that on each track each slice ends, the inner ones first, and that time does not go back.
fn check_nesting(events: &[Value]) {
    let mut tracks: HashMap<u64, (Vec<String>, f64)> = HashMap::new();
    for event in events.iter().filter(|event| text(event, "ph") != "M") {
        let (open, last) = tracks.entry(event["tid"].as_u64().unwrap()).or_default();
        let now = event["ts"].as_f64().unwrap();
        assert!(now >= *last, "{event}: after {last}");
        *last = now;
        match text(event, "ph") {
            "B" => open.push(text(event, "name").to_owned()),
            "E" => assert_eq!(open.pop().as_deref(), Some(text(event, "name")), "{event}"),
            "s" | "f" => assert!(!open.is_empty(), "{event} lies in no slice"),
            _ => {}
        }
    }
    assert!(tracks.values().all(|(open, _)| open.is_empty()), "{tracks:?}");
}

fn count(events: &[Value], phase: &str, name: &str) -> u64 {
    let is = |event: &&Value| text(event, "ph") == phase && text(event, "name") == name;
    events.iter().filter(is).count() as u64
}

#[test]
fn the_file_agrees_with_the_report() {
    for backend in Backend::available() {
        for threads in [1, 2, 8] {
            let file = Shared::default();
            let timeline = Timeline::new(file.clone()).unwrap();
            let pool = ThreadPoolBuilder::new()
                .backend(*backend)
                .num_threads(threads)
                .capacity(10)
                .observer(timeline.clone())
                .build()
                .unwrap();
            let handle = pool.handle();
            let outer = pool.with(SubmitOptions::new().label("outer \"\\\u{1}\u{e4}"));
            outer
                .spawn(move || {
                    let inner = handle.with(SubmitOptions::new().label("inner"));
                    let jobs: Vec<_> = (0..5).map(|_| inner.spawn(|| ()).unwrap()).collect();
                    jobs.into_iter().for_each(|job| job.join().unwrap());
                })
                .unwrap()
                .join()
                .unwrap();
            pool.pause();
            let cancelled = pool.spawn(|| ()).unwrap();
            cancelled.cancel();
            let here = pool.with(WhenFull::RunHere);
            (0..30).for_each(|n| drop(here.execute(move || assert!(n % 7 != 0, "on purpose"))));
            pool.resume();
            let report = pool.shutdown();
            assert!(pool.execute(|| ()).is_err());
            timeline.finish().unwrap();
            timeline.finish().unwrap();
            let events = file.events();
            check_nesting(&events);
            let ran =
                ["outer \"\\\u{1}\u{e4}", "inner", "job"].map(|name| count(&events, "B", name));
            assert_eq!(ran[..2], [1, 5]);
            assert_eq!(ran.iter().sum::<u64>(), report.done + report.panicked);
            assert_eq!(count(&events, "s", "submitted"), report.accepted);
            assert_eq!(count(&events, "f", "submitted"), report.done + report.panicked);
            assert_eq!((count(&events, "i", "cancelled"), count(&events, "i", "refused")), (1, 1));
            assert_eq!(count(&events, "i", "came"), threads as u64);
            assert_eq!(count(&events, "B", "asleep"), count(&events, "E", "asleep"));
        }
    }
}

#[test]
fn times_are_those_of_the_clock_in_microseconds() {
    let (file, clock) = (Shared::default(), ManualClock::new());
    let timeline = Timeline::with_clock(file.clone(), clock.clone()).unwrap();
    let pool = ThreadPoolBuilder::new()
        .num_threads(1)
        .paused()
        .observer(timeline.clone())
        .build()
        .unwrap();
    clock.advance(Duration::from_millis(1));
    let runs = clock.clone();
    pool.execute(move || runs.advance(Duration::from_millis(3))).unwrap();
    clock.advance(Duration::from_millis(2));
    pool.resume();
    pool.shutdown();
    drop((timeline, pool));
    let events = file.events();
    let at = |phase, name| {
        let is = |event: &&Value| text(event, "ph") == phase && text(event, "name") == name;
        events.iter().find(is).and_then(|event| event["ts"].as_f64())
    };
    assert_eq!(at("B", "submit"), Some(1_000.0));
    assert_eq!((at("B", "job"), at("E", "job")), (Some(3_000.0), Some(6_000.0)));
    let names: Vec<_> = events
        .iter()
        .filter(|event| text(event, "name") == "thread_name")
        .map(|event| event["args"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.contains(&"pool-worker-0".to_owned()), "{names:?}");
    assert_eq!(names.len(), 2, "{names:?}");
}

/// Takes this many bytes, and then no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_is_full_is_told_at_the_end_and_hurts_no_job() {
    let timeline = Timeline::new(Full(10_000)).unwrap();
    let pool = ThreadPoolBuilder::new().num_threads(2).observer(timeline.clone()).build().unwrap();
    pool.execute_batch((0..2_000).map(|_| || ())).unwrap();
    assert_eq!(pool.shutdown().done, 2_000);
    assert_eq!(timeline.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(timeline.finish().is_ok());
}

/// Panics at each call, and at its drop.
struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        panic!("on purpose");
    }

    fn flush(&mut self) -> io::Result<()> {
        panic!("on purpose");
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        panic!("on purpose");
    }
}

#[test]
fn a_writer_that_panics_is_an_error() {
    let timeline = Timeline::new(Broken).unwrap();
    let pool = ThreadPoolBuilder::new().num_threads(1).observer(timeline.clone()).build().unwrap();
    // More than the buffer holds.
    for _ in 0..1_000 {
        pool.execute(|| ()).unwrap();
    }
    assert_eq!(pool.shutdown().done, 1_000);
    assert!(timeline.finish().unwrap_err().to_string().contains("panicked"));
    drop(pool);
    drop(timeline);
    // Nor does one that was never written to panic where it is dropped.
    drop(Timeline::new(Broken));
}

//! What the view draws, on a terminal that is a buffer.

use std::time::Duration;

use drainpool::{ManualClock, Sample, SubmitOptions, ThreadPoolBuilder, View, WhenFull};
use pool_conformance::{Latch, within_patience};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn drawn(view: &mut View, sample: &Sample, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(72, height)).unwrap();
    terminal.draw(|frame| view.draw(frame, sample)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn the_jobs_that_run_and_the_counts() {
    within_patience(|| {
        let clock = ManualClock::new();
        let builder = ThreadPoolBuilder::new().num_threads(2).clock(clock.clone()).track_jobs();
        let pool = builder.thread_name(|n| format!("shrinker {n}")).capacity(1).build().unwrap();
        let go = Latch::default();
        for label in ["thumbnail", "poster"] {
            let (begun, waits) = (Latch::default(), go.clone());
            let begins = begun.clone();
            let job = move || {
                begins.open();
                waits.wait();
            };
            pool.with(SubmitOptions::new().label(label)).execute(job).unwrap();
            begun.wait();
            clock.advance(Duration::from_secs(75));
        }
        pool.execute(|| panic!("on purpose")).unwrap();
        assert!(pool.with(WhenFull::Fail).execute(|| ()).is_err());
        let mut view = View::new("posters");
        let mut sample = Sample::of(&pool);
        let seen = drawn(&mut view, &sample, 14);
        for text in ["posters", "3 accepted, 1 waiting, 2 running, 0 done", "threads: 2, 0 idle"] {
            assert!(seen.contains(text), "{text}: {seen}");
        }
        let lines: Vec<_> = seen.lines().filter(|line| line.contains("shrinker")).collect();
        assert!(lines[0].contains("thumbnail") && lines[0].contains("2 m 30 s"), "{seen}");
        assert!(lines[1].contains("poster") && lines[1].contains("1 m 15 s"), "{seen}");
        // In a window that is too small, some are left out, and that is said.
        assert!(drawn(&mut view, &sample, 12).contains("and 1 more"));
        drawn(&mut view, &sample, 1);

        go.open();
        pool.wait_idle().unwrap();
        let later = Sample::of(&pool);
        sample.stats = later.stats;
        sample.running = later.running;
        sample.at += Duration::from_secs(1);
        let seen = drawn(&mut view, &sample, 14);
        for text in ["2 done, 1 panicked", "3 jobs a second", "threads: 2, 2 idle"] {
            assert!(seen.contains(text), "{text}: {seen}");
        }
        assert!(!seen.contains("shrinker"), "{seen}");
    });
}

#[test]
fn a_pool_that_does_not_track_its_jobs() {
    within_patience(|| {
        let pool = drainpool::ThreadPool::new(1).unwrap();
        let (begun, go) = (Latch::default(), Latch::default());
        let (begins, waits) = (begun.clone(), go.clone());
        let job = pool.spawn(move || {
            begins.open();
            waits.wait();
        });
        begun.wait();
        let seen = drawn(&mut View::new("pool"), &Sample::of(&pool), 14);
        assert!(seen.contains("track_jobs"), "{seen}");
        go.open();
        job.unwrap().join().unwrap();
        pool.shutdown();
    });
}

//! Keys that are over take no memory. Alone in its program, for the allocator's count.
#![cfg(not(shuttle))]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use drainpool::{JobContext, LanesExt};
use peak_alloc::PeakAlloc;
use pool_conformance::{Latch, within_patience};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const KEYS: u64 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
/// The keys whose jobs are pending at a time.
const AT_ONCE: u64 = 1_000;
/// What may come and go by itself: the pool's chunks, the hash map.
const SLACK: usize = 512 * 1024;

#[test]
fn a_million_keys_leave_nothing() {
    pool_conformance::set_patience(std::time::Duration::from_secs(300));
    within_patience(|| {
        for backend in drainpool::Backend::available() {
            let pool = drainpool::ThreadPoolBuilder::new().backend(*backend).num_threads(2);
            let pool = pool.build().unwrap();
            let lanes = pool.lanes::<u64>();
            let round = |from: u64| {
                for key in from..from + AT_ONCE {
                    lanes.lane(&key).execute(|| ()).unwrap();
                }
                pool.wait_idle().unwrap();
                assert!(lanes.is_empty());
            };
            round(0);
            let before = ALLOCATED.current_usage();
            ALLOCATED.reset_peak_usage();
            (0..KEYS / AT_ONCE).for_each(|nth| round(nth * AT_ONCE));
            let after = ALLOCATED.current_usage();
            let peak = ALLOCATED.peak_usage() - before;
            println!("{backend}: {before} bytes before, {after} after {KEYS} keys, peak +{peak}");
            assert!(after < before + SLACK / 8, "{backend}: from {before} to {after}");
            assert!(peak < SLACK + AT_ONCE as usize * 1_024, "{backend}: +{peak}");
        }
        a_burst_of_keys_gives_its_memory_back();
        captures_that_panic_leave_nothing();
    });
}

/// A context that is never there.
struct Missing;

impl JobContext for Missing {
    fn capture() -> Self {
        // Not `panic!`, whose hook prints.
        resume_unwind(Box::new(()))
    }

    fn enter(self) -> impl Sized {}
}

fn captures_that_panic_leave_nothing() {
    let pool = drainpool::ThreadPoolBuilder::new().context::<Missing>().build().unwrap();
    let lane = pool.lane(1);
    let submit = || {
        assert!(catch_unwind(AssertUnwindSafe(|| lane.execute(|| ()))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| lane.spawn(|| ()))).is_err());
    };
    submit();
    let before = ALLOCATED.current_usage();
    (0..20_000).for_each(|_| submit());
    let after = ALLOCATED.current_usage();
    assert!(after < before + SLACK / 8, "from {before} to {after}");
    assert!(lane.is_empty());
    assert_eq!(pool.shutdown().accepted, 0);
}

/// All keys at the same time.
fn a_burst_of_keys_gives_its_memory_back() {
    let pool = drainpool::ThreadPool::<()>::new(2).unwrap();
    let lanes = pool.lanes::<u64>();
    lanes.lane(&0).spawn(|| ()).unwrap().join().unwrap();
    pool.wait_idle().unwrap();
    let before = ALLOCATED.current_usage();
    let go = Arc::new(Latch::default());
    let all = pool.lane(1);
    all.execute({
        let go = go.clone();
        move || go.wait()
    })
    .unwrap();
    for key in 0..KEYS / 10 {
        lanes.lane(&key).execute(|| ()).unwrap();
        all.execute(|| ()).unwrap();
    }
    let during = ALLOCATED.current_usage();
    go.open();
    pool.wait_idle().unwrap();
    let after = ALLOCATED.current_usage();
    println!("burst: {before} bytes before, {during} during, {after} after");
    assert!(after < before + SLACK, "from {before} over {during} to {after}");
}

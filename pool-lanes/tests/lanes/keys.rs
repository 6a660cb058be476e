//! Lanes by key.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use drainpool::LanesExt;

use crate::setup::{Latch, Setup, balanced};

on_every_backend! {
    each_key_keeps_its_order
    keys_run_at_the_same_time
    no_key_exceeds_its_limit
    a_lane_goes_with_its_last_job
    a_lane_that_is_held_stays
}

fn each_key_keeps_its_order(setup: Setup) {
    const KEYS: usize = 2_000;
    let pool = setup.pool();
    let lanes = pool.lanes::<String>();
    let log = Arc::new(Mutex::new(HashMap::<usize, Vec<usize>>::new()));
    for n in 0..3 * KEYS {
        let (key, log) = (n % KEYS, log.clone());
        let lane = lanes.lane(&format!("key {key}"));
        lane.execute(move || log.lock().unwrap().entry(key).or_default().push(n)).unwrap();
    }
    assert_eq!(balanced(&pool).done, 3 * KEYS as u64);
    let log = log.lock().unwrap();
    assert_eq!(log.len(), KEYS);
    assert!(log.values().all(|of_key| of_key.len() == 3 && of_key.is_sorted()));
    assert!(lanes.is_empty());
}

fn keys_run_at_the_same_time(setup: Setup) {
    let pool = setup.pool();
    let lanes = pool.lanes::<usize>();
    let all = Arc::new(std::sync::Barrier::new(setup.threads));
    for key in 0..setup.threads {
        let all = all.clone();
        let job = move || {
            all.wait();
        };
        lanes.lane(&key).execute(job).unwrap();
    }
    balanced(&pool);
}

fn no_key_exceeds_its_limit(setup: Setup) {
    let pool = setup.pool();
    let lanes = pool.lanes::<str>().with_limit(2);
    assert_eq!(lanes.limit(), 2);
    let running = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    thread::scope(|scope| {
        for _ in 0..4 {
            let (lanes, running) = (lanes.clone(), &running);
            scope.spawn(move || {
                for n in 0..100 {
                    let (key, running) = (n % 2, running.clone());
                    let submitted = lanes.lane(["even", "odd"][key]).execute(move || {
                        assert!(running[key].fetch_add(1, Ordering::SeqCst) < 2);
                        thread::yield_now();
                        running[key].fetch_sub(1, Ordering::SeqCst);
                    });
                    submitted.unwrap();
                }
            });
        }
    });
    assert_eq!(balanced(&pool).done, 400);
}

fn a_lane_goes_with_its_last_job(setup: Setup) {
    let pool = setup.pool();
    let (lanes, go) = (pool.lanes::<u32>(), Arc::new(Latch::default()));
    let first = lanes.lane(&1).spawn({
        let go = go.clone();
        move || go.wait()
    });
    assert_eq!((lanes.len(), lanes.lane(&1).len()), (1, 1));
    let second = lanes.lane(&1).spawn(|| ()).unwrap();
    assert_eq!((lanes.len(), lanes.lane(&1).len()), (1, 2));
    go.open();
    first.unwrap().join().unwrap();
    second.join().unwrap();
    pool.wait_idle().unwrap();
    assert!(lanes.is_empty());
    balanced(&pool);
}

fn a_lane_that_is_held_stays(setup: Setup) {
    let pool = setup.pool();
    let lanes = pool.lanes::<u32>();
    let held = lanes.lane(&1);
    held.spawn(|| ()).unwrap().join().unwrap();
    pool.wait_idle().unwrap();
    assert_eq!(lanes.len(), 1);
    drop(held);
    assert!(lanes.is_empty());
    balanced(&pool);
}

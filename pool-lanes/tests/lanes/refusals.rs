//! What is refused comes back (C1), and does not touch the lane.

use std::sync::Arc;
use std::time::Duration;

use drainpool::{LanesExt, WhenFull};

use crate::setup::{CAPACITY, Latch, Setup, balanced};

on_every_backend! {
    a_closed_pool_gives_closures_back
    a_full_pool_gives_closures_back
    jobs_that_wait_for_their_turn_have_places
    a_nested_job_needs_no_place
}

fn a_closed_pool_gives_closures_back(setup: Setup) {
    let pool = setup.pool();
    let lane = pool.lane(1);
    pool.close();
    let text = String::from("mine");
    let refused = lane.spawn(move || text).unwrap_err();
    assert!(refused.is_closed());
    assert_eq!(refused.into_inner()(), "mine");
    assert!(lane.execute(|| ()).unwrap_err().is_closed());
    assert!(lane.try_execute(|| ()).unwrap_err().is_closed());
    assert!(lane.is_empty());
    assert_eq!(balanced(&pool).accepted, 0);
}

fn a_full_pool_gives_closures_back(setup: Setup) {
    let Some(capacity) = setup.capacity else { return };
    let pool = setup.builder().paused().build().unwrap();
    let lane = pool.lane(1);
    for _ in 0..capacity {
        lane.execute(|| ()).unwrap();
    }
    for when in [WhenFull::Fail, WhenFull::RunHere, WhenFull::WaitFor(Duration::ZERO)] {
        assert!(lane.with(when).execute(|| ()).unwrap_err().is_full());
    }
    assert!(lane.try_execute(|| ()).unwrap_err().is_full());
    assert_eq!(lane.try_spawn(|| 7).unwrap_err().into_inner()(), 7);
    assert_eq!(lane.len(), capacity);
    pool.resume();
    pool.wait_idle().unwrap();
    lane.try_execute(|| ()).unwrap();
    assert_eq!(balanced(&pool).done, capacity as u64 + 1);
}

fn jobs_that_wait_for_their_turn_have_places(setup: Setup) {
    if setup.capacity.is_none() {
        return;
    }
    let pool = setup.pool();
    let (lane, begun, go) = (pool.lane(1), Arc::new(Latch::default()), Arc::new(Latch::default()));
    let first = lane.spawn({
        let (begun, go) = (begun.clone(), go.clone());
        move || {
            begun.open();
            go.wait();
        }
    });
    begun.wait();
    let jobs: Vec<_> = (0..CAPACITY).map(|n| lane.spawn(move || n).unwrap()).collect();
    assert!(pool.try_execute(|| ()).unwrap_err().is_full());
    // A cancelled job gives its place back.
    assert!(jobs[0].cancel());
    pool.try_execute(|| ()).unwrap();
    go.open();
    first.unwrap().join().unwrap();
    assert_eq!(balanced(&pool).done, CAPACITY as u64 + 1);
}

fn a_nested_job_needs_no_place(setup: Setup) {
    let pool = setup.pool();
    let lane = pool.lane(1);
    let own = lane.clone();
    let outer = lane.spawn(move || {
        for _ in 0..10 * CAPACITY {
            own.execute(|| ()).unwrap();
        }
    });
    outer.unwrap().join().unwrap();
    assert_eq!(balanced(&pool).done, 10 * CAPACITY as u64 + 1);
}

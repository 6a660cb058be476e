//! The order in which a job's own jobs and children run: with one worker, where there is an order.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Sender};

use drainpool::{AnyQueue, CrossbeamQueue, LocalOrder};

use crate::setup::{Backend, Handle, Pool, Setup, balanced};

on_every_backend! {
    the_queue_s_own_order
    the_oldest_first_if_one_asks_for_it
    children_of_a_scope_the_newest_first
    children_before_jobs
    jobs_in_the_order_in_which_they_are_joined
}

/// The number of jobs, and of children of each. Few enough that the queue, which now and then gives
/// the oldest of a worker's jobs its turn, does so once at most.
const JOBS: usize = 5;

/// The first is a job's number, the second its child's.
type Order = Vec<(usize, usize)>;

/// One worker, and the queue's own order for what jobs submit.
fn plain(setup: Setup) -> Pool {
    setup.with_threads(1).pool()
}

/// One worker, and the oldest first on every backend.
fn oldest_first(setup: Setup) -> Pool {
    if setup.backend != Backend::Crossbeam {
        return plain(setup);
    }
    let queue = AnyQueue::Crossbeam(CrossbeamQueue::with_order(LocalOrder::Fifo));
    setup.with_threads(1).builder().queue(queue).build().unwrap()
}

/// What a queue would do that takes the newest job, but the oldest one at this turn.
fn newest_first(children: usize, turn_of_the_oldest: usize) -> Order {
    let mut queue: VecDeque<_> = (0..JOBS).map(|job| (job, None)).collect();
    let mut order = Order::new();
    for turn in 0.. {
        let taken = if turn == turn_of_the_oldest { queue.pop_front() } else { queue.pop_back() };
        match taken {
            Some((job, None)) if children > 0 => {
                queue.extend((0..children).map(|child| (job, Some(child))));
            }
            Some((job, child)) => order.push((job, child.unwrap_or(0))),
            None => break,
        }
    }
    order
}

/// The order that the backend promises to a worker's own jobs.
fn assert_order(setup: Setup, children: usize, order: &Order) {
    if setup.backend != Backend::Crossbeam {
        return assert_eq!(*order, ascending(children));
    }
    let jobs = JOBS * (children + 1);
    assert!((0..=jobs).any(|turn| newest_first(children, turn) == *order), "{order:?}");
}

/// All jobs, or all their children, in the order in which they were submitted.
fn ascending(children: usize) -> Order {
    (0..JOBS).flat_map(|job| (0..children.max(1)).map(move |child| (job, child))).collect()
}

/// The newest first, and each with all that are its own.
fn descending(children: usize) -> Order {
    ascending(children).into_iter().rev().collect()
}

/// Has a job submit jobs in some way. The order in which they say that they run.
fn order(
    pool: &Pool,
    submit: impl FnOnce(&Handle, Sender<(usize, usize)>) + Send + 'static,
) -> Order {
    let (ran, order) = mpsc::channel();
    let handle = pool.handle();
    pool.execute(move || submit(&handle, ran)).unwrap();
    balanced(pool);
    order.iter().collect()
}

fn executes(pool: &Handle, ran: Sender<(usize, usize)>) {
    for job in 0..JOBS {
        let ran = ran.clone();
        pool.execute(move || ran.send((job, 0)).unwrap()).unwrap();
    }
}

fn spawns(pool: &Handle, ran: Sender<(usize, usize)>) {
    for job in 0..JOBS {
        let ran = ran.clone();
        drop(pool.spawn(move || ran.send((job, 0)).unwrap()).unwrap());
    }
}

fn executes_nested(pool: &Handle, ran: Sender<(usize, usize)>) {
    for job in 0..JOBS {
        let (ran, handle) = (ran.clone(), pool.clone());
        let submit = move || {
            for child in 0..JOBS {
                let ran = ran.clone();
                handle.execute(move || ran.send((job, child)).unwrap()).unwrap();
            }
        };
        pool.execute(submit).unwrap();
    }
}

fn the_queue_s_own_order(setup: Setup) {
    assert_order(setup, 0, &order(&plain(setup), executes));
    assert_order(setup, 0, &order(&plain(setup), spawns));
    assert_order(setup, JOBS, &order(&plain(setup), executes_nested));
}

fn the_oldest_first_if_one_asks_for_it(setup: Setup) {
    assert_eq!(order(&oldest_first(setup), executes), ascending(0));
    assert_eq!(order(&oldest_first(setup), spawns), ascending(0));
    assert_eq!(order(&oldest_first(setup), executes_nested), ascending(JOBS));
}

/// The children of a scope, or theirs, in the order in which they say that they run.
fn scope_order(pool: &Handle, children: usize) -> Order {
    let (ran, order) = mpsc::channel();
    pool.scope(|scope| {
        for job in 0..JOBS {
            let ran = ran.clone();
            scope.spawn(move || {
                for child in 0..children {
                    let ran = ran.clone();
                    scope.spawn(move || ran.send((job, child)).unwrap());
                }
                if children == 0 {
                    ran.send((job, 0)).unwrap();
                }
            });
        }
    });
    drop(ran);
    order.iter().collect()
}

fn children_of_a_scope_the_newest_first(setup: Setup) {
    let pool = plain(setup);
    assert_eq!(pool.install(|| scope_order(&pool, 0)).unwrap(), descending(0));
    let paused: Pool = setup.builder().paused().build().unwrap();
    assert_eq!(scope_order(&paused, 0), descending(0), "the owner runs them all");
    assert_eq!(scope_order(&paused, JOBS), descending(JOBS));
}

/// Jobs and then children of a scope, all submitted by one job: the children first, the newest first, and
/// then the jobs.
fn mixed(pool: &Pool) -> Order {
    let order = order(pool, |pool, ran| {
        executes(pool, ran.clone());
        scope_order(pool, 0).into_iter().for_each(|(job, _)| ran.send((job, 1)).unwrap());
    });
    let (children, jobs) = order.split_at(JOBS);
    assert!(children.iter().copied().eq((0..JOBS).rev().map(|job| (job, 1))), "{children:?}");
    jobs.to_vec()
}

fn children_before_jobs(setup: Setup) {
    assert_eq!(mixed(&oldest_first(setup)), ascending(0));
    assert_order(setup, 0, &mixed(&plain(setup)));
}

/// Handles are the way to another order: a job that waits for a job runs it.
fn jobs_in_the_order_in_which_they_are_joined(setup: Setup) {
    let in_this_order = |pool: &Handle, ran: Sender<(usize, usize)>| {
        let spawn = |job| {
            let ran = ran.clone();
            pool.spawn(move || ran.send((job, 0)).unwrap()).unwrap()
        };
        let jobs: Vec<_> = (0..JOBS).map(spawn).collect();
        jobs.into_iter().for_each(|job| job.join().unwrap());
    };
    assert_eq!(order(&plain(setup), in_this_order), ascending(0));
}

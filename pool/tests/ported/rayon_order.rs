//! After rayon-core's tests of the order in which jobs and children run: with one worker, where there
//! is an order.

use std::collections::VecDeque;
use std::sync::mpsc::{self, Sender};

use pool::{AnyQueue, CrossbeamQueue, LocalOrder};

use crate::setup::{Backend, Handle, Pool, Setup, balanced};

on_every_backend! {
    lifo_order
    fifo_order
    spawn_lifo_order
    spawn_fifo_order
    nested_lifo_order
    nested_fifo_order
    outside_fifo_order
    scope_lifo_order
    scope_nested_lifo_order
    scope_lifo_order_of_a_paused_pool
    scope_fifo_order
    mixed_lifo_fifo_order
    mixed_fifo_lifo_order
}

/// So many jobs, and so many children of each. Few enough that the queue, which now and then gives
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

fn lifo_order(setup: Setup) {
    assert_order(setup, 0, &order(&plain(setup), executes));
}

fn fifo_order(setup: Setup) {
    assert_eq!(order(&oldest_first(setup), executes), ascending(0));
}

fn spawn_lifo_order(setup: Setup) {
    assert_order(setup, 0, &order(&plain(setup), spawns));
}

fn spawn_fifo_order(setup: Setup) {
    assert_eq!(order(&oldest_first(setup), spawns), ascending(0));
}

fn nested_lifo_order(setup: Setup) {
    assert_order(setup, JOBS, &order(&plain(setup), executes_nested));
}

fn nested_fifo_order(setup: Setup) {
    assert_eq!(order(&oldest_first(setup), executes_nested), ascending(JOBS));
}

fn outside_fifo_order(setup: Setup) {
    let builder = setup.with_threads(1).builder();
    let pool: Pool = builder.paused().build().unwrap();
    let (ran, order) = mpsc::channel();
    let jobs = setup.room().min(40);
    for job in 0..jobs {
        let ran = ran.clone();
        pool.execute(move || ran.send(job).unwrap()).unwrap();
    }
    drop(ran);
    balanced(&pool);
    let mut order: Vec<usize> = order.iter().collect();
    if setup.backend == Backend::Crossbeam {
        // It moves jobs in batches, and a batch may be overtaken by a fair turn.
        order.sort_unstable();
    }
    assert_eq!(order, (0..jobs).collect::<Vec<_>>());
}

/// The newest child first, and each with all that are its own.
fn descending(children: usize) -> Order {
    let mut order = ascending(children);
    order.reverse();
    order
}

/// The children of a scope, in the order in which they say that they run.
fn scope_order(pool: &Handle) -> Order {
    let (ran, order) = mpsc::channel();
    pool.scope(|scope| {
        for job in 0..JOBS {
            let ran = ran.clone();
            scope.spawn(move || ran.send((job, 0)).unwrap());
        }
    });
    drop(ran);
    order.iter().collect()
}

fn scope_lifo_order(setup: Setup) {
    let pool = plain(setup);
    assert_eq!(pool.install(|| scope_order(&pool)).unwrap(), descending(0));
}

fn scope_lifo_order_of_a_paused_pool(setup: Setup) {
    let pool: Pool = setup.builder().paused().build().unwrap();
    assert_eq!(scope_order(&pool), descending(0), "the owner runs them all");
}

fn scope_nested_lifo_order(setup: Setup) {
    let pool: Pool = setup.builder().paused().build().unwrap();
    let (ran, order) = mpsc::channel();
    pool.scope(|scope| {
        for job in 0..JOBS {
            let ran = ran.clone();
            scope.spawn(move || {
                for child in 0..JOBS {
                    let ran = ran.clone();
                    scope.spawn(move || ran.send((job, child)).unwrap());
                }
            });
        }
    });
    drop(ran);
    assert_eq!(order.iter().collect::<Order>(), descending(JOBS));
}

fn scope_fifo_order(setup: Setup) {
    let in_this_order = |pool: &Handle, ran: Sender<(usize, usize)>| {
        let spawn = |job| {
            let ran = ran.clone();
            pool.spawn(move || ran.send((job, 0)).unwrap()).unwrap()
        };
        let jobs: Vec<_> = (0..JOBS).map(spawn).collect();
        // Handles are the way to another order: who waits for a job runs it.
        jobs.into_iter().for_each(|job| job.join().unwrap());
    };
    assert_eq!(order(&plain(setup), in_this_order), ascending(0));
}

/// Jobs, then children of a scope, and jobs again, all submitted by one job.
fn mixed(pool: &Handle, ran: Sender<(usize, usize)>) {
    executes(pool, ran.clone());
    let children = scope_order(pool);
    children.into_iter().for_each(|(job, _)| ran.send((job, 1)).unwrap());
}

/// The children first, the newest first, and then the jobs.
fn assert_mixed(order: &Order) -> Order {
    let (children, jobs) = order.split_at(JOBS);
    let expected: Vec<_> = descending(0).into_iter().map(|(job, _)| (job, 1)).collect();
    assert_eq!(children, expected);
    jobs.to_vec()
}

fn mixed_lifo_fifo_order(setup: Setup) {
    let order = assert_mixed(&order(&oldest_first(setup), mixed));
    assert_eq!(order, ascending(0));
}

fn mixed_fifo_lifo_order(setup: Setup) {
    let order = assert_mixed(&order(&plain(setup), mixed));
    assert_order(setup, 0, &order);
}

//! The same seed gives the same run; seeds differ.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use drainpool::Backend;
use pool_core::{Job, MakeQueue, Task, ThreadPoolBuilder, WorkQueue, current_worker};
use pool_deterministic::{Run, find_failure, replay, yield_now};

type Trace = Vec<(u32, Option<usize>)>;

/// A run of everything: jobs from outside and nested ones, handles, scopes, two clients, a bound.
fn busy_run<Q: WorkQueue<Job<Task>>>(
    run: &Run,
    trace: &Arc<Mutex<Trace>>,
    builder: ThreadPoolBuilder<impl MakeQueue<Job<Task>, Queue = Q>>,
) {
    let pool = builder.num_threads(3).capacity(4).build().unwrap();
    let note = {
        let trace = Arc::clone(trace);
        move |what| {
            let worker = current_worker().map(|worker| worker.index());
            trace.lock().unwrap().push((what, worker));
        }
    };
    let client = |first: u32| {
        let (handle, note) = (pool.handle(), note.clone());
        run.spawn_thread(move || {
            for n in first..first + 5 {
                let (nested, inner) = (handle.clone(), note.clone());
                let job = handle.spawn(move || {
                    yield_now();
                    inner(n);
                    let note = inner.clone();
                    nested.execute(move || note(100 + n)).unwrap();
                });
                if n % 2 == 0 {
                    job.unwrap().join().unwrap();
                }
            }
            handle.scope(|scope| (0..3).for_each(|_| scope.spawn(|| ())));
            note(first);
        })
        .unwrap()
    };
    let clients = [client(10), client(20)];
    for n in 0..5 {
        let note = note.clone();
        pool.execute(move || note(n)).unwrap();
    }
    for client in clients {
        client.join().unwrap();
    }
    pool.wait_idle().unwrap();
    let (left, right) = pool.join(|| 1, || 2);
    note(left + right);
    assert!(pool.shutdown().is_complete());
}

fn trace_of(seed: u64) -> Trace {
    traced(seed, |run, trace| busy_run(run, trace, run.builder()))
}

fn traced(seed: u64, body: impl Fn(&Run, &Arc<Mutex<Trace>>) + Send + Sync + 'static) -> Trace {
    let trace = Arc::new(Mutex::new(Trace::new()));
    let of_run = Arc::clone(&trace);
    replay(seed, move |run| body(run, &of_run));
    let trace = trace.lock().unwrap();
    trace.clone()
}

#[test]
fn a_run_is_a_function_of_its_seed() {
    for seed in 0..10 {
        let trace = trace_of(seed);
        assert_eq!(trace.len(), 28);
        for _ in 0..10 {
            assert_eq!(trace_of(seed), trace, "seed {seed}");
        }
    }
}

#[test]
fn so_is_one_over_every_other_queue() {
    for &backend in Backend::available() {
        let body = move |run: &Run, trace: &_| {
            busy_run(run, trace, run.adopt(ThreadPoolBuilder::with_backend(backend)));
        };
        let traces: Vec<Trace> = (0..20).map(|seed| traced(seed, body)).collect();
        for _ in 0..5 {
            let again: Vec<Trace> = (0..20).map(|seed| traced(seed, body)).collect();
            assert_eq!(again, traces, "{backend}");
        }
        let different = traces.into_iter().collect::<HashSet<_>>().len();
        assert!(different > 10, "{backend}: only {different} of 20 differ");
    }
}

#[test]
fn seeds_differ() {
    let traces: HashSet<Trace> = (0..50).map(trace_of).collect();
    assert!(traces.len() > 45, "only {} of 50 differ", traces.len());
}

#[test]
fn every_order_of_a_few_jobs_and_every_worker_occurs() {
    let orders = Arc::new(Mutex::new(HashSet::new()));
    let workers = Arc::new(Mutex::new(HashSet::new()));
    let (seen, seen_workers) = (Arc::clone(&orders), Arc::clone(&workers));
    let failure = find_failure(0..400, move |run| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let pool = run.builder().num_threads(2).build().unwrap();
        for n in 0..4 {
            let (order, workers) = (Arc::clone(&order), Arc::clone(&seen_workers));
            let job = move || {
                order.lock().unwrap().push(n);
                workers.lock().unwrap().insert((n, current_worker().unwrap().index()));
            };
            pool.execute(job).unwrap();
        }
        pool.shutdown();
        let order = order.lock().unwrap();
        seen.lock().unwrap().insert(order.clone());
    });
    assert_eq!(failure, None);
    assert_eq!(orders.lock().unwrap().len(), 24);
    assert_eq!(workers.lock().unwrap().len(), 8);
}

//! What a queue sees of the priorities of jobs, and of the calls for help of scopes and joins.
#![cfg(not(any(loom, shuttle)))]

mod support;

use std::sync::{Arc, Mutex};

use pool_core::{
    Collect, Job, JobHandle, LocalQueue, Priority, PushError, Ready, Task, ThreadPoolBuilder,
    WorkQueue,
};
use pool_std::StdQueue;

use support::within_patience;

type Entry = Job<Task>;

/// What a queue saw of an entry: whether it was a job ref, and its priority.
type Seen = (bool, Priority);

/// The standard queue, which notes what is pushed.
#[derive(Clone)]
struct Noting {
    inner: Arc<StdQueue<Entry>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

struct NotingEnd {
    inner: <StdQueue<Entry> as WorkQueue<Entry>>::Local,
    seen: Arc<Mutex<Vec<Seen>>>,
}

fn seen(job: &Entry) -> Seen {
    (job.payload().is_none(), job.priority())
}

impl WorkQueue<Entry> for Noting {
    type Local = NotingEnd;

    fn local(&self, worker: usize) -> NotingEnd {
        NotingEnd { inner: self.inner.local(worker), seen: Arc::clone(&self.seen) }
    }

    fn push(&self, job: Entry) -> Result<(), PushError<Entry>> {
        self.seen.lock().unwrap().push(seen(&job));
        self.inner.push(job)
    }

    fn len(&self) -> usize {
        self.inner.len()
    }
}

impl LocalQueue<Entry> for NotingEnd {
    fn push(&mut self, job: Entry) {
        self.seen.lock().unwrap().push(seen(&job));
        self.inner.push(job);
    }

    fn pop(&mut self) -> Option<Entry> {
        self.inner.pop()
    }

    fn steal(&mut self) -> Option<Entry> {
        self.inner.steal()
    }
}

impl Noting {
    fn new() -> Self {
        Self { inner: Arc::new(StdQueue::new()), seen: Arc::default() }
    }

    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    fn builder(&self) -> ThreadPoolBuilder<Ready<Self>> {
        ThreadPoolBuilder::with_queue(self.clone()).num_threads(1)
    }
}

const HIGH: Priority = Priority::HIGH;
const LOW: Priority = Priority::LOW;
const NORMAL: Priority = Priority::NORMAL;

#[test]
fn it_sees_payloads_closures_and_handles() {
    within_patience(|| {
        let queue = Noting::new();
        let pool = queue.builder().paused().build().unwrap();
        pool.execute(|| ()).unwrap();
        pool.with(HIGH).execute(|| ()).unwrap();
        pool.with(LOW).submit(Task::new(|| ())).unwrap();
        let handles = [pool.spawn(|| ()).unwrap(), pool.with(LOW).spawn(|| ()).unwrap()];
        let expected = [(false, NORMAL), (false, HIGH), (false, LOW), (true, NORMAL), (true, LOW)];
        assert_eq!(queue.take(), expected);
        pool.with(HIGH).execute_batch([|| (), || ()]).unwrap();
        let spawned = pool.with(LOW).spawn_batch([|| (), || ()]).unwrap();
        let expected = [(false, HIGH), (false, HIGH), (true, LOW), (true, LOW)];
        assert_eq!(queue.take(), expected);
        assert_eq!(pool.shutdown().done, 9);
        handles.into_iter().chain(spawned).try_for_each(JobHandle::join).unwrap();
    });
}

#[test]
fn it_sees_what_jobs_submit() {
    within_patience(|| {
        let queue = Noting::new();
        let pool = queue.builder().build().unwrap();
        let handle = pool.handle();
        pool.with(HIGH)
            .execute(move || {
                handle.execute(|| ()).unwrap();
                handle.with(LOW).execute(|| ()).unwrap();
                drop(handle.with(LOW).spawn(|| ()).unwrap());
                handle.with(HIGH).execute_batch([|| (), || ()]).unwrap();
            })
            .unwrap();
        assert_eq!(pool.shutdown().done, 6);
        let expected = [
            (false, HIGH),
            (false, NORMAL),
            (false, LOW),
            (true, LOW),
            (false, HIGH),
            (false, HIGH),
        ];
        assert_eq!(queue.take(), expected, "a nested job inherits nothing");
    });
}

/// Asks for help, by a scope and by a join.
fn asks_for_help(pool: &pool_core::Handle<Task, (), Noting>) {
    pool.scope(|scope| scope.spawn(|| ()));
    pool.join(|| (), || ());
}

#[test]
fn calls_for_help_have_the_priority_of_the_job_that_calls() {
    within_patience(|| {
        let queue = Noting::new();
        let pool = queue.builder().build().unwrap();
        for priority in [HIGH, NORMAL, LOW, Priority::MIN, Priority::MAX] {
            for way in ["execute", "spawn", "call"] {
                let handle = pool.handle();
                let job = move || asks_for_help(&handle);
                let with = pool.with(priority);
                match way {
                    "execute" => drop(with.execute(job).unwrap()),
                    "spawn" => with.spawn(job).unwrap().join().unwrap(),
                    _ => with.call(Task::new(job)).unwrap().join().unwrap(),
                }
                pool.wait_idle().unwrap();
                let mut all = queue.take();
                assert_eq!(all.remove(0), (way != "execute", priority), "{way}");
                assert!(!all.is_empty(), "it did not ask for help");
                assert!(all.iter().all(|seen| *seen == (true, priority)), "{way}: {all:?}");
            }
        }
    });
}

#[test]
fn calls_for_help_from_elsewhere_are_normal() {
    within_patience(|| {
        let queue = Noting::new();
        let pool = queue.builder().build().unwrap();
        pool.with(HIGH).spawn(|| ()).unwrap().join().unwrap();
        pool.wait_idle().unwrap();
        queue.take();
        asks_for_help(&pool);
        pool.install(|| asks_for_help(&pool)).unwrap();
        let all = queue.take();
        assert!(all.len() >= 3 && all.iter().all(|seen| *seen == (true, NORMAL)), "{all:?}");
    });
}

/// The id, as the queue and the sink see it, is the same as without a priority.
#[test]
fn a_queue_sees_the_ids_of_plain_submits() {
    within_patience(|| {
        let results = Collect::new();
        let pool = ThreadPoolBuilder::with_queue(pool_std::PriorityQueue::new())
            .num_threads(1)
            .paused()
            .sink(results.clone())
            .build()
            .unwrap();
        let priorities = [LOW, Priority::MIN, HIGH, NORMAL, Priority::MAX];
        let ids = priorities.map(|priority| pool.with(priority).execute(|| ()).unwrap());
        assert_eq!(ids.map(pool_core::JobId::as_u64), [0, 1, 2, 3, 4]);
        pool.shutdown();
        let ids: Vec<_> = results.take().into_iter().map(|done| done.id.as_u64()).collect();
        assert_eq!(ids, [4, 2, 3, 0, 1]);
    });
}

/// What is left for the number beside the priority would not last if each batch used up many.
#[test]
fn small_batches_of_nested_jobs_use_up_few_ids() {
    within_patience(|| {
        let pool = Noting::new().builder().build().unwrap();
        let handle = pool.handle();
        let submits = move || {
            let batches = (0..100).flat_map(|_| handle.execute_batch([|| (), || ()]).unwrap());
            batches.map(pool_core::JobId::as_u64).collect::<std::collections::BTreeSet<_>>()
        };
        let ids = pool.spawn(submits).unwrap().join().unwrap();
        assert_eq!(ids.len(), 200, "an id is given twice");
        assert_eq!(ids.last().unwrap() - ids.first().unwrap(), 199);
    });
}

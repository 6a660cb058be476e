//! Drain, then exit: whatever is submitted, from outside and by jobs, and whatever panics, the pool
//! does what a sequential model of it says.
#![cfg(not(loom))]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pool_core::{Collect, Completed, Handle, JobError, SubmitError, Task};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Queue, StdPool, Tally, builder, within_patience};

/// A job, and the jobs that it submits.
#[derive(Debug, Clone)]
struct Tree {
    /// After it has submitted its children.
    panics: bool,
    children: Vec<Tree>,
}

#[derive(Debug, Clone)]
enum Step {
    Submit(Tree),
    /// Wait until the pool is idle.
    Wait,
    Pause,
    Resume,
    Close,
    /// Shut down by a handle's `close` and the pool's `shutdown`, and go on submitting.
    Shutdown,
}

#[derive(Debug, Clone)]
struct Plan {
    threads: usize,
    /// Workers leave at once when idle, so that they come and go all the time.
    restless: bool,
    paused: bool,
    steps: Vec<Step>,
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop::bool::weighted(0.2).prop_map(|panics| Tree { panics, children: vec![] });
    leaf.prop_recursive(4, 24, 4, |inner| {
        (prop::bool::weighted(0.2), vec(inner, 0..4))
            .prop_map(|(panics, children)| Tree { panics, children })
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => tree().prop_map(Step::Submit),
        3 => Just(Step::Wait),
        2 => Just(Step::Pause),
        3 => Just(Step::Resume),
        1 => Just(Step::Close),
        1 => Just(Step::Shutdown),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    (1..=4_usize, any::<bool>(), prop::bool::weighted(0.2), vec(step(), 0..40))
        .prop_map(|(threads, restless, paused, steps)| Plan { threads, restless, paused, steps })
}

/// What a job does when it runs: submit its children, then panic or return its number.
fn job(
    tree: Tree,
    number: usize,
    handle: Handle<Task<usize>, Queue<usize>>,
    alive: Arc<()>,
) -> impl FnOnce() -> usize + Send {
    move || {
        let _captured = &alive;
        let mut next = number + 1;
        for child in tree.children {
            let size = child.size();
            handle.execute(job(child, next, handle.clone(), alive.clone())).unwrap();
            next += size;
        }
        assert!(!tree.panics, "on purpose");
        number
    }
}

impl Tree {
    fn size(&self) -> usize {
        1 + self.children.iter().map(Self::size).sum::<usize>()
    }

    /// Enters the outcomes of the jobs of this tree, which are numbered from `number` on.
    fn expect(&self, number: usize, model: &mut Model) {
        model.outcomes.insert(number, self.panics);
        let mut next = number + 1;
        for child in &self.children {
            child.expect(next, model);
            next += child.size();
        }
    }
}

/// The pool as it should be: a job that is accepted is done.
#[derive(Default)]
struct Model {
    closed: bool,
    paused: bool,
    /// Which jobs were accepted, by number, and whether they panic.
    outcomes: BTreeMap<usize, bool>,
}

impl Model {
    fn panics(&self) -> usize {
        self.outcomes.values().filter(|panics| **panics).count()
    }
}

struct Run {
    pool: StdPool<usize>,
    results: Collect<usize>,
    received: Vec<Completed<usize>>,
    model: Model,
    numbers: usize,
    alive: Arc<()>,
    threads: (Tally, Tally),
}

impl Run {
    fn new(plan: &Plan) -> Self {
        let results = Collect::new();
        let threads = (Tally::new(), Tally::new());
        let (started, stopped) = threads.clone();
        let mut builder = builder()
            .num_threads(plan.threads)
            .sink(results.clone())
            .on_thread_start(move |_| started.add())
            .on_thread_stop(move |_| stopped.add());
        if plan.restless {
            builder = builder.thread_keep_alive(Duration::ZERO);
        }
        if plan.paused {
            builder = builder.paused();
        }
        let model = Model { paused: plan.paused, ..Model::default() };
        let pool = builder.build().unwrap();
        let (received, alive) = (Vec::new(), Arc::new(()));
        Self { pool, results, received, model, numbers: 0, alive, threads }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Submit(tree) => self.submit(tree),
            Step::Wait if self.model.paused => {}
            Step::Wait => {
                self.pool.wait_idle().unwrap();
                self.check();
            }
            Step::Pause => {
                self.pool.pause();
                self.model.paused = true;
            }
            Step::Resume => {
                self.pool.resume();
                self.model.paused = false;
            }
            Step::Close => {
                self.pool.close();
                self.model.closed = true;
            }
            Step::Shutdown => self.shutdown(),
        }
    }

    fn submit(&mut self, tree: Tree) {
        let number = self.numbers;
        self.numbers += tree.size();
        let job = job(tree.clone(), number, self.pool.handle(), self.alive.clone());
        match self.pool.execute(job) {
            Ok(_) => {
                assert!(!self.model.closed, "accepted after close");
                tree.expect(number, &mut self.model);
            }
            Err(SubmitError::Closed(_)) => assert!(self.model.closed, "refused while open"),
            Err(error) => panic!("{error}"),
        }
    }

    fn shutdown(&mut self) {
        let report = self.pool.shutdown();
        self.model.closed = true;
        self.model.paused = false;
        let (all, panics) = (self.model.outcomes.len() as u64, self.model.panics() as u64);
        assert_eq!((report.accepted, report.done, report.panicked), (all, all - panics, panics));
        assert_eq!((report.unfinished, report.undelivered), (0, 0));
        assert_eq!(self.pool.stats().threads, 0);
        assert_eq!(self.threads.0.get(), self.threads.1.get(), "threads started and stopped");
        self.check();
    }

    /// At rest: every accepted job has its outcome, exactly one, and its captures are gone.
    fn check(&mut self) {
        self.received.extend(self.results.take());
        let mut outcomes = BTreeMap::new();
        let mut panics = 0;
        for done in &self.received {
            match &done.outcome {
                Ok(number) => {
                    assert!(outcomes.insert(*number, false).is_none(), "job {number} ran twice");
                }
                Err(JobError::Panicked(_)) => panics += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(panics, self.model.panics());
        let expected: BTreeMap<_, _> = self
            .model
            .outcomes
            .iter()
            .filter(|(_, panics)| !**panics)
            .map(|(n, p)| (*n, *p))
            .collect();
        assert_eq!(outcomes, expected);
        assert_eq!(Arc::strong_count(&self.alive), 1, "captures linger");
    }
}

proptest! {
    #[test]
    fn drain_then_exit(plan in plan()) {
        within_patience(move || {
            let mut run = Run::new(&plan);
            for step in plan.steps {
                run.step(step);
            }
            run.shutdown();
        });
    }
}

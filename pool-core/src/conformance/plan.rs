//! Random plans, and a sequential model that foretells how they end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::support::{Closure, Pool, Tally, builder, panic_quietly, within_patience};
use crate::{Completed, Handle, SubmitError, Task, WorkQueue};

/// A job, and the jobs that it submits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Whether the job panics, after it has submitted its children.
    pub panics: bool,
    /// The jobs that it submits.
    pub children: Vec<Tree>,
}

/// One step of a [`Plan`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Submit a job.
    Submit(Tree),
    /// Wait until the pool is idle, unless it is paused.
    Wait,
    /// Pause the pool.
    Pause,
    /// Resume the pool.
    Resume,
    /// Drop the receiver of the results.
    CloseSink,
    /// Close the pool.
    Close,
    /// Shut the pool down, and go on.
    Shutdown,
}

/// What to do with a pool, step by step. It ends with a shutdown in any case.
///
/// # Examples
///
/// Replaying a plan that a property test has printed:
///
/// ```
/// use pool_core::conformance::{Plan, Step, Tree};
/// use pool_std::StdQueue;
///
/// let plan = Plan {
///     threads: 2,
///     restless: false,
///     paused: true,
///     steps: vec![Step::Submit(Tree { panics: true, children: vec![] }), Step::Close],
/// };
/// plan.run(StdQueue::new());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How many workers the pool may have.
    pub threads: usize,
    /// Whether workers leave as soon as they are idle, so that they come and go all the time.
    pub restless: bool,
    /// Whether the pool is built paused.
    pub paused: bool,
    /// What to do.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Reads a plan from bytes, any bytes: fewer make a shorter plan, smaller ones a simpler one. So
    /// a test library that can shrink a list of bytes can shrink plans.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut bytes = bytes.iter().copied();
        let mut next = || bytes.next();
        let threads = 1 + usize::from(next().unwrap_or(0) % 4);
        let flags = next().unwrap_or(0);
        let mut steps = Vec::new();
        while let Some(kind) = next() {
            steps.push(match kind % 32 {
                0..20 => Step::Submit(Tree::read(&mut next, 4)),
                20..24 => Step::Wait,
                24..26 => Step::Pause,
                26..29 => Step::Resume,
                29 => Step::CloseSink,
                30 => Step::Close,
                _ => Step::Shutdown,
            });
        }
        Self { threads, restless: flags & 1 != 0, paused: flags & 6 == 6, steps }
    }

    /// Carries the plan out with a pool over this queue.
    ///
    /// # Panics
    ///
    /// If the pool does anything else than the model, or hangs. The message shows the plan.
    pub fn run<Q: WorkQueue<Closure>>(&self, queue: Q) {
        let plan = self.clone();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            within_patience(move || {
                let mut run = Run::new(&plan, queue);
                for step in plan.steps {
                    run.step(step);
                }
                run.shutdown();
            });
        }));
        if let Err(payload) = outcome {
            let panic = crate::Panic::new(payload);
            panic!("{panic}\nin the plan {self:#?}");
        }
    }
}

impl Tree {
    fn read(next: &mut impl FnMut() -> Option<u8>, depth: u32) -> Self {
        let byte = next().unwrap_or(0);
        let children = if depth == 0 { 0 } else { byte % 4 };
        Self {
            panics: byte >= 200,
            children: (0..children).map(|_| Self::read(next, depth - 1)).collect(),
        }
    }

    fn size(&self) -> usize {
        1 + self.children.iter().map(Self::size).sum::<usize>()
    }
}

/// The pool as it should be: a job that is accepted is done, once.
#[derive(Default)]
struct Model {
    closed: bool,
    paused: bool,
    /// Which jobs were accepted, by number, and whether they panic.
    outcomes: BTreeMap<usize, bool>,
}

impl Model {
    /// Enters the jobs of a tree, which are numbered from `number` on.
    fn accept(&mut self, tree: &Tree, number: usize) {
        self.outcomes.insert(number, tree.panics);
        let mut next = number + 1;
        for child in &tree.children {
            self.accept(child, next);
            next += child.size();
        }
    }

    fn panics(&self) -> usize {
        self.outcomes.values().filter(|panics| **panics).count()
    }
}

/// How often each job has run, by number.
#[derive(Clone, Default)]
struct Runs(Arc<Mutex<Vec<Arc<AtomicU8>>>>);

impl Runs {
    fn of(&self, number: usize) -> Arc<AtomicU8> {
        let mut runs = self.0.lock().unwrap();
        while runs.len() <= number {
            runs.push(Arc::default());
        }
        Arc::clone(&runs[number])
    }
}

struct Run<Q: WorkQueue<Closure>> {
    pool: Pool<Q>,
    model: Model,
    numbers: usize,
    runs: Runs,
    /// `None` once it was dropped.
    receiver: Option<Receiver<Completed<usize>>>,
    received: usize,
    /// Captured by every job.
    alive: Arc<()>,
    started: Tally,
    stopped: Tally,
}

/// What a job does: submit its children, then panic or return its number.
fn job<Q: WorkQueue<Closure>>(
    tree: Tree,
    number: usize,
    handle: Handle<Task<usize>, Q>,
    runs: Runs,
    alive: Arc<()>,
) -> impl FnOnce() -> usize + Send {
    move || {
        let _captured = &alive;
        runs.of(number).fetch_add(1, Ordering::SeqCst);
        let mut next = number + 1;
        for child in tree.children {
            let size = child.size();
            let child = job(child, next, handle.clone(), runs.clone(), Arc::clone(&alive));
            assert!(handle.execute(child).is_ok(), "a nested submit was refused");
            next += size;
        }
        if tree.panics { panic_quietly() } else { number }
    }
}

impl<Q: WorkQueue<Closure>> Run<Q> {
    fn new(plan: &Plan, queue: Q) -> Self {
        let (sender, receiver) = mpsc::channel();
        let (started, stopped) = (Tally::default(), Tally::default());
        let (starts, stops) = (started.clone(), stopped.clone());
        let mut builder = builder(queue, plan.threads)
            .sink(sender)
            .on_thread_start(move |_| starts.add())
            .on_thread_stop(move |_| stops.add());
        if plan.restless {
            builder = builder.thread_keep_alive(Duration::ZERO);
        }
        if plan.paused {
            builder = builder.paused();
        }
        Self {
            pool: builder.build().unwrap(),
            model: Model { paused: plan.paused, ..Model::default() },
            numbers: 0,
            runs: Runs::default(),
            receiver: Some(receiver),
            received: 0,
            alive: Arc::new(()),
            started,
            stopped,
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Submit(tree) => self.submit(tree),
            Step::Wait if self.model.paused => {}
            Step::Wait => {
                self.pool.wait_idle().unwrap();
                self.check_rest();
            }
            Step::Pause => {
                self.pool.pause();
                self.model.paused = true;
            }
            Step::Resume => {
                self.pool.resume();
                self.model.paused = false;
            }
            Step::CloseSink => {
                self.receive();
                self.receiver = None;
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
        let job = job(
            tree.clone(),
            number,
            self.pool.handle(),
            self.runs.clone(),
            Arc::clone(&self.alive),
        );
        match self.pool.execute(job) {
            Ok(_) => {
                assert!(!self.model.closed, "accepted after close");
                self.model.accept(&tree, number);
            }
            Err(SubmitError::Closed(_)) => assert!(self.model.closed, "refused while open"),
            // A bounded queue may.
            Err(SubmitError::Full(_)) => assert!(!self.model.closed),
            Err(error) => panic!("{error}"),
        }
    }

    fn receive(&mut self) {
        if let Some(receiver) = &self.receiver {
            self.received += receiver.try_iter().count();
        }
    }

    fn shutdown(&mut self) {
        let report = self.pool.shutdown();
        self.model.closed = true;
        self.model.paused = false;
        let (all, panics) = (self.model.outcomes.len() as u64, self.model.panics() as u64);
        assert_eq!((report.accepted, report.done, report.panicked), (all, all - panics, panics));
        assert_eq!(report.unfinished, 0);
        assert_eq!(self.pool.stats().threads, 0);
        assert_eq!(self.started.get(), self.stopped.get(), "threads started and stopped");
        self.check_rest();
        if self.receiver.is_some() {
            assert_eq!(report.undelivered, 0);
        } else {
            assert!(report.undelivered + self.received as u64 <= all);
        }
    }

    /// At rest every accepted job has run, once, has its outcome, and its captures are gone.
    fn check_rest(&mut self) {
        for number in 0..self.numbers {
            let runs = self.runs.of(number).load(Ordering::SeqCst);
            let expected = u8::from(self.model.outcomes.contains_key(&number));
            assert_eq!(runs, expected, "runs of job {number}");
        }
        self.receive();
        if self.receiver.is_some() {
            assert_eq!(self.received, self.model.outcomes.len(), "outcomes");
        }
        assert_eq!(Arc::strong_count(&self.alive), 1, "captures linger");
    }
}

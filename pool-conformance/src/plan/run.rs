//! The run of a plan, on a pool and on the model at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use pool_core::{
    Completed, Handle, JobError, JobHandle, Panic, Priority, Refusal, SubmitOptions, Task,
    WhenFull, WorkQueue,
};

use super::model::Model;
use super::runs::Runs;
use super::{Plan, Step, Tree};
use crate::support::{Closure, Pool, Tally, builder, panic_quietly, within_patience};

struct Run<Q: WorkQueue<Closure>> {
    pool: Pool<Q>,
    model: Model,
    numbers: usize,
    runs: Runs,
    spawned: VecDeque<Spawned>,
    /// `None` once it was dropped.
    receiver: Option<Receiver<Completed<usize>>>,
    received: usize,
    /// Captured by every job.
    alive: Arc<()>,
    started: Tally,
    stopped: Tally,
}

/// A job that has a handle.
struct Spawned {
    handle: JobHandle<usize>,
    tree: Tree,
    number: usize,
}

/// The priority of the job of this number. Half of them are submitted without one.
fn priority(number: usize) -> Option<Priority> {
    (number % 2 == 1).then(|| Priority::new((number * 37) as u8 as i8))
}

/// The options of a submit that does not wait for room.
fn urgent(priority: Priority) -> SubmitOptions {
    SubmitOptions::new().when_full(WhenFull::Fail).priority(priority)
}

/// Makes the job: submits its children, then panics or returns its number.
fn job<Q: WorkQueue<Closure>>(
    tree: Tree,
    number: usize,
    handle: Handle<Task<usize>, usize, Q>,
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
            let submitted = match priority(next) {
                Some(priority) => handle.with(priority).execute(child),
                None => handle.execute(child),
            };
            match submitted {
                Ok(_) => (),
                Err(refused) if refused.is_full() => runs.refuse(next..next + size),
                Err(error) => panic!("a nested submit was refused: {error}"),
            }
            next += size;
        }
        if tree.panics { panic_quietly() } else { number }
    }
}

/// Waits for a job, or runs it if the pool does not come to it, and checks its outcome.
fn check_join(spawned: Spawned) {
    let Spawned { handle, tree, number } = spawned;
    match handle.join_or_run() {
        Ok(result) => assert!(!tree.panics && result == number),
        Err(JobError::Panicked(_)) => assert!(tree.panics),
        Err(error) => panic!("{error}"),
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
        if let Some(capacity) = plan.capacity {
            builder = builder.capacity(capacity);
        }
        Self {
            pool: builder.build().unwrap(),
            model: Model { paused: plan.paused, ..Model::default() },
            numbers: 0,
            runs: Runs::new(),
            spawned: VecDeque::new(),
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
            Step::Spawn(tree) => self.spawn(tree),
            Step::Cancel(which) => self.cancel(which),
            Step::Join => {
                if let Some(spawned) = self.spawned.pop_front() {
                    check_join(spawned);
                }
            }
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

    /// Returns a job for this tree, and the number of its root.
    fn job(&mut self, tree: &Tree) -> (impl FnOnce() -> usize + Send + use<Q>, usize) {
        let number = self.numbers;
        self.numbers += tree.size();
        let (runs, alive) = (self.runs.clone(), Arc::clone(&self.alive));
        (job(tree.clone(), number, self.pool.handle(), runs, alive), number)
    }

    /// Submits without waiting for room, which a paused pool would never have.
    fn submit(&mut self, tree: Tree) {
        let (job, number) = self.job(&tree);
        let submitted = match priority(number) {
            Some(priority) => self.pool.with(urgent(priority)).execute(job),
            None => self.pool.try_execute(job),
        };
        match submitted {
            Ok(_) => self.accepted(&tree, number),
            Err(error) => self.refused(error.reason()),
        }
    }

    fn spawn(&mut self, tree: Tree) {
        let (job, number) = self.job(&tree);
        let spawned = match priority(number) {
            Some(priority) => self.pool.with(urgent(priority)).spawn(job),
            None => self.pool.try_spawn(job),
        };
        match spawned {
            Ok(handle) => {
                self.accepted(&tree, number);
                self.model.handled += 1;
                self.spawned.push_back(Spawned { handle, tree, number });
            }
            Err(error) => self.refused(error.reason()),
        }
    }

    fn accepted(&mut self, tree: &Tree, number: usize) {
        assert!(!self.model.closed, "accepted after close");
        self.model.accept(tree, number);
    }

    fn refused(&self, reason: &Refusal) {
        match reason {
            Refusal::Closed => assert!(self.model.closed, "refused while open"),
            // A bounded queue may.
            Refusal::Full => assert!(!self.model.closed),
            _ => panic!("{reason}"),
        }
    }

    fn cancel(&mut self, which: u8) {
        let Some(at) = usize::from(which).checked_rem(self.spawned.len()) else { return };
        let spawned = &self.spawned[at];
        // Only the pool knows whether it was in time.
        if spawned.handle.cancel() {
            let Spawned { handle, tree, number } = self.spawned.remove(at).unwrap();
            self.model.cancel(&tree, number);
            assert!(matches!(handle.join(), Err(JobError::Cancelled)));
        }
    }

    fn strike_out_refused(&mut self) {
        for jobs in self.runs.refused.lock().unwrap().drain(..) {
            self.model.refused(&jobs);
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
        self.strike_out_refused();
        let (all, panics) = (self.model.outcomes.len() as u64, self.model.panics() as u64);
        assert_eq!((report.done, report.panicked), (all - panics, panics));
        assert_eq!((report.cancelled, report.unfinished), (self.model.cancelled as u64, 0));
        assert_eq!(report.accepted, all + report.cancelled);
        self.spawned.drain(..).for_each(check_join);
        assert_eq!(self.pool.stats().threads, 0);
        assert_eq!(self.started.get(), self.stopped.get(), "threads started and stopped");
        self.check_rest();
        if self.receiver.is_some() {
            assert_eq!(report.undelivered, 0);
        } else {
            let delivered = all - self.model.handled as u64;
            assert!(report.undelivered + self.received as u64 <= delivered);
        }
    }

    /// Checks that the pool is quiescent: every accepted job has run once and has its outcome, and its
    /// captures are gone.
    fn check_rest(&mut self) {
        self.strike_out_refused();
        for number in 0..self.numbers {
            let runs = self.runs.of(number).load(Ordering::SeqCst);
            let expected = u8::from(self.model.outcomes.contains_key(&number));
            assert_eq!(runs, expected, "runs of job {number}");
        }
        self.receive();
        if self.receiver.is_some() {
            let expected = self.model.outcomes.len() - self.model.handled;
            assert_eq!(self.received, expected, "outcomes");
        }
        assert_eq!(Arc::strong_count(&self.alive), 1, "captures linger");
    }
}

impl Plan {
    /// Runs the plan with a pool over this queue.
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
            let panic = Panic::new(payload);
            panic!("{panic}\nin the plan {self:#?}");
        }
    }
}

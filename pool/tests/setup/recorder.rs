//! An observer that holds what it is told to the rules, and to the books of its pool.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use drainpool::{Ended, JobId, ObservedJob, Observer, Priority, Refusal, ShutdownReport};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Submitted,
    /// On this worker, with this label.
    Started(Option<usize>),
    Ended(Ended),
    Withdrawn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worker {
    Awake,
    Asleep,
    Gone,
}

/// All that an observer was told, by job and by worker, and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Record>);

#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) jobs: HashMap<JobId, (State, Option<&'static str>)>,
    pub(crate) starts: u64,
    pub(crate) refused: u64,
    pub(crate) last_refusal: Option<String>,
    pub(crate) priorities: Vec<Priority>,
    workers: HashMap<usize, Worker>,
    pub(crate) came: u64,
    pub(crate) sleeps: u64,
    pub(crate) wakes: u64,
    wrong: Vec<String>,
}

impl Record {
    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(what());
        }
    }

    fn change(&mut self, job: JobId, label: Option<&'static str>, to: State, from: &[State]) {
        let was = self.jobs.get(&job).copied();
        let is_lawful = was.is_some_and(|(was, its)| from.contains(&was) && its == label);
        self.expect(is_lawful, || format!("{job:?} {label:?}: from {was:?} to {to:?}"));
        self.jobs.insert(job, (to, label));
    }

    fn worker(&mut self, worker: usize, to: Worker, from: &[Option<Worker>]) {
        let was = self.workers.insert(worker, to);
        self.expect(from.contains(&was), || format!("worker {worker}: from {was:?} to {to:?}"));
    }

    /// The number of jobs that have ended in this way.
    pub(crate) fn ended(&self, how: Ended) -> u64 {
        self.count(|state| state == State::Ended(how))
    }

    fn count(&self, is: impl Fn(State) -> bool) -> u64 {
        self.jobs.values().filter(|(state, _)| is(*state)).count() as u64
    }
}

impl Recorder {
    pub(crate) fn read(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks that what was told agrees with the report of a pool that was shut down.
    #[track_caller]
    pub(crate) fn check(&self, report: &ShutdownReport) {
        let record = self.read();
        assert!(record.wrong.is_empty(), "{:?}", record.wrong);
        let ends =
            [Ended::Done, Ended::Panicked, Ended::Cancelled, Ended::Expired, Ended::Returned];
        let told = ends.map(|how| record.ended(how));
        let ShutdownReport { done, panicked, cancelled, expired, returned, .. } = *report;
        assert_eq!(told, [done, panicked, cancelled, expired, returned], "{report:?}");
        assert_eq!(record.starts, done + panicked, "{report:?}");
        let accepted = record.count(|state| state != State::Withdrawn);
        assert_eq!(accepted, report.accepted, "{report:?}");
        assert_eq!(accepted - told.iter().sum::<u64>(), report.unfinished, "{report:?}");
        let are_gone = record.workers.values().all(|worker| *worker == Worker::Gone);
        assert!(are_gone || report.threads > 0, "{:?}", record.workers);
    }
}

impl Observer for Recorder {
    fn submitted(&self, job: ObservedJob, priority: Priority) {
        let mut record = self.read();
        let was = record.jobs.insert(job.id, (State::Submitted, job.label));
        record.expect(was.is_none(), || format!("{job:?} was submitted twice: {was:?}"));
        record.priorities.push(priority);
    }

    fn withdrawn(&self, job: JobId) {
        let mut record = self.read();
        let label = record.jobs.get(&job).and_then(|(_, label)| *label);
        record.change(job, label, State::Withdrawn, &[State::Submitted]);
    }

    fn refused(&self, reason: &Refusal, jobs: usize) {
        let mut record = self.read();
        record.refused += jobs as u64;
        record.last_refusal = Some(reason.to_string());
    }

    fn started(&self, job: ObservedJob, worker: Option<usize>) {
        let mut record = self.read();
        record.starts += 1;
        record.change(job.id, job.label, State::Started(worker), &[State::Submitted]);
    }

    fn ended(&self, job: ObservedJob, worker: Option<usize>, how: Ended) {
        let from = match how {
            Ended::Done | Ended::Panicked => State::Started(worker),
            _ => State::Submitted,
        };
        self.read().change(job.id, job.label, State::Ended(how), &[from]);
    }

    fn worker_came(&self, worker: usize) {
        let mut record = self.read();
        record.came += 1;
        record.worker(worker, Worker::Awake, &[None, Some(Worker::Gone)]);
    }

    fn worker_left(&self, worker: usize) {
        let from = [Some(Worker::Awake), Some(Worker::Asleep)];
        self.read().worker(worker, Worker::Gone, &from);
    }

    fn worker_sleeps(&self, worker: usize) {
        let mut record = self.read();
        record.sleeps += 1;
        record.worker(worker, Worker::Asleep, &[Some(Worker::Awake)]);
    }

    fn worker_wakes(&self, worker: usize) {
        let mut record = self.read();
        record.wakes += 1;
        record.worker(worker, Worker::Awake, &[Some(Worker::Asleep)]);
    }
}

//! beekeeper, whose jobs are values for a worker, and always have a result.
//!
//! It takes part where jobs have results or come in batches. Elsewhere its results would pile up, or
//! collecting them would be measured with the jobs.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use beekeeper::bee::stock::{Thunk, ThunkWorker};
use beekeeper::bee::{Context, DefaultQueen, Worker, WorkerResult};
use beekeeper::hive::builder::WorkstealingBuilder;
use beekeeper::hive::{
    Builder as _, ChannelBuilder, Hive, Outcome, OutcomeReceiver, OutcomeSender, TaskQueuesBuilder,
    outcome_channel,
};

use crate::contestants::{Batch, Contestant, Results, RoundTrip, TypedBatch};
use crate::scenarios::count_down;

/// A kind of queue for its tasks.
pub trait Queues: Send + Sync + 'static {
    /// What the contestant is called.
    const NAME: &'static str;

    /// How many tasks a worker takes at once, one more than this.
    const BATCH_LIMIT: usize;

    /// What makes it.
    type Builder: TaskQueuesBuilder;
}

/// A crossbeam channel. Without queues for each worker: version 0.3.1 prints a line whenever it fills
/// one of those.
pub struct ChannelQueues;

impl Queues for ChannelQueues {
    const NAME: &'static str = "beekeeper channel";
    const BATCH_LIMIT: usize = 0;
    type Builder = ChannelBuilder;
}

/// Work stealing, with batches as large as they are by default.
pub struct StealingQueues;

impl Queues for StealingQueues {
    const NAME: &'static str = "beekeeper stealing";
    const BATCH_LIMIT: usize = 10;
    type Builder = WorkstealingBuilder;
}

type Queen<W> = DefaultQueen<W>;
type TaskQueues<K, W> = <<K as Queues>::Builder as TaskQueuesBuilder>::TaskQueues<W>;

/// A hive, and a channel for what it has done.
pub struct Bees<K: Queues, W: Worker + Send + Sync + Default> {
    hive: Hive<Queen<W>, TaskQueues<K, W>>,
    sender: OutcomeSender<W>,
    outcomes: Mutex<OutcomeReceiver<W>>,
}

/// Its closures, over a channel.
pub type ChannelThunks = Bees<ChannelQueues, ThunkWorker<()>>;
/// Its closures, with work stealing.
pub type StealingThunks = Bees<StealingQueues, ThunkWorker<()>>;
/// Counts numbers down, over a channel.
pub type ChannelCounts = Bees<ChannelQueues, CountDown>;
/// Counts numbers down, with work stealing.
pub type StealingCounts = Bees<StealingQueues, CountDown>;
/// Adds one to numbers, over a channel.
pub type ChannelSums = Bees<ChannelQueues, AddOne>;
/// Adds one to numbers, with work stealing.
pub type StealingSums = Bees<StealingQueues, AddOne>;

impl<K: Queues, W> Contestant for Bees<K, W>
where
    W: Worker<Output: 'static, Error: 'static> + Send + Sync + Default,
{
    const NAME: &'static str = K::NAME;

    fn start(workers: usize) -> Self {
        let (sender, outcomes) = outcome_channel();
        let builder = K::Builder::default().num_threads(workers).batch_limit(K::BATCH_LIMIT);
        let hive = builder.with_worker_default::<W>().build();
        Self { hive, sender, outcomes: Mutex::new(outcomes) }
    }

    fn wake(&self) {
        self.hive.resume();
    }

    /// Suspends the hive: otherwise its workers look for tasks again and again.
    fn rest(&self) {
        self.hive.join();
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).try_iter().for_each(drop);
        self.hive.suspend();
    }
}

impl<K: Queues> Batch for Bees<K, ThunkWorker<()>> {
    fn execute_all<F: FnOnce() + Send + 'static>(&self, jobs: impl ExactSizeIterator<Item = F>) {
        self.hive.swarm_send(jobs.map(Thunk::from), &self.sender);
    }
}

impl<K: Queues> TypedBatch for Bees<K, CountDown> {
    fn submit_all(&self, numbers: Range<u64>) {
        // As `usize`: a range of `u64` does not know its length.
        let numbers = numbers.start as usize..numbers.end as usize;
        self.hive.swarm_send(numbers.map(|number| number as u64), &self.sender);
    }
}

impl<K: Queues> Results for Bees<K, AddOne> {
    fn submit(&'static self, number: u64) {
        self.hive.apply_send(number, &self.sender);
    }

    fn sum_of(&self, count: usize) -> u64 {
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.iter().take(count).map(Outcome::unwrap).sum()
    }
}

impl<K: Queues> RoundTrip for Bees<K, AddOne> {
    fn round_trip(&'static self, number: u64) -> u64 {
        self.hive.apply(number).unwrap()
    }
}

/// A worker that counts numbers down.
#[derive(Debug, Default)]
pub struct CountDown;

impl Worker for CountDown {
    type Input = u64;
    type Output = ();
    type Error = ();

    fn apply(&mut self, number: u64, _: &Context<u64>) -> WorkerResult<Self> {
        count_down(number);
        Ok(())
    }
}

/// A worker that adds one to numbers.
#[derive(Debug, Default)]
pub struct AddOne;

impl Worker for AddOne {
    type Input = u64;
    type Output = u64;
    type Error = ();

    fn apply(&mut self, number: u64, _: &Context<u64>) -> WorkerResult<Self> {
        Ok(number + 1)
    }
}

//! A pipeline of two stages: the first one writes blocks of records, the second one hashes and reads
//! them and adds up what they say.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use drainpool::{Pool, ThreadPoolBuilder};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::random::Random;
use crate::rounds::{Gauge, Run, Table, Way};
use crate::{Ours, Plan, Queue, rounds};

/// So many records are in a block.
const RECORDS: usize = 64;

/// Sends blocks through the pipeline in all ways.
///
/// Only those with queues are pipelines; those without do both stages of a block at once, which is
/// the best one can do if the stages need nothing of their own.
pub(crate) fn compare(plan: &Plan) -> Run<Table> {
    let blocks = plan.args.blocks;
    let [two_pools, fused, spawned, bridged, channels] = [(); 5].map(|()| Arc::<Flow>::default());
    let (ours, rayon) = (plan.ours()?, plan.rayon()?);
    let stages = Stages::start(plan, &two_pools)?;
    let name = plan.our_name();
    let ways = [
        two_pools.way(format!("{name}, two bounded pools"), || stages.run(blocks)),
        channels.way("threads, bounded channels", || by_hand(plan, &channels)),
        spawned.way("rayon, spawn_fifo", || spawn_all(&rayon, &spawned, blocks)),
        fused.way(format!("{name}, for_each, no queue"), || for_each(&ours, &fused, blocks)),
        bridged.way("rayon, par_bridge, no queue", || bridge(&rayon, &bridged, blocks)),
    ];
    let task = format!("pipeline of {blocks} blocks, queues of {}", plan.args.capacity);
    rounds::compare(plan, &task, || (), &ways)
}

/// The two stages, and what comes out of them.
#[derive(Default)]
struct Flow {
    /// Counts the blocks between the source and the end of the second stage.
    gauge: Arc<Gauge>,
    sum: AtomicU64,
}

impl Flow {
    /// A way to run this, to the sum of all.
    fn way<'a>(
        &'a self,
        name: impl Into<String>,
        run: impl Fn() -> Run<()> + 'a,
    ) -> Way<'a, (), u64> {
        let sum = move |()| run().map(|()| self.sum.swap(0, Ordering::Relaxed));
        Way::new(name, sum).with_gauge(Arc::clone(&self.gauge))
    }

    /// The numbers of the blocks.
    fn source(&self, blocks: u64) -> impl Iterator<Item = u64> + Send {
        (0..blocks).inspect(|_| self.gauge.enter())
    }

    /// The first stage.
    fn write(&self, number: u64) -> String {
        write(number)
    }

    /// The second stage.
    fn read(&self, block: &str) {
        self.sum.fetch_add(read(block), Ordering::Relaxed);
        self.gauge.leave();
    }
}

/// The records of a block.
fn write(number: u64) -> String {
    let mut random = Random(number);
    let mut block = String::new();
    for record in 0..RECORDS {
        let (account, cents) = (random.below(1_000_000), random.below(100_000));
        // A string takes whatever is written to it.
        let _ =
            writeln!(block, "{number}.{record},{account:06},{}.{:02}", cents / 100, cents % 100);
    }
    block
}

/// A number that depends on all there is in a block.
fn read(block: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(block).into();
    let cents = block.lines().filter_map(|record| {
        let (units, cents) = record.rsplit(',').next()?.split_once('.')?;
        Some(100 * units.parse::<u64>().ok()? + cents.parse::<u64>().ok()?)
    });
    cents.sum::<u64>().wrapping_add(u64::from(digest[0]))
}

/// How many workers each stage has.
fn halves(workers: usize) -> (usize, usize) {
    let first = (workers / 2).max(1);
    (first, (workers - first).max(1))
}

/// Our pools, one for each stage.
struct Stages {
    /// Its jobs submit to the second pool, and wait while that one's queue is full. Nobody waits in
    /// the other direction, so somebody always goes on.
    first: Pool<u64, (), Queue<u64>>,
    second: Pool<String, (), Queue<String>>,
    flow: Arc<Flow>,
}

impl Stages {
    fn start(plan: &Plan, flow: &Arc<Flow>) -> Result<Self, Box<dyn Error>> {
        let (writers, readers) = halves(plan.workers);
        let builder = |workers| {
            let builder = ThreadPoolBuilder::new().backend(plan.args.backend);
            builder.num_threads(workers).capacity(plan.args.capacity)
        };
        let reader = Arc::clone(flow);
        let second = builder(readers).build_with(move |_| {
            let flow = Arc::clone(&reader);
            move |block: String| flow.read(&block)
        })?;
        let (writer, next) = (Arc::clone(flow), second.handle());
        let first = builder(writers).build_with(move |_| {
            let (flow, next) = (Arc::clone(&writer), next.clone());
            move |number| {
                next.submit(flow.write(number)).expect("the second pool is open");
            }
        })?;
        Ok(Self { first, second, flow: Arc::clone(flow) })
    }

    fn run(&self, blocks: u64) -> Run<()> {
        for number in self.flow.source(blocks) {
            self.first.submit(number)?;
        }
        self.first.wait_idle()?;
        self.second.wait_idle()?;
        Ok(())
    }
}

/// Our pool without a queue: each worker takes the next block when it is done with one.
fn for_each(pool: &Ours, flow: &Flow, blocks: u64) -> Run<()> {
    let run = || pool.for_each(flow.source(blocks), |number| flow.read(&flow.write(number)));
    Ok(pool.install(run).map_err(|refused| refused.to_string())?)
}

/// Rayon's queue, which has no bound.
fn spawn_all(pool: &rayon::ThreadPool, flow: &Flow, blocks: u64) -> Run<()> {
    pool.in_place_scope_fifo(|scope| {
        for number in flow.source(blocks) {
            scope.spawn_fifo(move |scope| {
                let block = flow.write(number);
                scope.spawn_fifo(move |_| flow.read(&block));
            });
        }
    });
    Ok(())
}

/// Rayon without a queue.
fn bridge(pool: &rayon::ThreadPool, flow: &Flow, blocks: u64) -> Run<()> {
    let blocks = flow.source(blocks).par_bridge();
    pool.install(|| blocks.for_each(|number| flow.read(&flow.write(number))));
    Ok(())
}

/// Threads and bounded channels.
fn by_hand(plan: &Plan, flow: &Flow) -> Run<()> {
    let (writers, readers) = halves(plan.workers);
    let (numbers, to_write) = crossbeam_channel::bounded(plan.args.capacity);
    let (written, to_read) = crossbeam_channel::bounded::<String>(plan.args.capacity);
    thread::scope(|scope| {
        for _ in 0..readers {
            let to_read = to_read.clone();
            scope.spawn(move || to_read.iter().for_each(|block| flow.read(&block)));
        }
        for _ in 0..writers {
            let (to_write, written) = (to_write.clone(), written.clone());
            scope.spawn(move || -> Result<(), _> {
                to_write.iter().try_for_each(|number| written.send(flow.write(number)))
            });
        }
        // The threads hold the ends that they use: each stage ends when the one before has.
        drop((to_write, written, to_read));
        flow.source(plan.args.blocks).try_for_each(|number| numbers.send(number))?;
        drop(numbers);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_stage_reads_what_the_first_one_writes() {
        let block = "0.0,000001,12.34\n0.1,000002,0.07\n";
        let digest: [u8; 32] = Sha256::digest(block).into();
        assert_eq!(read(block), 1_241 + u64::from(digest[0]));
        assert_eq!(write(7).lines().count(), RECORDS);
        assert_ne!(read(&write(7)), read(&write(8)));
    }

    #[test]
    fn each_stage_has_a_worker() {
        assert_eq!([1, 2, 3, 16].map(halves), [(1, 1), (1, 1), (1, 2), (8, 8)]);
    }
}

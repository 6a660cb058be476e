//! Measures what the context of jobs costs: nothing, a number, and a span of `tracing`, without and with a subscriber.
//!
//! ```text
//! cargo run --release -p pool-benches --bin contexts
//! ```

use std::cell::Cell;
use std::error::Error;

use clap::Parser;
use drainpool::{
    DefaultQueue, InContext, Job, JobContext, NoContext, Pool, Task, ThreadPoolBuilder, WorkQueue,
};
use pool_benches::columns::Columns;
use pool_tracing::JobSpan;
use tracing_subscriber::layer::SubscriberExt;

/// Measures what the context of jobs costs, in nanoseconds a job: the median of several rounds.
#[derive(Parser)]
struct Args {
    /// How many jobs a round has
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..))]
    jobs: u32,
    /// How many rounds there are
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many workers the pools have
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

thread_local! {
    static REQUEST: Cell<u64> = const { Cell::new(17) };
}

/// A context that is one number.
struct Number(u64);

/// The number that was there before.
struct Former(u64);

impl JobContext for Number {
    fn capture() -> Self {
        Self(REQUEST.get())
    }

    fn enter(self) -> impl Sized {
        Former(REQUEST.replace(self.0))
    }
}

impl Drop for Former {
    fn drop(&mut self) {
        REQUEST.set(self.0);
    }
}

/// The pools of one kind of context, and their times.
struct Contestant<C: JobContext> {
    closures: Pool<Task, (), InContext<DefaultQueue<Job<Task>>, C>>,
    values: Pool<u64, (), InContext<DefaultQueue<Job<u64>>, C>>,
    times: Columns<4>,
}

/// What is measured, in this order.
const WORKLOADS: [&str; 4] = ["execute", "submit", "spawn", "join"];

impl<C: JobContext> Contestant<C> {
    fn new(args: &Args) -> Outcome<Self> {
        let builder = || ThreadPoolBuilder::new().num_threads(args.threads).context::<C>();
        let closures = builder().build()?;
        let values = builder().build_with(|_worker| |_: u64| ())?;
        Ok(Self { closures, values, times: Columns::default() })
    }

    /// Runs each workload once.
    fn round(&mut self, jobs: u32) -> Outcome {
        let Self { closures, values, times } = self;
        let mut timed = |workload, run: &dyn Fn() -> Outcome| times.time(workload, jobs, run);
        timed(0, &|| {
            for _ in 0..jobs {
                closures.execute(|| ())?;
            }
            Ok(closures.wait_idle()?)
        })?;
        timed(1, &|| {
            for n in 0..jobs {
                values.submit(u64::from(n))?;
            }
            Ok(values.wait_idle()?)
        })?;
        timed(2, &|| {
            let spawned: Result<Vec<_>, _> = (0..jobs).map(|n| closures.spawn(move || n)).collect();
            for job in spawned? {
                job.join()?;
            }
            Ok(())
        })?;
        timed(3, &|| {
            let leaves = closures.install(|| tree(closures, jobs));
            assert_eq!(leaves.map_err(|refused| refused.into_reason())?, u64::from(jobs));
            Ok(())
        })
    }

    fn print(&self, name: &str) {
        println!("{}", self.times.row(name));
    }
}

/// Counts leaves by a join at each branch.
fn tree<Q: WorkQueue<Job<Task>>>(pool: &drainpool::Handle<Task, (), Q>, leaves: u32) -> u64 {
    if leaves <= 1 {
        return u64::from(leaves);
    }
    let (a, b) = pool.join(|| tree(pool, leaves / 2), || tree(pool, leaves - leaves / 2));
    a + b
}

fn main() -> Outcome {
    let args = Args::parse();
    let mut without = Contestant::<NoContext>::new(&args)?;
    let mut number = Contestant::<Number>::new(&args)?;
    let mut span = Contestant::<JobSpan>::new(&args)?;
    println!("{}", Columns::head(WORKLOADS));
    for _ in 0..args.rounds {
        without.round(args.jobs)?;
        number.round(args.jobs)?;
        span.round(args.jobs)?;
    }
    without.print("without");
    number.print("a number");
    span.print("JobSpan, no subscriber");
    // A subscriber that keeps spans and does nothing with them.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Keeps))?;
    let mut seen = Contestant::<JobSpan>::new(&args)?;
    let request = tracing::info_span!("request");
    for _ in 0..args.rounds {
        request.in_scope(|| seen.round(args.jobs))?;
    }
    seen.print("JobSpan, a subscriber");
    Ok(())
}

/// A layer that wants every span.
struct Keeps;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Keeps {}

//! Runs parallel iterators on our pools, beside rayon's on its own, and a plain iterator on one thread.
//!
//! ```text
//! cargo run --release -p pool-benches --bin parallel
//! ```

mod bodies;
mod inputs;
mod kernels;
mod ours;
mod rayons;

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use clap::Parser;
use drainpool::{Backend, MAX_THREADS, ThreadPoolBuilder};
use pool_benches::statistics::{Summary, median_ratio};
use pool_benches::table::{number, text};
use pool_benches::{progress, rounds};

use crate::inputs::{Inputs, Output};
use crate::kernels::{KERNELS, Kernel};

/// Runs parallel iterators on our pools and on rayon's, in turns: medians in milliseconds, and the median of the
/// rounds' ratios to rayon.
#[derive(Parser)]
struct Args {
    /// How many threads each pool has: everything is done with each of these numbers
    #[arg(long, value_delimiter = ',', default_values_t = [2, 16])]
    #[arg(value_parser = at_least_one(MAX_THREADS))]
    threads: Vec<usize>,
    /// How many rounds are measured, after one that is not
    #[arg(long, default_value_t = 15, value_parser = at_least_one(usize::MAX))]
    rounds: usize,
    /// The queues of our pools
    #[arg(long, value_delimiter = ',', default_values_t = Backend::available()[..3].to_vec())]
    backends: Vec<Backend>,
    /// How many numbers there are
    #[arg(long, default_value_t = 4_000_000)]
    numbers: usize,
    /// How many lines the text has
    #[arg(long, default_value_t = 200_000)]
    lines: usize,
    /// How many bodies there are
    #[arg(long, default_value_t = 2_000)]
    bodies: usize,
}

fn at_least_one(most: usize) -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..=most as u64)
}

type Outcome = Result<(), Box<dyn Error>>;

/// Runs a kernel.
type Run = Box<dyn Fn(&Kernel, &Inputs) -> Output>;

/// One that runs kernels.
struct Contestant {
    name: String,
    run: Run,
}

fn contestants(args: &Args, threads: usize) -> Result<Vec<Contestant>, Box<dyn Error>> {
    let rayon = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let mut all = vec![
        // The first: what the ratios are to.
        Contestant {
            name: "rayon".to_owned(),
            run: Box::new(move |kernel, inputs| rayon.install(|| (kernel.rayons)(inputs))),
        },
        Contestant {
            name: "one thread".to_owned(),
            run: Box::new(|kernel, inputs| (kernel.alone)(inputs)),
        },
    ];
    for backend in &args.backends {
        let pool = ThreadPoolBuilder::new().backend(*backend).num_threads(threads).build()?;
        all.push(Contestant {
            name: format!("pool/{backend}"),
            run: Box::new(move |kernel, inputs| (kernel.ours)(&pool, inputs)),
        });
    }
    Ok(all)
}

/// Runs a kernel in all ways, in turns. Returns a table of what that took.
fn measure(
    kernel: &Kernel,
    inputs: &Inputs,
    args: &Args,
    threads: usize,
) -> Result<String, Box<dyn Error>> {
    let contestants = contestants(args, threads)?;
    let expected = (kernel.alone)(inputs);
    let bar = progress::bar(((args.rounds + 1) * contestants.len()) as u64, kernel.name.to_owned());
    let run = |who: usize| -> Result<f64, Box<dyn Error>> {
        let Contestant { name, run } = &contestants[who];
        let start = Instant::now();
        let output = black_box(run(kernel, black_box(inputs)));
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        bar.inc(1);
        if output == expected {
            Ok(milliseconds)
        } else {
            Err(format!("{}: {name} has another result", kernel.name).into())
        }
    };
    let times = rounds::run(contestants.len(), |rounds| rounds == args.rounds, run)?;
    bar.finish_and_clear();
    let rows = contestants.iter().zip(&times).map(|(contestant, rounds)| {
        let Summary { low, median, high } = Summary::of(rounds);
        let quartiles = format!("{} to {}", number(low), number(high));
        let ratio = format!("{:.2}", median_ratio(rounds, &times[0]));
        vec![format!("  {}", contestant.name), number(median), quartiles, ratio]
    });
    let title = format!("{}: {threads} threads, median of {} rounds", kernel.name, args.rounds);
    Ok(text(&title, &["", "ms", "quartiles", "to rayon"], rows))
}

fn main() -> Outcome {
    let args = Args::parse();
    let inputs = Inputs::new(args.numbers, args.lines, args.bodies);
    for kernel in &KERNELS {
        for threads in &args.threads {
            println!("{}", measure(kernel, &inputs, &args, *threads)?);
        }
    }
    Ok(())
}

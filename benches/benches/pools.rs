//! Our backends beside one another and beside other pools: `cargo bench --workspace`.
//!
//! The machine's speed drifts between groups; within one, compare the contestants.

use std::hint::black_box;
use std::time::Duration;

use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
    measurement::WallTime,
};
use pool_benches::contestants::{
    Channel, Contestant, OurResultsCrossbeam, OurResultsFlume, OurResultsStd, OursCrossbeam,
    OursFlume, OursStd, PeerResults, Results,
};
use pool_benches::scenarios;

const WORKERS: [usize; 2] = [2, 16];
const JOBS: usize = 100_000;
const DEPTH: u32 = 16;
const LATENCIES: usize = 100;

/// Measures one contestant in one scenario. Its threads stay until the process ends: a scenario
/// hands its jobs a reference for ever.
fn measure<C: Contestant>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    workers: usize,
    scenario: fn(&'static C),
) {
    let pool: &'static C = Box::leak(Box::new(C::start(workers)));
    group.bench_function(BenchmarkId::new(C::NAME, workers), |bencher| {
        bencher.iter(|| scenario(black_box(pool)));
    });
}

fn measure_results<C: Results>(group: &mut BenchmarkGroup<'_, WallTime>, workers: usize) {
    let pool = C::start(workers);
    group.bench_function(BenchmarkId::new(C::NAME, workers), |bencher| {
        bencher.iter(|| scenarios::results(black_box(&pool), JOBS as u64));
    });
}

/// Calls a generic function with every contestant.
macro_rules! for_each_contestant {
    ($call:ident, $group:expr, $workers:expr, $scenario:expr) => {
        $call::<OursCrossbeam>($group, $workers, $scenario);
        $call::<OursFlume>($group, $workers, $scenario);
        $call::<OursStd>($group, $workers, $scenario);
        $call::<Channel>($group, $workers, $scenario);
        $call::<rayon::ThreadPool>($group, $workers, $scenario);
        $call::<threadpool::ThreadPool>($group, $workers, $scenario);
    };
}

fn group<'a>(
    criterion: &'a mut Criterion,
    name: &str,
    jobs: usize,
) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .throughput(Throughput::Elements(jobs as u64))
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500));
    group
}

fn ext(criterion: &mut Criterion) {
    let mut group = group(criterion, "ext", JOBS);
    for workers in WORKERS {
        for_each_contestant!(measure, &mut group, workers, |pool| scenarios::ext(pool, JOBS));
    }
}

fn results(criterion: &mut Criterion) {
    let mut group = group(criterion, "results", JOBS);
    for workers in WORKERS {
        measure_results::<OurResultsCrossbeam>(&mut group, workers);
        measure_results::<OurResultsFlume>(&mut group, workers);
        measure_results::<OurResultsStd>(&mut group, workers);
        measure_results::<PeerResults<Channel>>(&mut group, workers);
        measure_results::<PeerResults<rayon::ThreadPool>>(&mut group, workers);
        measure_results::<PeerResults<threadpool::ThreadPool>>(&mut group, workers);
    }
}

fn tree(criterion: &mut Criterion) {
    let mut group = group(criterion, "tree", (2 << DEPTH) - 1);
    for workers in WORKERS {
        for_each_contestant!(measure, &mut group, workers, |pool| scenarios::tree(pool, DEPTH));
    }
}

fn latency(criterion: &mut Criterion) {
    let mut group = group(criterion, "latency", LATENCIES);
    for workers in WORKERS {
        for_each_contestant!(measure, &mut group, workers, |pool| {
            scenarios::latency(pool, LATENCIES);
        });
    }
}

criterion_group!(benches, ext, results, tree, latency);
criterion_main!(benches);

//! Our backends beside one another and beside other pools: `cargo bench --workspace`.
//!
//! The machine's speed drifts between groups; within one, compare the contestants. Where they take
//! turns, and more: `compare`.

use std::time::Duration;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use pool_benches::workloads::Workload;

const WORKERS: [usize; 2] = [2, 16];

fn pools(criterion: &mut Criterion) {
    for workload in Workload::ALL {
        let jobs = workload.default_jobs();
        let mut group = criterion.benchmark_group(workload.name());
        group
            .throughput(Throughput::Elements(jobs as u64))
            // There are many benchmarks, and rounds of some milliseconds have little noise.
            .sampling_mode(SamplingMode::Flat)
            .sample_size(10)
            // Of ten samples: more resamples only take longer to draw, most of the time in all.
            .nresamples(5_000)
            .warm_up_time(Duration::from_millis(100))
            .measurement_time(Duration::from_millis(500));
        for workers in WORKERS {
            for mut entry in workload.entries(workers, jobs) {
                let name = BenchmarkId::new(entry.contestant, workers);
                group.bench_function(name, |bencher| {
                    bencher.iter_custom(|rounds| (0..rounds).map(|_| entry.run()).sum());
                });
            }
        }
    }
}

criterion_group!(benches, pools);
criterion_main!(benches);

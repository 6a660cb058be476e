//! The times of several workloads, a column each, for programs that print a row for each contestant.

use std::time::Instant;

use crate::statistics::Summary;

/// The times of `N` workloads, in nanoseconds a job, one for each round.
#[derive(Debug, Clone)]
pub struct Columns<const N: usize>([Vec<f64>; N]);

impl<const N: usize> Default for Columns<N> {
    fn default() -> Self {
        Self([const { Vec::new() }; N])
    }
}

impl<const N: usize> Columns<N> {
    /// Runs so many jobs of a workload, and notes the time.
    ///
    /// # Errors
    ///
    /// Those of `run`.
    ///
    /// # Panics
    ///
    /// If there is no such column.
    pub fn time<E>(
        &mut self,
        column: usize,
        jobs: u32,
        run: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let start = Instant::now();
        run()?;
        self.0[column].push(start.elapsed().as_secs_f64() * 1e9 / f64::from(jobs));
        Ok(())
    }

    /// The row of a contestant: the median of each column.
    #[must_use]
    pub fn row(&self, name: &str) -> String {
        let medians = self.0.iter().map(|times| format!("{:10.1}", Summary::of(times).median));
        format!("{name:26}{}", medians.collect::<String>())
    }

    /// The row above all others.
    #[must_use]
    pub fn head(names: [&str; N]) -> String {
        let names = names.map(|name| format!("{name:>10}"));
        format!("{:26}{}", "ns a job", names.concat())
    }
}

//! What can be asked for.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use pool_benches::workloads::Workload;

/// A part of the whole comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The speed of a workload.
    Speed(Workload),
    /// The cost of a job against their number.
    Scaling,
    /// The memory of a burst.
    Memory,
    /// The processor time of a pool without jobs.
    Idle,
}

impl Part {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let others = [Self::Scaling, Self::Memory, Self::Idle];
        Workload::ALL.into_iter().map(Self::Speed).chain(others)
    }

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Speed(workload) => workload.name(),
            Self::Scaling => "scaling",
            Self::Memory => "memory",
            Self::Idle => "idle",
        }
    }

    /// Finds a part by its name.
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        PossibleValuesParser::new(Self::all().map(Self::name)).try_map(|name| {
            Self::all().find(|part| part.name() == name).ok_or("there is no such part")
        })
    }
}

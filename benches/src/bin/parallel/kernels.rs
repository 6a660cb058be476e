//! The kernels, and how one thread does them.

use crate::bodies::pull;
use crate::inputs::{Inputs, Output, is_chosen, square, words};
use crate::{ours, rayons};

/// A computation, done in three ways.
pub(crate) struct Kernel {
    pub(crate) name: &'static str,
    pub(crate) alone: fn(&Inputs) -> Output,
    pub(crate) rayons: fn(&Inputs) -> Output,
    pub(crate) ours: fn(&ours::Pool, &Inputs) -> Output,
}

/// All of them.
pub(crate) const KERNELS: [Kernel; 4] = [
    Kernel {
        name: "sum of squares",
        alone: |inputs| Output::Number(inputs.numbers.iter().map(square).sum()),
        rayons: rayons::squares,
        ours: ours::squares,
    },
    Kernel {
        name: "filter and collect",
        alone: |inputs| Output::Numbers(inputs.numbers.iter().copied().filter(is_chosen).collect()),
        rayons: rayons::chosen,
        ours: ours::chosen,
    },
    Kernel {
        name: "words of a text",
        alone: |inputs| Output::Number(inputs.lines.iter().map(|line| words(line)).sum()),
        rayons: rayons::words_of_all,
        ours: ours::words_of_all,
    },
    Kernel {
        name: "pulls among bodies",
        alone: |inputs| {
            let bodies = &inputs.bodies;
            Output::Pulls(bodies.iter().map(|body| pull(body, bodies)).collect())
        },
        rayons: rayons::pulls,
        ours: ours::pulls,
    },
];

//! The kernels by rayon, in the pool that calls them.

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::bodies::pull;
use crate::inputs::{Inputs, Output, is_chosen, square, words};

pub(crate) fn squares(inputs: &Inputs) -> Output {
    Output::Number(inputs.numbers.par_iter().map(square).sum())
}

pub(crate) fn chosen(inputs: &Inputs) -> Output {
    Output::Numbers(inputs.numbers.par_iter().copied().filter(is_chosen).collect())
}

pub(crate) fn words_of_all(inputs: &Inputs) -> Output {
    Output::Number(inputs.lines.par_iter().map(|line| words(line)).sum())
}

pub(crate) fn pulls(inputs: &Inputs) -> Output {
    let bodies = &inputs.bodies;
    Output::Pulls(bodies.par_iter().map(|body| pull(body, bodies)).collect())
}

//! The kernels by the parallel iterators of `orx-parallel`, on our pool.

use drainpool::orx_parallel::{Par, Parallelizable};
use drainpool::{AnyQueue, Job, ParallelExt, Task};

use crate::bodies::pull;
use crate::inputs::{Inputs, Output, is_chosen, square, words};

/// Our pool.
pub(crate) type Pool = drainpool::Pool<Task, (), AnyQueue<Job<Task>>>;

pub(crate) fn squares(pool: &Pool, inputs: &Inputs) -> Output {
    let numbers = inputs.numbers.as_slice();
    Output::Number(numbers.par().runner(pool.par_runner()).map(square).sum())
}

pub(crate) fn chosen(pool: &Pool, inputs: &Inputs) -> Output {
    let numbers = inputs.numbers.as_slice();
    let par = numbers.par().runner(pool.par_runner());
    Output::Numbers(par.copied().filter(is_chosen).collect())
}

pub(crate) fn words_of_all(pool: &Pool, inputs: &Inputs) -> Output {
    let lines = inputs.lines.as_slice();
    Output::Number(lines.par().runner(pool.par_runner()).map(|line| words(line)).sum())
}

pub(crate) fn pulls(pool: &Pool, inputs: &Inputs) -> Output {
    let bodies = inputs.bodies.as_slice();
    let par = bodies.par().runner(pool.par_runner());
    Output::Pulls(par.map(|body| pull(body, bodies)).collect())
}

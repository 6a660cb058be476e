//! A place where foreign code runs, as the matrix sees it.

use std::sync::Arc;

use crate::standing::Standing;
use crate::world::World;

/// A place where foreign code runs, and how to get there.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    /// Builds a pool and has [`World::fire`] called in the place; returns after that.
    pub(crate) arrange: fn(&Arc<World>),
    pub(crate) standing: Standing,
    /// How many of so many workers are free when the call is made, if that is certain.
    pub(crate) free: Option<fn(usize) -> usize>,
    /// Whether no worker is at work besides, with so many.
    pub(crate) alone: fn(usize) -> bool,
    pub(crate) min_threads: usize,
    /// The pool was closed before.
    pub(crate) closed: bool,
    /// The queue is full when the place is reached.
    pub(crate) full: bool,
    /// Nothing keeps the pool from its end.
    pub(crate) may_be_over: bool,
}

const fn place(name: &'static str, standing: Standing, arrange: fn(&Arc<World>)) -> Place {
    Place {
        name,
        arrange,
        standing,
        free: Some(|threads| threads - 1),
        alone: |_| false,
        min_threads: 1,
        closed: false,
        full: false,
        may_be_over: false,
    }
}

/// On a worker, if nothing else is said: the others are free.
pub(crate) const fn at_work(name: &'static str, arrange: fn(&Arc<World>)) -> Place {
    place(name, Standing::AtWork, arrange)
}

/// As for [`at_work`].
pub(crate) const fn inside(name: &'static str, arrange: fn(&Arc<World>)) -> Place {
    place(name, Standing::Inside, arrange)
}

/// As for [`at_work`].
pub(crate) const fn either(name: &'static str, arrange: fn(&Arc<World>)) -> Place {
    place(name, Standing::Either, arrange)
}

/// All workers are free, if nothing else is said.
pub(crate) const fn outside(name: &'static str, arrange: fn(&Arc<World>)) -> Place {
    let place = place(name, Standing::Outside, arrange);
    Place { free: Some(|threads| threads), may_be_over: true, ..place }
}

impl Place {
    /// The workers are busy, each with something that ends when the call has.
    pub(crate) const fn all_busy(self) -> Self {
        Self { free: Some(|_| 0), ..self }
    }

    /// One worker is free, or there is an index for one.
    pub(crate) const fn one_free(self) -> Self {
        Self { free: Some(|_| 1), ..self }
    }

    /// How many workers others can get hold of depends.
    pub(crate) const fn perhaps_free(self) -> Self {
        Self { free: None, ..self }
    }

    /// There is no worker at work, and the one that is called, if it is one, is not either.
    pub(crate) const fn alone(self) -> Self {
        Self { alone: |_| true, ..self }
    }

    /// The same, if the pool has one thread.
    pub(crate) const fn alone_if_single(self) -> Self {
        Self { alone: |threads| threads == 1, ..self }
    }

    /// It takes two workers.
    pub(crate) const fn two_workers(self) -> Self {
        Self { min_threads: 2, ..self }
    }

    /// The pool is closed when the place is reached.
    pub(crate) const fn closed(self) -> Self {
        Self { closed: true, ..self }
    }

    /// The queue is full when the place is reached, and the workers are busy.
    pub(crate) const fn full(self) -> Self {
        Self { full: true, ..self }.all_busy()
    }

    /// No accepted job and no worker keeps the pool while the call is made.
    pub(crate) const fn keeps_nothing(self) -> Self {
        Self { may_be_over: true, ..self }
    }
}

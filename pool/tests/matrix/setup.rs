//! Which cell of a place, and how far it has come.

use std::sync::Mutex;

use drainpool::Backend;

use crate::world::lock;

/// How the pool is brought into a state before the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    Plain,
    Full,
    Closed,
    Over,
}

/// Which pool is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Own,
    Second,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) backend: Backend,
    pub(crate) threads: usize,
    pub(crate) variant: Variant,
    pub(crate) target: Target,
}

/// How far a cell has come, for the watchdog to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Way,
    Preparation,
    Call,
    AfterCall,
    End,
}

/// The stage of a cell that another thread runs.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<Stage>);

impl Default for Progress {
    fn default() -> Self {
        Self(Mutex::new(Stage::Way))
    }
}

impl Progress {
    pub(crate) fn reaches(&self, stage: Stage) {
        *lock(&self.0) = stage;
    }

    pub(crate) fn place(&self) -> &'static str {
        match *lock(&self.0) {
            Stage::Way => "on the way to the place",
            Stage::Preparation => "while another thread brings the pool into the wanted state",
            Stage::Call => "in the call",
            Stage::AfterCall => "after the call",
            Stage::End => "at the end of the pools",
        }
    }
}

//! What is known of a queue.

use crate::error::Error;

/// Whether a queue accepts jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueState {
    /// It accepts jobs.
    Open,
    /// It accepts none, but some have not ended.
    Closed,
    /// It is closed, and every job that it accepted has its outcome.
    Drained,
}

/// The numbers of a queue at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStats {
    /// Whether it accepts jobs.
    pub state: QueueState,
    /// The jobs that were ever accepted.
    pub accepted: u64,
    /// Those of them that have an outcome.
    pub ended: u64,
    /// The jobs that were not given to a worker yet.
    pub waiting: u64,
    /// The jobs that workers have.
    pub running: u64,
    /// The jobs that are kept because they ended without a result: [`Dead`](crate::Outcome::Dead) and
    /// [`Undecodable`](crate::Outcome::Undecodable) ones.
    pub dead: u64,
}

/// Reads the state as the server has it.
pub(crate) fn parse_state(state: &str) -> Result<QueueState, Error> {
    match state {
        "open" => Ok(QueueState::Open),
        "closed" => Ok(QueueState::Closed),
        "drained" => Ok(QueueState::Drained),
        "" => Err(Error::Deleted),
        state => Err(Error::Unexpected(format!("the queue's state is {state:?}").into())),
    }
}

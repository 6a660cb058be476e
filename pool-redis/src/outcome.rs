//! The outcomes of jobs.

use std::fmt;

use crate::id::StreamId;

/// How a job ended. Each job that was accepted has one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome<R> {
    /// The handler returned this.
    Done(R),
    /// The handler panicked, with this message. It is not called again for the job.
    Panicked(String),
    /// The job was delivered as often as the queue allows, and no worker ended it: perhaps it kills its worker. What it was is kept in the stream of dead jobs.
    Dead {
        /// The number of times that it was delivered.
        deliveries: u64,
    },
    /// The entry was no job that the worker could read, or the result could not be written; the reason. What it was is
    /// kept in the stream of dead jobs.
    Undecodable(String),
}

impl<R> Outcome<R> {
    /// What the handler returned.
    ///
    /// # Errors
    ///
    /// [`Failed`], with the reason, if there is no result.
    pub fn into_result(self) -> Result<R, Failed> {
        match self {
            Self::Done(result) => Ok(result),
            Self::Panicked(message) => Err(Failed(format!("the job panicked: {message}"))),
            Self::Dead { deliveries } => {
                Err(Failed(format!("{deliveries} workers were given the job, and none ended it")))
            }
            Self::Undecodable(why) => Err(Failed(format!("the job could not be read: {why}"))),
        }
    }
}

/// The error of a job that has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed(String);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

/// The outcome of a job, with its id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended<R> {
    /// The job's id, as its submitter knows it.
    pub id: StreamId,
    /// How it ended.
    pub outcome: Outcome<R>,
    /// Where to [go on](crate::RedisQueue::results_after) after this.
    pub cursor: StreamId,
}

/// The kind of an outcome, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Done,
    Panicked,
    Dead,
    Undecodable,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Panicked => "panicked",
            Self::Dead => "dead",
            Self::Undecodable => "undecodable",
        }
    }

    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let all = [Self::Done, Self::Panicked, Self::Dead, Self::Undecodable];
        all.into_iter().find(|kind| kind.as_str().as_bytes() == text)
    }
}

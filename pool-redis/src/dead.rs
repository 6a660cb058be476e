//! The jobs that ended without a result, and are kept.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::Codec;
use crate::entry::Entry;
use crate::error::Error;
use crate::id::StreamId;
use crate::queue::RedisQueue;

/// A job that ended as [`Dead`](crate::Outcome::Dead) or [`Undecodable`](crate::Outcome::Undecodable), as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadJob {
    /// The id that it had.
    pub id: StreamId,
    /// Why it has no result: the number of its deliveries, or what was wrong with it.
    pub why: String,
    /// The encoded job, which a [`Codec`] may decode, to be looked at or pushed again. `None` if it was no job.
    pub payload: Option<Vec<u8>>,
}

impl<J, R, C> RedisQueue<J, R, C>
where
    J: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
    C: Codec,
{
    /// The jobs that ended without a result, this many at most, the oldest first. They are kept until the queue is
    /// deleted.
    ///
    /// # Errors
    ///
    /// [`Error`] if the call fails.
    pub fn dead_jobs(&self, limit: usize) -> Result<Vec<DeadJob>, Error> {
        let entries: Vec<Entry> = self.shared.call(|connection| {
            let dead = &self.shared.keys.dead;
            redis::cmd("XRANGE").arg(dead).arg(&["-", "+", "COUNT"]).arg(limit).query(connection)
        })?;
        let text = |entry: &Entry, field| {
            String::from_utf8_lossy(entry.field(field).unwrap_or_default()).into_owned()
        };
        // What a foreign hand put there is left out.
        let jobs = entries.iter().filter_map(|entry| {
            let id = text(entry, "id").parse().ok()?;
            let payload = entry.field("j").map(<[u8]>::to_vec);
            Some(DeadJob { id, why: text(entry, "why"), payload })
        });
        Ok(jobs.collect())
    }
}

//! Several queues that act as one, for those who outgrow one processor of a server.

use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Codec, Json};
use crate::error::{Error, OpenError, PushError};
use crate::options::QueueOptions;
use crate::push::Pushed;
use crate::queue::RedisQueue;
use crate::stats::QueueState;

/// Several queues for the jobs of one kind. A queue is one hash slot of a cluster, and one processor of a server: these lie
/// in as many as there are addresses.
///
/// Each job goes to the queue that its name is hashed to. A [`Worker`](crate::Worker) serves one of
/// [the queues](Self::queues); the whole is drained when all are.
///
/// # Examples
///
/// ```no_run
/// use drainpool::redis::{QueueOptions, RedisShards};
///
/// let servers = ["redis://red-1", "redis://red-2"];
/// let shards: RedisShards<String, usize> =
///     RedisShards::open(&servers, "words", &QueueOptions::new())?;
/// shards.push_once("word-1", "one".to_owned())?;
/// shards.close()?;
/// for ended in shards.queues().iter().flat_map(|queue| queue.results()) {
///     println!("{:?}", ended?.outcome);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct RedisShards<J, R, C = Json>(Vec<RedisQueue<J, R, C>>);

impl<J, R, C> RedisShards<J, R, C>
where
    J: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
    C: Codec,
{
    /// Opens one queue for each address. In the same server several times, they are queues of different names there, as
    /// those of a cluster must be. All who open them name the same addresses in the same order.
    ///
    /// # Errors
    ///
    /// As for [`RedisQueue::open`]; without any address, [`OpenError::Address`].
    pub fn open(addresses: &[&str], name: &str, options: &QueueOptions) -> Result<Self, OpenError> {
        if addresses.is_empty() {
            return Err(OpenError::Address("there is none".into()));
        }
        let open = |(shard, address): (usize, &&str)| {
            RedisQueue::open(address, &format!("{name}-{shard}"), options.clone())
        };
        Ok(Self(addresses.iter().enumerate().map(open).collect::<Result<_, _>>()?))
    }

    /// The queues, in the order of their addresses.
    #[must_use]
    pub fn queues(&self) -> &[RedisQueue<J, R, C>] {
        &self.0
    }

    /// The queue of the jobs with this name: the same in each program, on any machine.
    #[must_use]
    pub fn queue_of(&self, name: &str) -> &RedisQueue<J, R, C> {
        &self.0
            [usize::from(crc16::State::<crc16::XMODEM>::calculate(name.as_bytes())) % self.0.len()]
    }

    /// Submits a job to the queue of its name; see [`RedisQueue::push_once`].
    ///
    /// # Errors
    ///
    /// As for [`RedisQueue::push_once`].
    pub fn push_once(&self, name: &str, job: J) -> Result<Pushed, PushError<J>> {
        self.queue_of(name).push_once(name, job)
    }

    /// Closes all queues; see [`RedisQueue::close`]. Returns [`Drained`](QueueState::Drained) if all are.
    ///
    /// # Errors
    ///
    /// [`Error`] if a call fails. It can be repeated, and closes the others then.
    pub fn close(&self) -> Result<QueueState, Error> {
        let mut state = QueueState::Drained;
        for queue in &self.0 {
            if queue.close()? != QueueState::Drained {
                state = QueueState::Closed;
            }
        }
        Ok(state)
    }
}

impl<J, R, C> fmt::Debug for RedisShards<J, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisShards").field(&self.0).finish()
    }
}

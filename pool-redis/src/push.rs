//! Submitting jobs to a queue.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::Codec;
use crate::error::{Error, PushBatchError, PushError, PushRefusal};
use crate::id::StreamId;
use crate::link::code;
use crate::queue::RedisQueue;
use crate::shared::{Shared, millis};
use crate::stop::lock;

/// A hundred years in milliseconds, which the server can count.
const CENTURY: u64 = 3_155_760_000_000;
/// The number of jobs that are sent at a time.
const CHUNK: usize = 128;

/// What became of a job that was [pushed once](RedisQueue::push_once).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It was accepted now.
    Accepted(StreamId),
    /// A job with this name had been accepted before, under this id.
    Known(StreamId),
}

impl Pushed {
    /// The id of the job with that name.
    #[must_use]
    pub fn id(self) -> StreamId {
        match self {
            Self::Accepted(id) | Self::Known(id) => id,
        }
    }
}

impl<J, R, C> RedisQueue<J, R, C>
where
    J: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
    C: Codec,
{
    /// Submits a job, and waits until the server has it: with `appendfsync always`, on its disk.
    /// [`push_batch`](Self::push_batch) has many wait together.
    ///
    /// # Errors
    ///
    /// The job comes back. If the error [is unknown](PushError::is_unknown), it may have been accepted all the same:
    /// pushed again, it may run twice. [`push_once`](Self::push_once) is for jobs that must not.
    pub fn push(&self, job: J) -> Result<StreamId, PushError<J>> {
        match self.encode_and_push(&job, None) {
            Ok(pushed) => Ok(pushed.id()),
            Err(reason) => Err(PushError { reason, job }),
        }
    }

    /// Submits a job under a name of its own, unless one of this name has been accepted before. So it can be repeated
    /// until its end is known, and a lost answer does no harm.
    ///
    /// The queue knows the name for [a time](crate::QueueOptions::known_for), whether the job has ended or not.
    ///
    /// # Errors
    ///
    /// The job comes back, as from [`push`](Self::push).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use drainpool::redis::{Pushed, QueueOptions, RedisQueue};
    ///
    /// let queue: RedisQueue<u32, ()> =
    ///     RedisQueue::open("redis://127.0.0.1", "mails", QueueOptions::new())?;
    /// let order = 4711;
    /// let first = queue.push_once(&format!("order-{order}"), order)?;
    /// assert_eq!(queue.push_once("order-4711", order)?, Pushed::Known(first.id()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn push_once(&self, name: &str, job: J) -> Result<Pushed, PushError<J>> {
        self.encode_and_push(&job, Some(name)).map_err(|reason| PushError { reason, job })
    }

    fn encode_and_push(&self, job: &J, name: Option<&str>) -> Result<Pushed, PushRefusal> {
        let bytes = C::encode(job).map_err(PushRefusal::Encode)?;
        match self.shared.push(&[bytes], name)? {
            Accepted::Known(id) => Ok(Pushed::Known(id)),
            Accepted::Now(ids) => ids.first().copied().map(Pushed::Accepted).ok_or_else(no_id),
        }
    }

    /// Submits many jobs, some hundred at a time. Their ids come in the same order.
    ///
    /// # Errors
    ///
    /// [`PushBatchError`] has the ids of the jobs that were accepted, and the others. After a lost answer some of
    /// those may have been accepted all the same.
    pub fn push_batch(
        &self,
        jobs: impl IntoIterator<Item = J>,
    ) -> Result<Vec<StreamId>, PushBatchError<J>> {
        let (mut jobs, mut accepted) = (jobs.into_iter(), Vec::new());
        loop {
            let mut chunk: Vec<J> = jobs.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                return Ok(accepted);
            }
            while !chunk.is_empty() {
                let encoded: Result<Vec<_>, _> = chunk.iter().map(|job| C::encode(job)).collect();
                let pushed = encoded.map_err(PushRefusal::Encode);
                let reason = match pushed.and_then(|bytes| self.shared.push(&bytes, None)) {
                    Ok(Accepted::Now(ids)) if !ids.is_empty() && ids.len() <= chunk.len() => {
                        chunk.drain(..ids.len());
                        accepted.extend(ids);
                        continue;
                    }
                    Ok(_) => no_id(),
                    Err(reason) => reason,
                };
                chunk.extend(jobs);
                return Err(PushBatchError { reason, accepted, jobs: chunk });
            }
        }
    }
}

/// What a push has brought.
enum Accepted {
    /// The ids of the jobs that there was room for, which come first.
    Now(Vec<StreamId>),
    /// A job of this name has this id.
    Known(StreamId),
}

impl Shared {
    fn push(&self, jobs: &[Vec<u8>], name: Option<&str>) -> Result<Accepted, PushRefusal> {
        let known_for = name.map_or(0, |_| millis(self.known_for).clamp(1, CENTURY));
        let push = |connection: &mut redis::Connection| {
            let mut call = self.scripts.push.prepare_invoke();
            for key in self.keys.all() {
                call.key(key);
            }
            if let Some(name) = name {
                call.key(self.keys.once(name));
            }
            call.arg(known_for);
            for job in jobs {
                call.arg(job);
            }
            call.invoke::<Vec<String>>(connection)
        };
        // One that has a name can be repeated.
        let mut link = lock(&self.link);
        let pushed = if name.is_some() { link.call_again(push) } else { link.call(push) };
        drop(link);
        let reply = pushed.map_err(|error| match error {
            Error::Server(cause) if code(&*cause) == Some("OOM") => PushRefusal::OutOfMemory,
            error => PushRefusal::Call(error),
        })?;
        let ids = || reply[1..].iter().map(|id| id.parse()).collect::<Result<Vec<_>, _>>();
        match reply.first().map(String::as_str) {
            Some("closed") => Err(PushRefusal::Closed),
            Some("deleted") => Err(PushRefusal::Call(Error::Deleted)),
            Some("full") => Err(PushRefusal::Full),
            Some("known") => ids()
                .ok()
                .and_then(|ids| ids.first().copied())
                .map(Accepted::Known)
                .ok_or_else(no_id),
            Some("accepted") => ids().map(Accepted::Now).map_err(|_| no_id()),
            _ => Err(no_id()),
        }
    }
}

fn no_id() -> PushRefusal {
    PushRefusal::Call(Error::Unexpected("a push was not answered with an id".into()))
}

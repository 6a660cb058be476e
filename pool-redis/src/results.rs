//! The outcomes of a queue's jobs, one after the other.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use redis::{Connection, RedisResult};
use serde::de::DeserializeOwned;

use crate::codec::Codec;
use crate::entry::{Entry, Streams};
use crate::error::Error;
use crate::id::StreamId;
use crate::link::{BLOCK, Link};
use crate::outcome::{Ended, Kind, Outcome};
use crate::shared::{Shared, millis};
use crate::stop::Stop;

/// The number of outcomes that are fetched at a time.
const FETCHED: usize = 256;
/// The number of jobs that are remembered, so that none is shown twice.
const REMEMBERED: usize = 65_536;

/// The outcomes of a queue's jobs, in the order in which they ended; made by
/// [`RedisQueue::results`](crate::RedisQueue::results).
///
/// It waits for the next one, and ends when the queue is drained. Each has a [`cursor`](Ended::cursor): a program that
/// keeps it can [go on](crate::RedisQueue::results_after) there after a restart. If the connection breaks, it makes
/// another one and goes on, and says so by [`on_reconnect`](crate::QueueOptions::on_reconnect).
///
/// No job is shown twice, though a server that lost the last second of what it wrote may have two outcomes of one: of
/// the last 65,536 jobs the ids are remembered.
///
/// # Errors
///
/// An item is an [`Error`] if the server refuses, or the keys were changed by a foreign hand. The next call tries again,
/// unless the queue was deleted: that error is the last item. One whose result is no `R` is an error, too, and the next
/// call goes on after it.
pub struct Results<R, C> {
    shared: Arc<Shared>,
    link: Link,
    /// The last entry that was fetched.
    cursor: StreamId,
    fetched: VecDeque<Ended<Result<R, Error>>>,
    seen: Seen,
    is_drained: bool,
    codec: PhantomData<fn() -> C>,
}

impl<R: DeserializeOwned, C: Codec> Results<R, C> {
    pub(crate) fn new(shared: Arc<Shared>, cursor: StreamId) -> Self {
        let link = Link::new(&shared.client);
        let (fetched, seen) = (VecDeque::new(), Seen::default());
        Self { shared, link, cursor, fetched, seen, is_drained: false, codec: PhantomData }
    }

    /// Fetches the next outcomes, if there are some soon.
    fn fetch(&mut self) -> Result<(), Error> {
        let Self { shared, link, cursor, .. } = self;
        let read = |connection: &mut Connection| -> RedisResult<Streams> {
            redis::cmd("XREAD")
                .arg(&["COUNT", &FETCHED.to_string(), "BLOCK", &millis(BLOCK).to_string()])
                .arg("STREAMS")
                .arg(&shared.keys.results)
                .arg(cursor.to_string())
                .query(connection)
        };
        let told = shared.on_reconnect.as_ref();
        let streams = link.insist(&Stop::default(), Duration::ZERO, told, read)?;
        if streams.is_empty() {
            return self.check_that_it_is_there();
        }
        for entry in streams.entries() {
            self.cursor = entry.id()?;
            if entry.field("end").is_some() {
                self.is_drained = true;
                break;
            }
            // What else lies there is not of our making.
            if let Some(ended) = read_outcome::<R, C>(&entry, self.cursor)
                && self.seen.is_new(ended.id)
            {
                self.fetched.push_back(ended);
            }
        }
        Ok(())
    }

    /// Ends the iterator if the queue was deleted: there is nothing more to wait for.
    fn check_that_it_is_there(&mut self) -> Result<(), Error> {
        let Self { shared, link, .. } = self;
        let ask = |connection: &mut Connection| {
            redis::cmd("EXISTS").arg(&shared.keys.meta).query(connection)
        };
        let told = shared.on_reconnect.as_ref();
        if link.insist(&Stop::default(), Duration::ZERO, told, ask)? {
            return Ok(());
        }
        self.is_drained = true;
        Err(Error::Deleted)
    }
}

impl<R: DeserializeOwned, C: Codec> Iterator for Results<R, C> {
    type Item = Result<Ended<R>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.fetched.is_empty() {
            if self.is_drained {
                return None;
            }
            if let Err(error) = self.fetch() {
                return Some(Err(error));
            }
        }
        let Ended { id, outcome, cursor } = self.fetched.pop_front()?;
        let outcome = match outcome {
            Outcome::Done(Ok(result)) => Outcome::Done(result),
            Outcome::Done(Err(error)) => return Some(Err(error)),
            Outcome::Panicked(message) => Outcome::Panicked(message),
            Outcome::Dead { deliveries } => Outcome::Dead { deliveries },
            Outcome::Undecodable(why) => Outcome::Undecodable(why),
        };
        Some(Ok(Ended { id, outcome, cursor }))
    }
}

/// Reads one outcome. A result that cannot be decoded is an error of whoever reads it: they expect another type.
fn read_outcome<R: DeserializeOwned, C: Codec>(
    entry: &Entry,
    cursor: StreamId,
) -> Option<Ended<Result<R, Error>>> {
    let text = |field| entry.field(field).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let id: StreamId = text("id")?.parse().ok()?;
    let outcome = match Kind::parse(entry.field("k")?)? {
        Kind::Done => Outcome::Done(C::decode(entry.field("r")?).map_err(|cause| {
            Error::Unexpected(format!("the result of job {id} cannot be decoded: {cause}").into())
        })),
        Kind::Panicked => Outcome::Panicked(text("r")?),
        Kind::Dead => Outcome::Dead { deliveries: text("r")?.parse().ok()? },
        Kind::Undecodable => Outcome::Undecodable(text("r")?),
    };
    Some(Ended { id, outcome, cursor })
}

impl<R, C> fmt::Debug for Results<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results")
            .field("queue", &self.shared.keys.name())
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

/// The jobs whose outcome was shown, as many as are remembered.
#[derive(Default)]
struct Seen {
    ids: HashSet<StreamId>,
    in_order: VecDeque<StreamId>,
}

impl Seen {
    /// Notes a job. Returns whether it was not known.
    fn is_new(&mut self, id: StreamId) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.in_order.push_back(id);
        if self.in_order.len() > REMEMBERED
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_new_once() {
        let mut seen = Seen::default();
        let id = |n: u64| format!("{n}-0").parse::<StreamId>().unwrap();
        assert!((0..70_000).all(|n| seen.is_new(id(n))));
        assert!((10_000..70_000).all(|n| !seen.is_new(id(n))));
        assert_eq!(seen.ids.len(), REMEMBERED);
        assert_eq!(seen.in_order.len(), REMEMBERED);
    }
}

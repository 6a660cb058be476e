//! The one thread of a worker that fetches jobs.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use pool_core::{Handle, Job, Refusal, WaitError, WorkQueue};
use redis::{Connection, RedisResult, Value};

use crate::delivery::Delivery;
use crate::entry::{Entry, Streams};
use crate::error::Error;
use crate::hand::Hand;
use crate::leases::Leases;
use crate::link::{BLOCK, Link, code};
use crate::report::WorkerEnd;
use crate::scripts::{ENTRY_VERSION, GROUP, call};
use crate::settler::Verdict;
use crate::shared::{NO_ARGUMENTS, Shared, millis};
use crate::stop::Stop;

/// From this delivery on, a job runs alone: two workers have not ended it, and it may be the one that ends them. Those
/// that were with it then are not taken for dead with it.
const ALONE: u64 = 3;
/// The shortest time between two looks for jobs of dead workers, as parts of a lease.
const LOOKS: u32 = 3;

/// Why a puller has ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// There is nothing more for it to do.
    As(WorkerEnd),
    /// The server refused.
    Server(Error),
    /// The pool did not take a job.
    Pool(Refusal),
    /// The pool has lost its threads.
    NoThread,
}

/// Fetches jobs for the pool of a worker.
pub(crate) struct Puller<'a> {
    shared: &'a Shared,
    worker: &'a str,
    batch: usize,
    /// The number of jobs that it may have in hand.
    limit: usize,
    hand: &'a Hand,
    leases: &'a Leases,
    stop: &'a Stop,
    link: Link,
    /// Fetched, and not yet with the pool.
    fetched: VecDeque<Delivery>,
    /// When it is to look for jobs of dead workers.
    next_look: Instant,
    /// Whether the job that was fetched last runs alone.
    runs_alone: bool,
    pub(crate) reclaimed: u64,
    pub(crate) dead: u64,
}

impl<'a> Puller<'a> {
    pub(crate) fn new(
        shared: &'a Shared,
        worker: &'a str,
        (batch, threads): (usize, usize),
        hand: &'a Hand,
        leases: &'a Leases,
        stop: &'a Stop,
    ) -> Self {
        let (link, fetched) = (Link::new(&shared.client), VecDeque::new());
        let next_look = Instant::now();
        // With one thread and one job at a time, none waits here.
        let limit = threads + batch - 1;
        Self {
            shared,
            worker,
            batch,
            limit,
            hand,
            leases,
            stop,
            link,
            fetched,
            next_look,
            runs_alone: false,
            reclaimed: 0,
            dead: 0,
        }
    }

    /// Fetches jobs and submits them, until the queue is drained or the worker is to stop.
    pub(crate) fn pull<Q: WorkQueue<Job<Delivery>>>(
        &mut self,
        pool: &Handle<Delivery, Verdict, Q>,
    ) -> Ended {
        loop {
            if let Err(refused) = self.submit(pool) {
                return Ended::Pool(refused);
            }
            let Some(room) = self.wait_for_room(pool) else { return Ended::NoThread };
            if self.stop.is_set() {
                return Ended::As(WorkerEnd::Stopped);
            }
            match self.fetch(room) {
                Ok(None) => {}
                Ok(Some(end)) => return Ended::As(end),
                Err(error) => return Ended::Server(error),
            }
        }
    }

    /// Waits until some more jobs may be fetched, or it is to stop. `None` if that would be for ever.
    fn wait_for_room<Q: WorkQueue<Job<Delivery>>>(
        &mut self,
        pool: &Handle<Delivery, Verdict, Q>,
    ) -> Option<usize> {
        loop {
            // While a job runs alone, there is no room for another one.
            self.runs_alone = self.runs_alone && !self.leases.wait_until_empty(BLOCK);
            let room = if self.runs_alone { 0 } else { self.hand.wait_for_room(self.limit, BLOCK) };
            if room > 0 || self.stop.is_set() {
                return Some(room);
            }
            // It tries to start a thread, if there is none.
            if pool.wait_idle_timeout(Duration::ZERO) == Err(WaitError::NoThread) {
                return None;
            }
        }
    }

    /// The jobs that are not with the pool.
    pub(crate) fn left(&mut self) -> impl Iterator<Item = Delivery> + '_ {
        self.fetched.drain(..)
    }

    /// Submits what was fetched; until it is to stop.
    fn submit<Q: WorkQueue<Job<Delivery>>>(
        &mut self,
        pool: &Handle<Delivery, Verdict, Q>,
    ) -> Result<(), Refusal> {
        while let Some(delivery) = self.fetched.pop_front() {
            if self.stop.is_set() {
                self.fetched.push_front(delivery);
                return Ok(());
            }
            if let Err(refused) = pool.submit(delivery) {
                let (reason, delivery) = refused.into_parts();
                self.fetched.push_front(delivery);
                return Err(reason);
            }
        }
        Ok(())
    }

    /// Fetches some jobs, if there are any soon. Returns the end if there will be none any more.
    fn fetch(&mut self, room: usize) -> Result<Option<WorkerEnd>, Error> {
        if Instant::now() >= self.next_look && self.reclaim()? {
            return Ok(None);
        }
        let Self { shared, worker, batch, .. } = self;
        let (count, block) =
            (room.min(*batch).to_string(), millis(BLOCK.min(shared.lease / LOOKS)));
        let read = |connection: &mut Connection| -> RedisResult<Streams> {
            redis::cmd("XREADGROUP")
                .arg(&["GROUP", GROUP, worker, "COUNT", &count, "BLOCK", &block.to_string()])
                .arg("STREAMS")
                .arg(&shared.keys.jobs)
                .arg(">")
                .query(connection)
        };
        let told = shared.on_reconnect.as_ref();
        // An answer that is lost leaves jobs with this worker of which it knows nothing: their leases end.
        match self.link.insist(self.stop, Duration::ZERO, told, read) {
            Ok(streams) => {
                for entry in streams.entries() {
                    self.take(&entry, 1)?;
                }
                if self.fetched.is_empty() {
                    self.reclaim()?;
                }
                Ok(None)
            }
            Err(Error::Server(cause)) if matches!(code(&*cause), Some("NOGROUP" | "UNBLOCKED")) => {
                self.find_end()
            }
            // It is to stop, and the server is away.
            Err(Error::Unreachable(_) | Error::Lost(_)) if self.stop.is_set() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Why the group of workers is gone.
    fn find_end(&mut self) -> Result<Option<WorkerEnd>, Error> {
        let Shared { scripts, keys, on_reconnect, .. } = self.shared;
        let stats = |connection: &mut Connection| {
            call::<Vec<Value>>(&scripts.stats, keys, NO_ARGUMENTS, connection)
        };
        let known = self.link.insist(self.stop, Duration::ZERO, on_reconnect.as_ref(), stats)?;
        match known.first() {
            Some(Value::BulkString(state)) if state == b"drained" => Ok(Some(WorkerEnd::Drained)),
            Some(Value::Nil) => Ok(Some(WorkerEnd::Deleted)),
            _ => Err(Error::Unexpected("the queue has lost its group of workers".into())),
        }
    }

    /// Takes over one job of a worker that is silent. Returns whether there may be another one.
    fn reclaim(&mut self) -> Result<bool, Error> {
        let Shared { scripts, keys, lease, max_deliveries, on_reconnect, .. } = self.shared;
        // Only this thread takes jobs, so it stays without.
        let has_none = self.leases.is_empty();
        let arguments = [
            self.worker.to_owned(),
            millis(*lease).to_string(),
            max_deliveries.to_string(),
            ALONE.to_string(),
            u8::from(has_none).to_string(),
        ];
        let look = |connection: &mut Connection| {
            call::<Reclaimed>(&scripts.reclaim, keys, &arguments, connection)
        };
        let found = match self.link.insist(self.stop, Duration::ZERO, on_reconnect.as_ref(), look) {
            Ok(found) => found,
            Err(Error::Unreachable(_) | Error::Lost(_)) if self.stop.is_set() => return Ok(false),
            Err(error) => return Err(error),
        };
        match found {
            Reclaimed::None => {
                self.next_look = Instant::now() + *lease / LOOKS;
                return Ok(false);
            }
            Reclaimed::Dead => self.dead += 1,
            Reclaimed::Gone => {}
            Reclaimed::Job(entry, deliveries) => {
                self.reclaimed += 1;
                // One that has waited too long for that runs with others, which it must not hold up.
                self.runs_alone = has_none && deliveries >= ALONE;
                self.take(&entry, deliveries)?;
            }
        }
        Ok(true)
    }

    /// Takes a delivered entry. What is no job of ours has no payload, and its outcome says so.
    fn take(&mut self, entry: &Entry, deliveries: u64) -> Result<(), Error> {
        let is_ours = entry.field("v") == Some(ENTRY_VERSION);
        let payload = entry.field("j").filter(|_| is_ours);
        let delivery = Delivery::new(entry.id()?, deliveries, payload);
        // This worker may have been the silent one, and run it still.
        if self.leases.hold(delivery.clone()) {
            self.hand.take();
            self.fetched.push_back(delivery);
        }
        Ok(())
    }
}

/// What a look for the jobs of silent workers has brought.
enum Reclaimed {
    None,
    /// One was delivered too often, and has ended.
    Dead,
    /// One was removed from the stream.
    Gone,
    Job(Entry, u64),
}

impl redis::FromRedisValue for Reclaimed {
    fn from_redis_value(value: Value) -> Result<Self, redis::ParsingError> {
        let words: Vec<Value> = redis::from_redis_value(value)?;
        let mut words = words.into_iter();
        let mut next = || words.next().unwrap_or(Value::Nil);
        let kind: String = redis::from_redis_value(next())?;
        Ok(match &*kind {
            "none" => Self::None,
            "dead" => Self::Dead,
            "gone" => Self::Gone,
            _ => {
                let id = redis::from_redis_value(next())?;
                let deliveries = redis::from_redis_value(next())?;
                Self::Job(Entry::new(id, redis::from_redis_value(next())?), deliveries)
            }
        })
    }
}

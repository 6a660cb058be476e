//! A queue, as those see it who submit jobs and collect results.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::Client;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Codec, Json};
use crate::error::{Error, OpenError, PushBatchError, PushError, PushRefusal};
use crate::id::StreamId;
use crate::keys::Keys;
use crate::link::{Link, code};
use crate::options::{OnReconnect, QueueOptions};
use crate::results::Results;
use crate::scripts::{FORMAT, Scripts, call};
use crate::server::Server;
use crate::stop::lock;

/// The number of jobs that are sent at a time.
const CHUNK: usize = 128;
/// The leases that a queue may have.
const LEASES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(86_400));

/// A queue of jobs in a Redis server, for programs on any number of machines. Clones share one connection.
///
/// `J` are the jobs and `R` the results of the handler, both of which `C` encodes.
///
/// # Examples
///
/// See [the crate](crate).
pub struct RedisQueue<J, R, C = Json> {
    pub(crate) shared: Arc<Shared>,
    types: PhantomData<fn(J) -> (R, C)>,
}

/// The part of a queue that knows nothing of the types.
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) keys: Keys,
    pub(crate) scripts: Scripts,
    pub(crate) lease: Duration,
    pub(crate) max_deliveries: u64,
    pub(crate) on_reconnect: Option<OnReconnect>,
    known_for: Duration,
    link: Mutex<Link>,
}

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

impl<J, R, C> RedisQueue<J, R, C>
where
    J: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
    C: Codec,
{
    /// Opens a queue, and makes it if there is none of this name.
    ///
    /// The address is one of
    ///
    /// * `redis://host`, `redis://:password@host:6379/2`, `redis://user:password@host`: with port, password, user of
    ///   the server's access control and number of the database, if they are needed,
    /// * `rediss://…`: the same, encrypted, with the feature `tls`; the server's certificate is checked against those that
    ///   the system trusts, or those in the file that `SSL_CERT_FILE` names,
    /// * `unix:///run/redis.sock?db=2&user=…&pass=…`: a socket on this machine.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says what does not fit: the address, the name, an option, the server or the queue that is there.
    pub fn open(address: &str, name: &str, options: QueueOptions) -> Result<Self, OpenError> {
        install_cryptography();
        let client = Client::open(address).map_err(|error| OpenError::Address(error.into()))?;
        let keys = Keys::new(name).ok_or_else(|| OpenError::Name(name.to_owned()))?;
        check(&options)?;
        let (scripts, mut link) = (Scripts::new(), Link::new(&client));
        link.call(Server::ask)?.check(options.allows_volatile)?;
        let text = |number: Option<u64>| number.map_or(String::new(), |n| n.to_string());
        let lease = options.lease.map(millis);
        let settings =
            [FORMAT.to_owned(), text(options.capacity), text(lease), text(options.max_deliveries)];
        let known: (String, u64, u64, u64, String) =
            link.call(|connection| call(&scripts.open, &keys, &settings, connection))?;
        if known.0 != FORMAT {
            return Err(OpenError::Format { found: known.0 });
        }
        let asked = [
            ("capacity", options.capacity, known.1),
            ("lease", lease, known.2),
            ("max_deliveries", options.max_deliveries, known.3),
        ];
        for (setting, asked, found) in asked {
            if let Some(asked) = asked.filter(|asked| *asked != found) {
                return Err(OpenError::Differs { setting, found, asked });
            }
        }
        let shared = Shared {
            client,
            keys,
            scripts,
            lease: Duration::from_millis(known.2),
            max_deliveries: known.3,
            on_reconnect: options.on_reconnect,
            known_for: options.known_for.unwrap_or(Duration::from_secs(86_400)),
            link: Mutex::new(link),
        };
        Ok(Self { shared: Arc::new(shared), types: PhantomData })
    }

    /// Submits a job.
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

    /// Closes the queue, for good: it accepts nothing more. Once every job has its outcome it is drained, and the workers
    /// leave. Returns its state, which is the same from each further call.
    ///
    /// # Errors
    ///
    /// [`Error`] if the call fails. It can be repeated.
    pub fn close(&self) -> Result<QueueState, Error> {
        let Shared { scripts, keys, .. } = &*self.shared;
        let state: String =
            self.shared.call(|connection| call(&scripts.close, keys, NO_ARGUMENTS, connection))?;
        parse_state(&state)
    }

    /// What is known of the queue.
    ///
    /// # Errors
    ///
    /// [`Error`] if the call fails.
    pub fn stats(&self) -> Result<QueueStats, Error> {
        let Shared { scripts, keys, .. } = &*self.shared;
        let (state, accepted, ended, left, running, dead): (String, u64, u64, u64, u64, u64) =
            self.shared.call(|connection| call(&scripts.stats, keys, NO_ARGUMENTS, connection))?;
        let state = parse_state(&state)?;
        let waiting = left.saturating_sub(running);
        Ok(QueueStats { state, accepted, ended, waiting, running, dead })
    }

    /// The outcomes of all jobs, from the first one that is kept; see [`Results`]. It waits for further ones, and ends when
    /// the queue is drained.
    #[must_use]
    pub fn results(&self) -> Results<R, C> {
        self.results_after(StreamId::START)
    }

    /// The outcomes after this one: its [cursor](crate::Ended::cursor), kept by a program that goes on where it was.
    #[must_use]
    pub fn results_after(&self, cursor: StreamId) -> Results<R, C> {
        Results::new(Arc::clone(&self.shared), cursor)
    }

    /// Removes the outcomes up to this one from the server, when they have been dealt with.
    ///
    /// # Errors
    ///
    /// [`Error`] if the call fails. It can be repeated.
    pub fn forget_results(&self, cursor: StreamId) -> Result<(), Error> {
        self.shared.call(|connection| {
            // The first of those that stay is the next after it.
            let stay = StreamId::after(cursor).to_string();
            redis::cmd("XTRIM")
                .arg(&self.shared.keys.results)
                .arg("MINID")
                .arg(stay)
                .exec(connection)
        })
    }

    /// Removes the queue from the server, with jobs, outcomes and dead jobs. Workers that have some of its jobs end
    /// with an error.
    ///
    /// # Errors
    ///
    /// [`Error`] if the call fails. It can be repeated.
    pub fn delete(&self) -> Result<(), Error> {
        self.shared.call(|connection| {
            redis::cmd("DEL").arg(self.shared.keys.all().as_slice()).exec(connection)
        })
    }
}

pub(crate) const NO_ARGUMENTS: &[&str] = &[];

/// What a push has brought.
enum Accepted {
    /// The ids of the jobs that there was room for, which come first.
    Now(Vec<StreamId>),
    /// A job of this name has this id.
    Known(StreamId),
}

impl Shared {
    /// Calls the server on the connection of those who submit.
    fn call<T>(
        &self,
        command: impl FnOnce(&mut redis::Connection) -> redis::RedisResult<T>,
    ) -> Result<T, Error> {
        lock(&self.link).call(command)
    }

    fn push(&self, jobs: &[Vec<u8>], name: Option<&str>) -> Result<Accepted, PushRefusal> {
        let known_for = name.map_or(0, |_| millis(self.known_for).max(1));
        let pushed = self.call(|connection| {
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
        });
        let reply = pushed.map_err(|error| match error {
            Error::Server(cause) if code(&*cause) == Some("OOM") => PushRefusal::OutOfMemory,
            error => PushRefusal::Call(error),
        })?;
        let ids = || reply[1..].iter().map(|id| id.parse()).collect::<Result<Vec<_>, _>>();
        match reply.first().map(String::as_str) {
            Some("closed") => Err(PushRefusal::Closed),
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

fn parse_state(state: &str) -> Result<QueueState, Error> {
    match state {
        "open" => Ok(QueueState::Open),
        "closed" => Ok(QueueState::Closed),
        "drained" => Ok(QueueState::Drained),
        state => Err(Error::Unexpected(format!("the queue's state is {state:?}").into())),
    }
}

/// Has `rustls` use `ring`, unless the program has chosen something else. It would panic if it had to choose.
fn install_cryptography() {
    #[cfg(feature = "tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may have been quicker.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// Refuses options with which no job could end.
fn check(options: &QueueOptions) -> Result<(), OpenError> {
    if let Some(lease) = options.lease
        && !(LEASES.0..=LEASES.1).contains(&lease)
    {
        return Err(OpenError::Lease(lease));
    }
    if options.max_deliveries == Some(0) {
        return Err(OpenError::ZeroDeliveries);
    }
    if options.capacity == Some(0) {
        return Err(OpenError::ZeroCapacity);
    }
    Ok(())
}

/// In whole milliseconds, as the server counts.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> 11)
}

impl<J, R, C> Clone for RedisQueue<J, R, C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), types: PhantomData }
    }
}

impl<J, R, C> fmt::Debug for RedisQueue<J, R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisQueue")
            .field("name", &self.shared.keys.name())
            .field("lease", &self.shared.lease)
            .field("max_deliveries", &self.shared.max_deliveries)
            .finish_non_exhaustive()
    }
}

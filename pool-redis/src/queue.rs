//! A queue, as those see it who submit jobs and collect results.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::Client;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Codec, Json};
use crate::error::{Error, OpenError};
use crate::id::StreamId;
use crate::keys::Keys;
use crate::link::Link;
use crate::options::QueueOptions;
use crate::results::Results;
use crate::scripts::{FORMAT, Scripts, call};
use crate::server::Server;
use crate::shared::{NO_ARGUMENTS, Shared, millis};
use crate::stats::{QueueState, QueueStats, parse_state};

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
        let settings = [
            FORMAT.to_owned(),
            text(options.capacity),
            text(lease),
            text(options.max_deliveries),
            u8::from(options.must_exist).to_string(),
        ];
        type Known = (Option<String>, Option<u64>, Option<u64>, Option<u64>, Option<String>);
        let (format, capacity, lease_found, deliveries, _state): Known =
            link.call(|connection| call(&scripts.open, &keys, &settings, connection))?;
        let Some(format) = format else { return Err(OpenError::Missing) };
        let found = |number: Option<u64>| number.unwrap_or(0);
        let known = (format, found(capacity), found(lease_found), found(deliveries));
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

    /// Closes the queue, for good: it accepts nothing more. Once every job has its outcome it is drained, and the workers
    /// leave. Returns its state, which is the same from each further call.
    ///
    /// # Errors
    ///
    /// [`Error`] if the call fails. It can be repeated.
    pub fn close(&self) -> Result<QueueState, Error> {
        let Shared { scripts, keys, .. } = &*self.shared;
        let state: Option<String> =
            self.shared.call(|connection| call(&scripts.close, keys, NO_ARGUMENTS, connection))?;
        parse_state(&state.unwrap_or_default())
    }

    /// What is known of the queue.
    ///
    /// # Errors
    ///
    /// [`Error`] if the call fails.
    pub fn stats(&self) -> Result<QueueStats, Error> {
        let Shared { scripts, keys, .. } = &*self.shared;
        type Known = (Option<String>, Option<u64>, Option<u64>, u64, u64, u64);
        let (state, accepted, ended, left, running, dead): Known =
            self.shared.call(|connection| call(&scripts.stats, keys, NO_ARGUMENTS, connection))?;
        let state = parse_state(&state.unwrap_or_default())?;
        let (accepted, ended) = (accepted.unwrap_or(0), ended.unwrap_or(0));
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

    /// Removes the queue from the server, with jobs, outcomes and dead jobs. A new one may be opened under its name.
    /// Workers end as [`Deleted`](crate::WorkerEnd::Deleted), iterators over its outcomes with [`Error::Deleted`].
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

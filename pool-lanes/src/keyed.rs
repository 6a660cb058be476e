//! Lanes by key: each made when it is asked for, and dropped with its last job.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::marker::PhantomData;
use std::sync::Arc;

use pool_core::Handle;

use crate::lane::Lane;
use crate::registry::Registry;
use crate::turns::Turns;

/// One [`Lane`] for each key; made by [`LanesExt::lanes`](crate::LanesExt::lanes).
///
/// A lane is there from the first time that it is [asked for](Self::lane) until its last job has ended and its
/// last [`Lane`] is dropped. So any number of keys may come and go: what they take is the memory of the jobs
/// that have not ended.
///
/// Keys are told apart by their hashes, of 64 bits and with a random seed, and are not kept. Two keys with the
/// same hash share a lane, which keeps the order and the limit of both. That practically happens only to keys
/// whose [`Hash`] leaves out what tells them apart.
///
/// It is cheap to clone; the clones share their lanes.
///
/// # Examples
///
/// Each account's bookings in order, those of different accounts at the same time:
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::{Arc, Mutex};
/// use drainpool::{LanesExt, ThreadPoolBuilder};
///
/// let pool = ThreadPoolBuilder::new().build()?;
/// let booked = Arc::new(Mutex::new(HashMap::<_, Vec<_>>::new()));
/// let accounts = pool.lanes::<u32>();
/// for booking in 0..1_000 {
///     let (account, booked) = (booking % 7, booked.clone());
///     accounts.lane(&account).execute(move || {
///         booked.lock().unwrap().entry(account).or_default().push(booking);
///     })?;
/// }
/// pool.shutdown();
/// assert!(booked.lock().unwrap().values().all(|bookings| bookings.is_sorted()));
/// assert!(accounts.is_empty());
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
pub struct Lanes<K: ?Sized, J, R, Q> {
    handle: Handle<J, R, Q>,
    limit: usize,
    hasher: RandomState,
    lanes: Arc<Registry<Turns>>,
    key: PhantomData<fn(&K)>,
}

impl<K: Hash + ?Sized, J, R, Q> Lanes<K, J, R, Q> {
    pub(crate) fn new(handle: Handle<J, R, Q>) -> Self {
        let (hasher, lanes) = (RandomState::new(), Registry::new());
        Self { handle, limit: 1, hasher, lanes, key: PhantomData }
    }

    /// Returns lanes, none of which is there yet, in each of which at most this many jobs run at a time; at
    /// least 1, which is the default and keeps the order.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{LanesExt, ThreadPoolBuilder};
    ///
    /// let pool = ThreadPoolBuilder::new().build()?;
    /// let hosts = pool.lanes::<str>().with_limit(2);
    /// for page in 0..10 {
    ///     let host = if page % 3 == 0 { "docs.example" } else { "www.example" };
    ///     hosts.lane(host).execute(move || println!("fetch {host}/{page}"))?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
    /// ```
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        Self { limit: limit.max(1), lanes: Registry::new(), ..self }
    }

    /// Returns the lane of this key. If it has no job at present and nobody holds it, it is a new one.
    pub fn lane<B>(&self, key: &B) -> Lane<J, R, Q>
    where
        K: Borrow<B>,
        B: Hash + ?Sized,
    {
        let make = |entry| Turns::new(self.limit, Some(entry));
        let turns = self.lanes.get_or_make(self.hasher.hash_one(key), make);
        Lane::new(self.handle.clone(), turns)
    }
}

impl<K: ?Sized, J, R, Q> Lanes<K, J, R, Q> {
    /// The number of lanes that are there at present.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lanes.len()
    }

    /// Whether no lane is there at present.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of jobs of one key that may run at a time.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl<K: ?Sized, J, R, Q> Clone for Lanes<K, J, R, Q> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            limit: self.limit,
            hasher: self.hasher.clone(),
            lanes: Arc::clone(&self.lanes),
            key: PhantomData,
        }
    }
}

impl<K: ?Sized, J, R, Q> fmt::Debug for Lanes<K, J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lanes = f.debug_struct("Lanes");
        lanes.field("limit", &self.limit).field("len", &self.len()).finish_non_exhaustive()
    }
}

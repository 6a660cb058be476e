//! Lanes by key: each made when it is asked for, and dropped with its last job.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use pool_core::Handle;

use crate::lane::Lane;
use crate::sync::{Mutex, lock};
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
    keyed: Arc<Keyed>,
    key: PhantomData<fn(&K)>,
}

/// The lanes that are there, by the hashes of their keys.
#[derive(Default)]
struct Keyed {
    /// Keys are hashed outside of the lock: that is foreign code.
    hasher: RandomState,
    lanes: Mutex<HashMap<u64, Weak<Turns>>>,
}

/// The number of entries up to which the map keeps its memory.
const SMALL: usize = 64;

impl Keyed {
    /// Returns the lane for this hash; makes it if there is none.
    fn turns(self: &Arc<Self>, hash: u64, limit: usize) -> Arc<Turns> {
        let mut lanes = lock(&self.lanes);
        // One that cannot be upgraded is about to leave. It has no job left.
        if let Some(turns) = lanes.get(&hash).and_then(Weak::upgrade) {
            return turns;
        }
        let home =
            |turns: &Weak<Turns>| Home { keyed: Arc::clone(self), hash, turns: turns.clone() };
        let turns = Arc::new_cyclic(|turns| Turns::new(limit, Some(home(turns))));
        lanes.insert(hash, Arc::downgrade(&turns));
        turns
    }

    /// Removes the lane, unless another has taken its place. Gives the map's memory back when most of it is
    /// not used any more.
    fn leave(&self, hash: u64, turns: &Weak<Turns>) {
        let mut lanes = lock(&self.lanes);
        if lanes.get(&hash).is_some_and(|entry| Weak::ptr_eq(entry, turns)) {
            lanes.remove(&hash);
        }
        if lanes.capacity() > SMALL && lanes.len() < lanes.capacity() / 8 {
            let room = lanes.len() * 2;
            lanes.shrink_to(room);
        }
    }
}

/// Where a lane is found by its key. Dropped with the lane.
pub(crate) struct Home {
    keyed: Arc<Keyed>,
    hash: u64,
    turns: Weak<Turns>,
}

impl Drop for Home {
    fn drop(&mut self) {
        self.keyed.leave(self.hash, &self.turns);
    }
}

impl<K: Hash + ?Sized, J, R, Q> Lanes<K, J, R, Q> {
    pub(crate) fn new(handle: Handle<J, R, Q>) -> Self {
        Self { handle, limit: 1, keyed: Arc::default(), key: PhantomData }
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
        Self { limit: limit.max(1), keyed: Arc::default(), ..self }
    }

    /// Returns the lane of this key. If it has no job at present and nobody holds it, it is a new one.
    pub fn lane<B>(&self, key: &B) -> Lane<J, R, Q>
    where
        K: Borrow<B>,
        B: Hash + ?Sized,
    {
        let turns = self.keyed.turns(self.keyed.hasher.hash_one(key), self.limit);
        Lane::new(self.handle.clone(), turns)
    }
}

impl<K: ?Sized, J, R, Q> Lanes<K, J, R, Q> {
    /// The number of lanes that are there at present.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.keyed.lanes).len()
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
        let (handle, keyed) = (self.handle.clone(), Arc::clone(&self.keyed));
        Self { handle, limit: self.limit, keyed, key: PhantomData }
    }
}

impl<K: ?Sized, J, R, Q> fmt::Debug for Lanes<K, J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lanes = f.debug_struct("Lanes");
        lanes.field("limit", &self.limit).field("len", &self.len()).finish_non_exhaustive()
    }
}

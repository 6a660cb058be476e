//! The jobs that are of no use after a certain time, by that time.

use std::collections::BTreeMap;
use std::sync::Weak;
use std::time::Instant;

use crate::id::JobId;
use crate::sync::{AtomicU64, Mutex, Relaxed, lock};

/// The moment at which a job expires, and the address of its cell, which tells it from others.
pub(crate) type ExpiryKey = (Instant, usize);

/// A job in the list, which does not keep it.
type Entry<J> = (JobId, Weak<J>);

/// The queued jobs that expire. No thread watches over them: whoever waits, finds the queue full, asks
/// after such a job or for figures, or adds a certain number, looks at the clock and ends those whose time
/// is over.
pub(crate) struct Expiring<J: ?Sized> {
    /// How many there are, for a look without the lock. A hint: it is changed under the lock.
    count: AtomicU64,
    jobs: Mutex<BTreeMap<ExpiryKey, Entry<J>>>,
}

impl<J: ?Sized> Default for Expiring<J> {
    fn default() -> Self {
        Self { count: AtomicU64::default(), jobs: Mutex::default() }
    }
}

impl<J: ?Sized> Expiring<J> {
    /// Adds a job that was accepted under this id. Whether it is the first of all to expire, and
    /// how many there are.
    pub(crate) fn add(&self, key: ExpiryKey, id: JobId, job: Weak<J>) -> (bool, usize) {
        let mut jobs = lock(&self.jobs);
        let former = jobs.insert(key, (id, job));
        let is_first = jobs.first_key_value().is_some_and(|(first, _)| *first == key);
        let count = jobs.len();
        self.count.store(count as u64, Relaxed);
        drop(jobs);
        // That of a cell at the same address, which is gone.
        drop(former);
        (is_first, count)
    }

    /// A job is not queued any more.
    pub(crate) fn remove(&self, key: ExpiryKey) {
        let mut jobs = lock(&self.jobs);
        let removed = jobs.remove(&key);
        self.count.store(jobs.len() as u64, Relaxed);
        drop(jobs);
        drop(removed);
    }

    /// Whether there are none. `Relaxed`: whoever has added a job looks after it, or tells those who do.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Relaxed) == 0
    }

    /// When the first of them expires.
    pub(crate) fn next(&self) -> Option<Instant> {
        if self.is_empty() {
            return None;
        }
        lock(&self.jobs).first_key_value().map(|((moment, _), _)| *moment)
    }

    /// Takes out those whose time is over.
    pub(crate) fn take_due(&self, now: Instant) -> Vec<Entry<J>> {
        let mut jobs = lock(&self.jobs);
        let mut due = Vec::new();
        while let Some(first) = jobs.first_entry()
            && first.key().0 <= now
        {
            due.push(first.remove());
        }
        self.count.store(jobs.len() as u64, Relaxed);
        due
    }
}

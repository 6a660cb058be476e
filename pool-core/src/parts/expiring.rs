//! The list of queued jobs that expire, in the order of their deadlines.

use std::collections::BTreeMap;
use std::sync::Weak;
use std::time::Instant;

use crate::id::JobId;
use crate::sync::{AtomicU64, Mutex, Relaxed, lock};

/// The moment at which a job expires, and the address of its cell, which makes the key unique.
pub(crate) type ExpiryKey = (Instant, usize);

/// A job in the list, which does not keep it alive.
type Entry<J> = (JobId, Weak<J>);

/// The queued jobs that expire. No thread watches over them. A thread that waits, finds the queue full,
/// asks for such a job or for stats, or adds a certain number, looks at the clock and ends those whose time
/// is over.
pub(crate) struct Expiring<J: ?Sized> {
    /// The number of them, for a look without the lock. A hint: it is changed under the lock.
    count: AtomicU64,
    jobs: Mutex<BTreeMap<ExpiryKey, Entry<J>>>,
}

impl<J: ?Sized> Default for Expiring<J> {
    fn default() -> Self {
        Self { count: AtomicU64::default(), jobs: Mutex::default() }
    }
}

impl<J: ?Sized> Expiring<J> {
    /// Adds a job that was accepted under this id. Returns whether it is the first of all to expire, and
    /// the number of jobs.
    pub(crate) fn add(&self, key: ExpiryKey, id: JobId, job: Weak<J>) -> (bool, usize) {
        let mut jobs = lock(&self.jobs);
        let former = jobs.insert(key, (id, job));
        let is_first = jobs.first_key_value().is_some_and(|(first, _)| *first == key);
        let count = jobs.len();
        self.count.store(count as u64, Relaxed);
        drop(jobs);
        // The entry of a cell at the same address, which is gone.
        drop(former);
        (is_first, count)
    }

    /// Removes a job that is not queued any more.
    pub(crate) fn remove(&self, key: ExpiryKey) {
        let mut jobs = lock(&self.jobs);
        let removed = jobs.remove(&key);
        self.count.store(jobs.len() as u64, Relaxed);
        drop(jobs);
        drop(removed);
    }

    /// Whether there are none. `Relaxed`: the thread that has added a job looks at the list itself, or
    /// wakes those that do.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Relaxed) == 0
    }

    /// The moment at which the first of them expires.
    pub(crate) fn next(&self) -> Option<Instant> {
        if self.is_empty() {
            return None;
        }
        lock(&self.jobs).first_key_value().map(|((moment, _), _)| *moment)
    }

    /// Takes out the first job, if its time is over. One at a time: the others stay in sight of the threads
    /// that wait for them.
    pub(crate) fn take_due(&self, now: Instant) -> Option<Entry<J>> {
        let mut jobs = lock(&self.jobs);
        let first = jobs.first_entry().filter(|first| first.key().0 <= now)?.remove();
        self.count.store(jobs.len() as u64, Relaxed);
        Some(first)
    }
}

//! The leases that a worker has, and the thread that renews them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::delivery::Delivery;
use crate::id::StreamId;
use crate::link::Link;
use crate::scripts::call;
use crate::shared::Shared;
use crate::stop::{Stop, lock};

/// The number of leases that are renewed at a time.
const CHUNK: usize = 256;

/// The jobs that were delivered to a worker and have not ended.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: Mutex<HashMap<StreamId, Held>>,
    /// Notified when some are let go.
    changed: Condvar,
    /// The number of those that were lost.
    lost: AtomicU64,
}

#[derive(Debug)]
struct Held {
    delivery: Delivery,
    /// Its outcome is on its way to the server.
    is_settling: bool,
}

impl Leases {
    /// Returns whether it is new. One that is held already, and was taken for lost, stays what it is.
    pub(crate) fn hold(&self, delivery: Delivery) -> bool {
        match lock(&self.held).entry(delivery.id()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(entry) => {
                entry.insert(Held { delivery, is_settling: false });
                true
            }
        }
    }

    /// Notes that the outcomes of these jobs are on their way: from here on it says nothing if a lease is gone.
    pub(crate) fn settle(&self, ids: impl Iterator<Item = StreamId>) {
        let mut held = lock(&self.held);
        for id in ids {
            if let Some(held) = held.get_mut(&id) {
                held.is_settling = true;
            }
        }
    }

    pub(crate) fn let_go(&self, ids: impl Iterator<Item = StreamId>) {
        let mut held = lock(&self.held);
        for id in ids {
            held.remove(&id);
        }
        self.changed.notify_all();
    }

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.held).is_empty()
    }

    /// Waits until there are none, for this time at most. Returns whether there are none.
    pub(crate) fn wait_until_empty(&self, time: Duration) -> bool {
        let waited =
            self.changed.wait_timeout_while(lock(&self.held), time, |held| !held.is_empty());
        waited.unwrap_or_else(PoisonError::into_inner).0.is_empty()
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Has the jobs told that their leases are gone.
    fn lose(&self, ids: impl Iterator<Item = StreamId>) {
        let held = lock(&self.held);
        for id in ids {
            if let Some(held) = held.get(&id).filter(|held| !held.is_settling)
                && !held.delivery.is_lost()
            {
                held.delivery.lose();
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Those to be renewed. One that is lost is not: another worker has the job.
    fn ids(&self) -> Vec<String> {
        let held = lock(&self.held);
        let kept = held.values().filter(|held| !held.delivery.is_lost());
        kept.map(|held| held.delivery.id().to_string()).collect()
    }
}

/// Renews the leases of this worker, three times in the life of one, on a connection of its own: no job and no answer
/// that takes long holds it up. Until `stop` is set, which is when the last outcome is in the server.
pub(crate) fn renew(shared: &Shared, worker: &str, leases: &Leases, stop: &Stop) {
    let mut link = Link::new(&shared.client);
    while !stop.wait(shared.lease / 3) {
        for chunk in leases.ids().chunks(CHUNK) {
            let mut arguments = Vec::with_capacity(1 + chunk.len());
            arguments.push(worker.to_owned());
            arguments.extend_from_slice(chunk);
            let told = shared.on_reconnect.as_ref();
            let renewed = link.insist(stop, Duration::ZERO, told, |connection| {
                call::<Vec<String>>(&shared.scripts.renew, &shared.keys, &arguments, connection)
            });
            // If the server refuses, the leases run out, and other workers take the jobs.
            let lost = renewed.unwrap_or_default();
            leases.lose(lost.iter().filter_map(|id| id.parse().ok()));
        }
    }
}

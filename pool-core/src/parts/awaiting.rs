//! The tasks that wait for something of a pool, for the case that no worker is left to bring it about.

use std::collections::HashMap;
use std::hash::Hash;
use std::task::Waker;

use crate::panics::{drop_quietly, wake_quietly};
use crate::sync::{Mutex, lock};

/// Tasks by what each waits for, with what wakes it. A task that is woken looks whether a worker can come, and waits
/// on if so: then it is noted again.
pub(crate) struct Awaiting<K>(Mutex<HashMap<K, Waker>>);

impl<K> Default for Awaiting<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq> Awaiting<K> {
    /// Notes that a task waits for this. It looks for a worker afterwards: either [`wake`](Self::wake) comes later
    /// and finds it here, or what came before that is seen by then, by the lock.
    pub(crate) fn note(&self, what: K, waker: &Waker) {
        if lock(&self.0).get(&what).is_some_and(|known| known.will_wake(waker)) {
            return;
        }
        // Cloned and dropped without the lock: both are foreign code.
        let waker = waker.clone();
        let former = lock(&self.0).insert(what, waker);
        drop_quietly(former);
    }

    /// Forgets the task that waited for this, if there is one. What a burst needed is given back (C9).
    pub(crate) fn forget(&self, what: &K) {
        let mut tasks = lock(&self.0);
        let waker = tasks.remove(what);
        if tasks.capacity() > KEPT && tasks.len() < tasks.capacity() / 4 {
            let room = tasks.len() * 2;
            tasks.shrink_to(room);
        }
        drop(tasks);
        drop_quietly(waker);
    }

    /// Wakes all of them.
    pub(crate) fn wake(&self) {
        let tasks = std::mem::take(&mut *lock(&self.0));
        tasks.into_values().for_each(wake_quietly);
    }
}

/// The number of tasks for which the room is kept.
const KEPT: usize = 64;

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_burst_gives_its_memory_back_though_one_waits_on() {
        let tasks = Awaiting::default();
        (0..100_000).for_each(|what| tasks.note(what, Waker::noop()));
        (1..100_000).for_each(|what| tasks.forget(&what));
        let (left, room) = {
            let tasks = lock(&tasks.0);
            (tasks.len(), tasks.capacity())
        };
        assert!(left == 1 && room <= 4 * KEPT, "room for {room}");
    }
}

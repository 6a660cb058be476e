//! The registry: what belongs to a key, found by the key's hash as long as somebody holds it.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use crate::sync::{Mutex, lock};

/// The number of entries up to which the map keeps its memory.
const SMALL: usize = 64;

/// Things by the hashes of their keys. Keys are hashed by the caller, outside of the lock: that is foreign code.
pub(crate) struct Registry<T>(Mutex<HashMap<u64, Weak<T>>>);

impl<T> Registry<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(HashMap::new())))
    }

    /// Returns what there is for this hash. If there is nothing, `make` makes it, and keeps the registration
    /// in it.
    pub(crate) fn get_or_make(
        self: &Arc<Self>,
        hash: u64,
        make: impl FnOnce(Registration<T>) -> T,
    ) -> Arc<T> {
        let mut entries = lock(&self.0);
        // One that cannot be upgraded is about to leave: nobody holds it.
        if let Some(found) = entries.get(&hash).and_then(Weak::upgrade) {
            return found;
        }
        let made = Arc::new_cyclic(|entry: &Weak<T>| {
            make(Registration { registry: Arc::clone(self), hash, entry: entry.clone() })
        });
        entries.insert(hash, Arc::downgrade(&made));
        made
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0).len()
    }

    /// Removes the entry, unless another has taken its place. Gives the map's memory back when most of it is
    /// not used any more.
    fn remove(&self, hash: u64, entry: &Weak<T>) {
        let mut entries = lock(&self.0);
        if entries.get(&hash).is_some_and(|other| Weak::ptr_eq(other, entry)) {
            entries.remove(&hash);
        }
        if entries.capacity() > SMALL && entries.len() < entries.capacity() / 8 {
            let room = entries.len() * 2;
            entries.shrink_to(room);
        }
    }
}

/// An entry of a registry, for what is registered to keep: dropped with it, it removes the entry.
pub(crate) struct Registration<T> {
    registry: Arc<Registry<T>>,
    hash: u64,
    entry: Weak<T>,
}

impl<T> Drop for Registration<T> {
    fn drop(&mut self) {
        self.registry.remove(self.hash, &self.entry);
    }
}

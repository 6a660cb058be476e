//! The watchers: those outside of a pool that are told when it is closed and when jobs will expire.

use std::sync::Weak;
use std::time::Instant;

use crate::panics::{drop_quietly, guarded};
use crate::sync::{Mutex, lock};

/// What [`Handle::watch`](crate::Handle::watch) tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The pool accepts nothing more. It may be told more than once.
    Closed,
    /// A job was accepted that expires at this moment, which is sooner than any other.
    Expiring(Instant),
}

/// A watcher's alarm.
type Alarm = dyn Fn(Notice) + Send + Sync;

/// The alarms of those that watch a pool.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<Vec<Weak<Alarm>>>);

impl Watchers {
    /// Adds an alarm, and forgets those that are gone.
    pub(crate) fn add(&self, alarm: Weak<Alarm>) {
        let mut alarms = lock(&self.0);
        alarms.retain(|alarm| alarm.strong_count() > 0);
        alarms.push(alarm);
    }

    /// Has each alarm called, without the lock.
    pub(crate) fn tell(&self, call: impl Fn(&Alarm)) {
        let alarms: Vec<_> = lock(&self.0).iter().filter_map(Weak::upgrade).collect();
        for alarm in alarms {
            let _ = guarded(|| call(&*alarm)).map_err(drop_quietly);
            // Perhaps the last of it, with what it has captured.
            drop_quietly(alarm);
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn each_is_told_while_it_exists() {
        let (watchers, told) = (Watchers::default(), Arc::new(AtomicU64::new(0)));
        let alarm = |told: &Arc<AtomicU64>| -> Arc<Alarm> {
            let told = Arc::clone(told);
            Arc::new(move |notice| {
                assert_eq!(notice, Notice::Closed);
                told.fetch_add(1, Ordering::SeqCst);
            })
        };
        let (first, second) = (alarm(&told), alarm(&told));
        watchers.add(Arc::downgrade(&first));
        watchers.add(Arc::downgrade(&second));
        watchers.tell(|alarm| alarm(Notice::Closed));
        drop(first);
        watchers.tell(|alarm| alarm(Notice::Closed));
        assert_eq!(told.load(Ordering::SeqCst), 3);
    }
}

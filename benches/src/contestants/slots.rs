//! What one adds to a pool that only runs closures: a way for their results.

use std::sync::{Arc, OnceLock};

use crossbeam_channel::{Receiver, Sender};

use crate::contestants::{Contestant, Execute, Handles, Results, RoundTrip};

/// A peer whose jobs have a shared slot each. [`OnceLock`] is the cheapest of the standard library's:
/// it wakes nobody unless somebody waits.
pub struct Slotted<C>(C);

impl<C: Contestant> Contestant for Slotted<C> {
    const NAME: &'static str = C::NAME;

    fn start(workers: usize) -> Self {
        Self(C::start(workers))
    }
}

impl<C: Execute> Handles for Slotted<C> {
    type Handle = Arc<OnceLock<u64>>;

    fn spawn(&self, job: impl FnOnce() -> u64 + Send + 'static) -> Self::Handle {
        let slot = Arc::new(OnceLock::new());
        let filled = slot.clone();
        self.0.execute(move || filled.set(job()).expect("an empty slot"));
        slot
    }

    fn join_all(&self, handles: Vec<Self::Handle>) -> u64 {
        handles.into_iter().map(|slot| *slot.wait()).sum()
    }
}

impl<C: Execute> RoundTrip for Slotted<C> {
    fn round_trip(&'static self, number: u64) -> u64 {
        *self.spawn(move || number + 1).wait()
    }
}

/// A peer whose jobs send their results through a crossbeam channel.
pub struct ByChannel<C> {
    pool: C,
    sender: Sender<u64>,
    receiver: Receiver<u64>,
}

impl<C: Contestant> Contestant for ByChannel<C> {
    const NAME: &'static str = C::NAME;

    fn start(workers: usize) -> Self {
        let (sender, receiver) = crossbeam_channel::unbounded();
        Self { pool: C::start(workers), sender, receiver }
    }
}

impl<C: Execute> Results for ByChannel<C> {
    fn submit(&'static self, number: u64) {
        // Borrowed: a clone of the sender for each job would be measured with the job.
        self.pool.execute(move || self.sender.send(number + 1).expect("a receiver"));
    }

    fn sum_of(&self, count: usize) -> u64 {
        self.receiver.iter().take(count).sum()
    }
}

//! A flume channel that gives back the memory of a burst.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use flume::{Receiver, Sender};

/// A drained channel that has held more jobs than this is replaced.
const KEEP: usize = 1024;

/// An unbounded channel. Flume keeps the room that its fullest moment took, so after a burst, once
/// it is empty, a fresh one takes its place (C9).
pub(crate) struct Channel<J> {
    /// Read-locked to send, write-locked to replace: nothing is sent to a channel that is gone.
    current: RwLock<(Sender<J>, Receiver<J>)>,
    /// Counts the replacements. A receiver that was made under another count is out of date.
    generation: AtomicU64,
    /// About how many jobs the current channel has held at once.
    peak: AtomicUsize,
}

/// One consumer's view of a [`Channel`].
pub(crate) struct Tap<J> {
    receiver: Receiver<J>,
    generation: u64,
}

impl<J> Channel<J> {
    pub(crate) fn new() -> Self {
        Self {
            current: RwLock::new(flume::unbounded()),
            generation: AtomicU64::new(0),
            peak: AtomicUsize::new(0),
        }
    }

    pub(crate) fn tap(&self) -> Tap<J> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        // Under the lock, where no replacement can come between the two.
        Tap { receiver: current.1.clone(), generation: self.generation.load(Ordering::Relaxed) }
    }

    /// Sends a job; gives it back if the channel is disconnected, which it never is while the lock
    /// holds both of its ends.
    pub(crate) fn send(&self, job: J) -> Result<(), J> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.0.send(job).map_err(|flume::SendError(job)| job)
    }

    /// Sends jobs in a row.
    pub(crate) fn send_all(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), J> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        jobs.try_for_each(|job| current.0.send(job)).map_err(|flume::SendError(job)| job)
    }

    pub(crate) fn len(&self) -> usize {
        self.current.read().unwrap_or_else(PoisonError::into_inner).1.len()
    }

    pub(crate) fn receive(&self, tap: &mut Tap<J>) -> Option<J> {
        // Acquire, against the release of `renew`: a job that was sent after a replacement is not
        // looked for in the old channel.
        if self.generation.load(Ordering::Acquire) != tap.generation {
            *tap = self.tap();
        }
        tap.receiver.try_recv().ok()
    }

    /// To be called now and then by consumers: notes how full the channel is.
    pub(crate) fn gauge(&self, tap: &Tap<J>) {
        self.peak.fetch_max(tap.receiver.len(), Ordering::Relaxed);
    }

    /// To be called by a consumer that found nothing: replaces the channel after a burst.
    pub(crate) fn renew(&self) {
        if self.peak.load(Ordering::Relaxed) <= KEEP {
            return;
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // Nobody sends while this is locked, so what is empty now stays empty.
        if current.1.is_empty() && self.peak.swap(0, Ordering::Relaxed) > KEEP {
            *current = flume::unbounded();
            self.generation.fetch_add(1, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_replaced_after_a_burst_and_loses_nothing() {
        let channel = Channel::new();
        let (mut one, mut two) = (channel.tap(), channel.tap());
        for n in 0..10 * KEEP {
            channel.send(n).unwrap();
        }
        assert_eq!(channel.receive(&mut one), Some(0));
        channel.gauge(&one);
        channel.renew();
        assert_eq!(channel.generation.load(Ordering::Relaxed), 0, "not before it is empty");
        for n in 1..10 * KEEP {
            assert_eq!(channel.receive(&mut one), Some(n));
        }
        channel.renew();
        assert_eq!(channel.generation.load(Ordering::Relaxed), 1);
        channel.renew();
        assert_eq!(channel.generation.load(Ordering::Relaxed), 1, "only after a burst");
        channel.send(7).unwrap();
        assert_eq!(channel.receive(&mut two), Some(7), "an old tap finds the new channel");
        assert_eq!(channel.receive(&mut one), None);
    }
}

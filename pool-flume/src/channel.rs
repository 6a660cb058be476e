//! A flume channel as the injector for the jobs from outside; and the drain, which empties it as a whole.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use flume::{Receiver, Sender};
use pool_core::PushError;
use pool_stealing::{Chunks, DequeGuard, Injector, LockedInjector};

/// The flag in a [`Channel`]'s state: jobs were sent since the last drain began.
const FILLED: usize = 1;
/// One drain that is under way, in a [`Channel`]'s state.
const DRAIN: usize = 2;

/// The maximum number of parcels that are received one by one: that costs less than for the channel to grow
/// a new buffer, while senders wait. A worker that finds more drains, so a buffer that has grown does not
/// stay: never more of it than some kilobytes.
const fn few<J>() -> usize {
    let fit = 4_096 / if size_of::<J>() == 0 { 1 } else { size_of::<J>() };
    if fit > 64 { 64 } else { fit }
}

/// The maximum number of jobs of a batch for which room is made at once, by its size hint.
const EXPECTED: usize = 1024;

/// An unbounded channel that is emptied as a whole. Flume's drain takes the lock once for all jobs, and
/// takes the channel's buffer along, so the memory of a burst goes with it (C9). The drained jobs are laid
/// out for all workers, in chunks that they take as they are. A worker that finds the channel empty waits
/// for the one that lays out, and looks there. So no job is missed on its way.
///
/// # The state
///
/// Idle workers ask repeatedly whether there are jobs, and flume answers that under the lock that senders
/// need. So they look at a state beside it: whether jobs were sent since the last drain began, and the
/// number of drains under way. When it says neither, every job whose push returned has left the channel:
///
/// * A sender first sends and then makes sure that the state says `FILLED`. A drainer first clears that and
///   then empties the channel. Flume's lock orders the two: either the drainer finds the job, or the sender
///   comes later, sees that `FILLED` was cleared, and sets it again.
/// * So once `FILLED` is gone, a drain has begun that finds the job unless an earlier one did. And once no
///   drain is under way, that one has ended, and the jobs that it did not keep are laid out.
///
/// Every change of the state is a read-modify-write with `AcqRel`, so a thread that sees the last also sees
/// what came before each of them. That includes what the thread that got the job did before it took it, as
/// [`Injector::is_empty`] demands: if that thread was not the last to end its drain, flume's lock came
/// between the two. For the jobs that were laid out, the injector's own count says as much.
///
/// # Examples
///
/// See [`FlumeQueue`](crate::FlumeQueue).
pub struct Channel<J> {
    sender: Sender<Parcel<J>>,
    receiver: Receiver<Parcel<J>>,
    /// The jobs that were drained and laid out, older than those in the channel.
    drained: LockedInjector<J>,
    /// Held while jobs are neither in the channel nor laid out.
    in_hand: Mutex<()>,
    state: State,
    /// The number of jobs in the channel minus the number of its parcels.
    surplus: AtomicUsize,
}

/// The state, on cache lines of its own: workers read it all the time.
#[repr(align(128))]
struct State(AtomicUsize);

/// One or several jobs, sent at the price of one.
enum Parcel<J> {
    Job(J),
    Batch(Box<[J]>),
}

impl<J> Channel<J> {
    /// Returns an empty channel.
    #[must_use]
    pub fn new() -> Self {
        let (sender, receiver) = flume::unbounded();
        Self {
            sender,
            receiver,
            drained: LockedInjector::new(),
            in_hand: Mutex::new(()),
            state: State(AtomicUsize::new(0)),
            surplus: AtomicUsize::new(0),
        }
    }

    #[inline]
    fn send(&self, parcel: Parcel<J>) {
        let sent = self.sender.send(parcel);
        debug_assert!(sent.is_ok(), "the channel holds its own receiver");
        // A look first: while no thread drains, `FILLED` is set already.
        if self.state.0.load(Ordering::Acquire) & FILLED == 0 {
            self.state.0.fetch_or(FILLED, Ordering::AcqRel);
        }
    }

    /// Unpacks the jobs of a batch that has left the channel.
    fn unpack(&self, batch: Box<[J]>) -> Vec<J> {
        self.surplus.fetch_sub(batch.len() - 1, Ordering::Relaxed);
        batch.into_vec()
    }

    /// Empties the channel: moves few jobs to the back of `jobs`, and lays many out. Returns whether some
    /// were moved.
    fn drain(&self, jobs: &mut VecDeque<J>) -> bool {
        if self.state.0.load(Ordering::Acquire) & FILLED == 0 && self.receiver.is_empty() {
            return false;
        }
        self.announce_drain(|| {
            let waiting = self.receiver.len();
            if waiting > const { few::<J>() } {
                self.lay_out();
                return false;
            }
            self.receive(waiting, jobs)
        })
    }

    /// Runs a drain, which the state shows meanwhile.
    fn announce_drain<T>(&self, drain: impl FnOnce() -> T) -> T {
        let begin = |state| Some((state & !FILLED) + DRAIN);
        let begun = self.state.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, begin);
        debug_assert!(begun.is_ok(), "it never declines");
        let drained = drain();
        self.state.0.fetch_sub(DRAIN, Ordering::AcqRel);
        drained
    }

    /// Moves at most `parcels` parcels to the back of these jobs. Returns whether there was one.
    fn receive(&self, parcels: usize, jobs: &mut VecDeque<J>) -> bool {
        let before = jobs.len();
        for parcel in (0..parcels).map_while(|_| self.receiver.try_recv().ok()) {
            match parcel {
                Parcel::Job(job) => jobs.push_back(job),
                Parcel::Batch(batch) if jobs.is_empty() => *jobs = self.unpack(batch).into(),
                Parcel::Batch(batch) => jobs.extend(self.unpack(batch)),
            }
        }
        jobs.len() > before
    }

    /// The number of jobs in the channel.
    fn sent(&self) -> usize {
        self.receiver.len() + self.surplus.load(Ordering::Relaxed)
    }

    /// Waits for a thread that has jobs in hand, which are neither in the channel nor laid out.
    fn wait_for_hands(&self) -> MutexGuard<'_, ()> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lays out all jobs of the channel.
    fn lay_out(&self) {
        let in_hand = self.wait_for_hands();
        let parcels = self.receiver.drain();
        let mut chunks = Chunks::with_capacity(parcels.len());
        for parcel in parcels {
            match parcel {
                Parcel::Job(job) => chunks.push(job),
                Parcel::Batch(batch) => chunks.push_all(self.unpack(batch)),
            }
        }
        self.drained.push_chunks(chunks);
        drop(in_hand);
    }
}

impl<J: Send + 'static> Injector<J> for Channel<J> {
    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.send(Parcel::Job(job));
        Ok(())
    }

    /// Sends one parcel with all jobs. They are gathered first: the iterator's code must not run under
    /// flume's lock.
    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        // The hint may be wrong, so memory grows as jobs come.
        let mut batch = Vec::with_capacity(jobs.size_hint().0.min(EXPECTED));
        for job in jobs {
            batch.push(job);
        }
        let batch = batch.into_boxed_slice();
        if !batch.is_empty() {
            // Before the send: the drain subtracts as much.
            self.surplus.fetch_add(batch.len() - 1, Ordering::Relaxed);
            self.send(Parcel::Batch(batch));
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.sent() + self.drained.len()
    }

    /// The state first: jobs go from the channel to those that were drained.
    #[inline]
    fn is_empty(&self) -> bool {
        self.state.0.load(Ordering::Acquire) == 0 && self.drained.is_empty()
    }

    fn take(&self, workers: usize, deque: DequeGuard<'_, J>) {
        // Before any job leaves the channel or the chunks.
        let jobs = deque.open();
        if self.drained.is_empty() {
            if self.drain(jobs) {
                return;
            }
            // After this wait, the jobs that others had in hand are laid out.
            drop(self.wait_for_hands());
        }
        self.drained.take(workers, jobs.into());
    }

    /// The jobs of the channel are laid out first, and so are those that other threads have in hand: they
    /// lay them out under the lock that this waits for.
    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        self.announce_drain(|| self.lay_out());
        self.drained.retain(keep);
    }
}

impl<J> Default for Channel<J> {
    fn default() -> Self {
        Self::new()
    }
}

impl<J> fmt::Debug for Channel<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("sent", &self.sent())
            .field("drained", &self.drained)
            .finish()
    }
}

#[cfg(test)]
mod tests;

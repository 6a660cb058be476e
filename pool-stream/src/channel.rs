//! The channel between the sink's clones and the stream.

use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What the senders and the receiver share. No foreign code runs under its lock: no waker, and no drop of a
/// value.
pub(crate) struct Channel<T> {
    /// The maximum number of values in the queue.
    room: Option<usize>,
    state: Mutex<State<T>>,
    /// Told of room in the queue, and of the receiver's end.
    changed: Condvar,
}

struct State<T> {
    queue: VecDeque<T>,
    /// That of the receiver, if it waits.
    waker: Option<Waker>,
    senders: usize,
    is_read: bool,
}

impl<T> Channel<T> {
    pub(crate) fn split(room: Option<usize>) -> (Sender<T>, Receiver<T>) {
        let queue = VecDeque::new();
        let state = State { queue, waker: None, senders: 1, is_read: true };
        let channel = Self { room, state: Mutex::new(state), changed: Condvar::new() };
        let channel = Arc::new(channel);
        (Sender(Arc::clone(&channel)), Receiver(channel))
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_full(&self, state: &State<T>) -> bool {
        state.is_read && self.room.is_some_and(|room| state.queue.len() >= room)
    }
}

/// One end that sends; the channel ends with the last.
pub(crate) struct Sender<T>(Arc<Channel<T>>);

impl<T> Sender<T> {
    /// Sends a value, and waits for room if need be. It comes back if it will not be read.
    pub(crate) fn send(&self, value: T) -> Result<(), T> {
        let Self(channel) = self;
        let state = channel.lock();
        let waited = channel.changed.wait_while(state, |state| channel.is_full(state));
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if !state.is_read {
            return Err(value);
        }
        state.queue.push_back(value);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.senders -= 1;
        let waker = if state.senders == 0 { state.waker.take() } else { None };
        drop(state);
        wake(waker);
    }
}

/// The end that receives.
pub(crate) struct Receiver<T>(Arc<Channel<T>>);

impl<T> Receiver<T> {
    /// Takes the next value, or has the waker woken when there is one; `None` when there will be none.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let Self(channel) = self;
        // Cloned and dropped without the lock: both are foreign code.
        let mut waker = None;
        loop {
            let mut state = channel.lock();
            if let Some(value) = state.queue.pop_front() {
                if state.queue.is_empty() {
                    // A burst's memory is given back.
                    state.queue.shrink_to(KEPT);
                }
                drop(state);
                if channel.room.is_some() {
                    channel.changed.notify_one();
                }
                // A value that was taken must not be lost with a waker that panics.
                drop_quietly(waker);
                return Poll::Ready(Some(value));
            }
            let answer = if state.senders == 0 {
                Some(Poll::Ready(None))
            } else if state.waker.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
                Some(Poll::Pending)
            } else if waker.is_some() {
                mem::swap(&mut state.waker, &mut waker);
                Some(Poll::Pending)
            } else {
                None
            };
            drop(state);
            if let Some(answer) = answer {
                drop_quietly(waker);
                return answer;
            }
            waker = Some(context.waker().clone());
        }
    }

    /// The number of values that are there.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().queue.len()
    }
}

/// The number of values whose memory is kept for the next ones.
const KEPT: usize = 64;

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_read = false;
        let (values, waker) = (mem::take(&mut state.queue), state.waker.take());
        drop(state);
        self.0.changed.notify_all();
        drop_quietly(waker);
        // One by one: if two of them panicked at once, the process would abort.
        values.into_iter().for_each(drop_quietly);
    }
}

/// Wakes a waker, whose panic goes no further: what was sent is in the channel.
fn wake(waker: Option<Waker>) {
    quietly(|| waker.map(Waker::wake));
}

/// Drops foreign values, whose panic goes no further.
fn drop_quietly<T>(value: T) {
    quietly(|| drop(value));
}

fn quietly<T>(foreign: impl FnOnce() -> T) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(foreign())))
        && let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        // There is no end to payloads that panic when they are dropped.
        mem::forget(another);
    }
}

//! The original of a pool's sink, and its clones for workers and other threads.

use std::any::Any;
use std::cell::RefCell;
use std::{mem, ptr};

use crate::id::JobId;
use crate::panics::{drop_quietly, guarded};
use crate::parts::context::thread_mark;
use crate::sink::{Completed, ResultSink, flush_quietly};
use crate::sync::{Condvar, Mutex, MutexGuard, lock, thread_locals, wait_changed};

/// The original of a pool's sink, and clones of it for threads that are no workers.
///
/// Cloning, putting, flushing and dropping are foreign code, so none of it happens under the lock: a thread
/// that needs the original or a clone takes it out.
pub(crate) struct SinkClones<S> {
    state: Mutex<State<S>>,
    /// Signalled when the original is back.
    returned: Condvar,
    /// The maximum number of clones that are kept for other threads.
    keep: usize,
}

struct State<S> {
    /// `Err` with the mark of the thread that clones it, meanwhile.
    original: Result<S, usize>,
    idle: Vec<S>,
}

thread_locals! {
    /// Messages for sinks, by the sink's address. The present thread clones the original of such a sink,
    /// and the clone itself has run a job. They are delivered after the clone.
    static LATE: RefCell<Vec<(usize, Box<dyn Any>)>> = RefCell::new(Vec::new());
}

/// A message for a sink.
pub(crate) enum Message<R> {
    /// An outcome.
    Put(Completed<R>),
    /// These jobs have no outcome for the sink.
    Skip(Vec<JobId>),
}

impl<S: ResultSink<Result: 'static> + Clone> SinkClones<S> {
    pub(crate) fn new(original: S, keep: usize) -> Self {
        let state = Mutex::new(State { original: Ok(original), idle: Vec::new() });
        Self { state, returned: Condvar::new(), keep }
    }

    /// Returns a clone for a worker, or the panic of the clone; and the number of late outcomes that the
    /// sink did not take.
    pub(crate) fn clone_for_worker(&self) -> (Result<S, Box<dyn Any + Send>>, u64) {
        let Some(original) = self.take_original(lock(&self.state)) else {
            unreachable!("no worker is set up on a thread that clones the sink");
        };
        self.clone_original(original)
    }

    /// Delivers a message to the sink on a thread that is no worker. Returns the number of outcomes that
    /// the sink did not take.
    pub(crate) fn tell(&self, message: Message<S::Result>) -> u64 {
        let mut state = lock(&self.state);
        let (clone, lost) = match state.idle.pop() {
            Some(clone) => {
                drop(state);
                (Ok(clone), 0)
            }
            None if state.original.as_ref().is_err_and(|mark| *mark == thread_mark()) => {
                drop(state);
                return self.tell_later(message);
            }
            None => match self.take_original(state) {
                Some(original) => self.clone_original(original),
                None => unreachable!("the original is with another thread, which returns it"),
            },
        };
        match clone {
            Ok(mut clone) => {
                let refused = pass_on(&mut clone, message) + flush_quietly(&mut clone);
                self.keep_or_drop(clone);
                lost + refused
            }
            Err(payload) => {
                let refused = u64::from(matches!(message, Message::Put(_)));
                drop_quietly((payload, message));
                lost + refused
            }
        }
    }

    /// Takes the original, once no other thread clones it. `None` if this thread does.
    fn take_original(&self, mut state: MutexGuard<'_, State<S>>) -> Option<S> {
        let mark = thread_mark();
        loop {
            match mem::replace(&mut state.original, Err(mark)) {
                Ok(original) => return Some(original),
                Err(by) => state.original = Err(by),
            }
            if state.original.as_ref().is_err_and(|by| *by == mark) {
                return None;
            }
            state = wait_changed(&self.returned, state);
        }
    }

    /// Clones the original and puts it back, then delivers the late messages.
    fn clone_original(&self, original: S) -> (Result<S, Box<dyn Any + Send>>, u64) {
        let clone = guarded(|| original.clone());
        lock(&self.state).original = Ok(original);
        self.returned.notify_all();
        let late = std::iter::from_fn(|| self.take_late());
        (clone, late.map(|message| self.tell(message)).sum())
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    fn tell_later(&self, message: Message<S::Result>) -> u64 {
        let message: (usize, Box<dyn Any>) = (self.address(), Box::new(message));
        let told = LATE.try_with(|late| late.borrow_mut().push(message));
        u64::from(told.is_err())
    }

    fn take_late(&self) -> Option<Message<S::Result>> {
        let take = |late: &RefCell<Vec<(usize, Box<dyn Any>)>>| {
            let mut late = late.borrow_mut();
            let at = late.iter().position(|(address, _)| *address == self.address())?;
            Some(late.remove(at).1)
        };
        let message = LATE.try_with(take).ok().flatten()?;
        message.downcast().ok().map(|message| *message)
    }

    fn keep_or_drop(&self, clone: S) {
        let mut state = lock(&self.state);
        if state.idle.len() < self.keep {
            state.idle.push(clone);
            return;
        }
        drop(state);
        drop_quietly(clone);
    }
}

/// Delivers a message. Returns the number of outcomes that the sink did not take.
fn pass_on<R>(sink: &mut impl ResultSink<Result = R>, message: Message<R>) -> u64 {
    match message {
        Message::Put(done) => match guarded(|| sink.put(done)) {
            Ok(Ok(())) => 0,
            Ok(Err(refused)) => {
                drop_quietly(refused);
                1
            }
            Err(payload) => {
                drop_quietly(payload);
                1
            }
        },
        Message::Skip(ids) => {
            for id in ids {
                let _ = guarded(|| sink.skip(id)).map_err(drop_quietly);
            }
            0
        }
    }
}

//! Opening more files than the system allows to be open at the same time.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The errors of a process and of a system that has no file descriptor left.
const EXHAUSTED: &[i32] = if cfg!(windows) { &[4] } else { &[23, 24] };

/// The number of times that a file descriptor is tried for again though no worker has one: the C library opens
/// files of its own for a moment, such as one that says how many processors there are.
const RETRIES: u32 = 3;
/// The time before each of these.
const PAUSE: Duration = Duration::from_millis(1);

/// Counts what our workers have open, so that one that finds no file descriptor left can wait for
/// another to close its file. A worker has one file open at most, and waits for nothing while it
/// has, so the wait comes to an end.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How many are open or just about to be opened.
    open: usize,
    /// How many were closed up to now.
    closed: u64,
}

/// The place of an open file. To be dropped after the file is closed.
#[derive(Debug)]
pub(crate) struct Place(Arc<Descriptors>);

impl Descriptors {
    /// Opens something, if necessary as soon as another worker has closed its file. That there is no
    /// file descriptor left is only an error if no worker has one.
    pub(crate) fn open<T>(
        self: &Arc<Self>,
        open: impl Fn() -> io::Result<T>,
    ) -> io::Result<(Place, T)> {
        let mut retries = RETRIES;
        loop {
            let mut state = self.lock();
            state.open += 1;
            let closed = state.closed;
            drop(state);
            match open() {
                Ok(opened) => return Ok((Place(Arc::clone(self)), opened)),
                Err(error) => {
                    self.lock().open -= 1;
                    if is_exhausted(&error) && self.wait_for_another(closed) {
                        continue;
                    }
                    if is_exhausted(&error) && retries > 0 {
                        retries -= 1;
                        thread::sleep(PAUSE);
                        continue;
                    }
                    // A thread that waits for us is told that it waits in vain.
                    self.changed.notify_one();
                    return Err(error);
                }
            }
        }
    }

    /// Waits until more than `closed` files were closed; `false` if no worker has one open.
    fn wait_for_another(&self, closed: u64) -> bool {
        self.changed.notify_one();
        let waits = |state: &mut State| state.closed == closed && state.open > 0;
        let state = self.changed.wait_while(self.lock(), waits);
        state.unwrap_or_else(PoisonError::into_inner).closed != closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.open -= 1;
        state.closed += 1;
        drop(state);
        // One file was closed, so one can be opened; whoever opens it wakes the next.
        self.0.changed.notify_one();
    }
}

fn is_exhausted(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| EXHAUSTED.contains(&code))
}

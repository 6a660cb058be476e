//! Numbers of threads, by which those that submit at the same time are kept apart.

use std::cell::Cell;

use crate::sync::{next_thread_number, thread_locals};

const NONE: usize = usize::MAX;

thread_locals! {
    static NUMBER: Cell<usize> = Cell::new(NONE);
}

/// Returns the number of the present thread: threads are numbered 0, 1, 2… in the order in which they ask first.
///
/// For queues with [stripes](crate::WorkQueue::stripes): a thread's jobs go to the stripe of this number, modulo the
/// number of stripes. A thread whose locals are gone counts as number 0.
///
/// # Examples
///
/// ```
/// use drainpool::thread_number;
///
/// let mine = thread_number();
/// assert_eq!(thread_number(), mine);
/// assert_ne!(std::thread::spawn(thread_number).join().unwrap(), mine);
/// ```
#[inline]
#[must_use]
pub fn thread_number() -> usize {
    let number = NUMBER.try_with(Cell::get).unwrap_or(0);
    if number == NONE { ask() } else { number }
}

/// Gives the present thread this number, which others may have as well. For threads of a run that is to be repeated
/// exactly: so the jobs of each go to the same stripes.
///
/// # Examples
///
/// ```
/// use pool_core::{set_thread_number, thread_number};
///
/// set_thread_number(7);
/// assert_eq!(thread_number(), 7);
/// ```
pub fn set_thread_number(number: usize) {
    let _ = NUMBER.try_with(|mine| mine.set(number));
}

#[cold]
fn ask() -> usize {
    let number = next_thread_number();
    set_thread_number(number);
    number
}

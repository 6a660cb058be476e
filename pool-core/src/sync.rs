//! The one door to the primitives: the standard library's as shipped, loom's under `--cfg loom`, shuttle's
//! under `--cfg shuttle`. So the models explore the code that users run.

#[cfg(loom)]
use loom as primitives;
#[cfg(shuttle)]
use shuttle as primitives;
#[cfg(not(any(loom, shuttle)))]
use std as primitives;

#[cfg(loom)]
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use primitives::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, fence};
pub(crate) use primitives::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use primitives::thread;
pub(crate) use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use std::sync::PoisonError;

/// Declares thread-locals that start from a constant, which the standard library makes faster to reach and
/// loom does not know.
macro_rules! thread_locals {
    ($($(#[$attr:meta])* static $name:ident: $type:ty = $init:expr;)*) => {
        #[cfg(not(any(loom, shuttle)))]
        std::thread_local! { $($(#[$attr])* static $name: $type = const { $init };)* }
        #[cfg(loom)]
        loom::thread_local! { $($(#[$attr])* static $name: $type = $init;)* }
        #[cfg(shuttle)]
        shuttle::thread_local! { $($(#[$attr])* static $name: $type = $init;)* }
    };
}
pub(crate) use thread_locals;

/// Returns 0 at the first call, then 1, 2…
#[cfg(not(any(loom, shuttle)))]
pub(crate) fn next_thread_number() -> usize {
    static NEXT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    NEXT.fetch_add(1, Relaxed)
}

/// The same, anew in each run of a model.
#[cfg(any(loom, shuttle))]
pub(crate) fn next_thread_number() -> usize {
    primitives::lazy_static! {
        static ref NEXT: primitives::sync::atomic::AtomicUsize = primitives::sync::atomic::AtomicUsize::new(0);
    }
    NEXT.fetch_add(1, Relaxed)
}

/// Locks a mutex, poisoned or not. No foreign code runs under the locks of this crate, so a poisoned one
/// guards sound data; passing the poison on would turn one failure into many.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits on `condvar`. May return early.
pub(crate) fn wait_changed<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

/// A cell that is accessed through a raw pointer only, like loom's, which watches each access.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, access: impl FnOnce(*mut T) -> R) -> R {
        access(self.0.get())
    }
}

/// A value on cache lines of its own, so that its writers do not slow down its neighbours' readers.
/// 128 bytes, because x86 fetches lines in pairs and some ARM cores have lines of that size.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct CachePadded<T>(pub(crate) T);
